"""Refunds and disputes as administrators see them: money on its way back."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import func, select
from starlette.responses import Response

from app.api.admin.access import MoneyMover, MoneyReader
from app.api.admin.lists import Listing, ListSpec, equal
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Route, Write
from app.api.http.parameters import InStatus, ListedEmployer, RefundId
from app.api.http.problems import problems
from app.core.paging import Keyset
from app.core.schema import Instant, MoneyAnswer, Page, Reason, RequestModel, ResponseModel
from app.payments import four_eyes
from app.payments.four_eyes import (
    MoneyGone,
    RefundNotFound,
    RefundNotProposed,
    SecondAdministratorNeeded,
)
from app.payments.models import Dispute, Order, Payment, Refund
from app.payments.rules import DisputeStatus, RefundStatus, RefundTo

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class RefundRow(ResponseModel):
    """Money given back, or on its way."""

    id: UUID = Field(description="Its id (UUIDv7).")
    payment_id: UUID | None = Field(description="Id of the payment; null for one of a top-up.")
    order_id: UUID | None = Field(description="Id of the top-up; null for one of a payment.")
    employer_id: UUID = Field(description="Id of the employer.")
    status: RefundStatus = Field(
        description="Where the refund stands; a `proposed` one waits for a second administrator, a `waiting` one "
        "for the end of a dispute."
    )
    refund_to: RefundTo = Field(
        description="Where it goes; what was paid out of the balance goes back to it either way."
    )
    money: MoneyAnswer = Field(description="What is given back.")
    reason: str = Field(description="Why, in words; a code where a rule decided.")
    requested_by: UUID | None = Field(
        description="Id of the administrator; null where a rule decided."
    )
    provider_id: str | None = Field(description="The provider's id of it; null before it is sent.")
    failure_code: str | None = Field(description="Why it was not made; null where it was.")
    attempts: int = Field(description="How many times it was sent.")
    created_at: Instant = Field(description="When it was asked for (UTC).")
    updated_at: Instant = Field(description="When it changed last (UTC).")


class RefundActionRequest(RequestModel):
    """Whether a refund that waits for a second administrator is made, and why."""

    action: Literal["approve", "decline"] = Field(description="Make it, or do not.")
    reason: Reason = Field(
        description="Why, 1 to 500 characters.", examples=["The bank's letter is in the folder."]
    )


class DisputeRow(ResponseModel):
    """A bank that asks for money back."""

    id: UUID = Field(description="Its id (UUIDv7).")
    payment_id: UUID | None = Field(description="Id of the payment; null for one of a top-up.")
    order_id: UUID | None = Field(description="Id of the top-up; null for one of a payment.")
    employer_id: UUID = Field(description="Id of the employer.")
    provider_id: str = Field(description="The provider's id of it.")
    status: DisputeStatus = Field(
        description="Where it stands; an `inquiry` has no effect, while one is `opened` the employer buys nothing."
    )
    money: MoneyAnswer = Field(description="What the bank asks back.")
    changed_at: Instant | None = Field(
        description="When it came to stand there, by the provider's clock (UTC); null where unknown."
    )
    created_at: Instant = Field(description="When we learnt of it (UTC).")


_EMPLOYER = func.coalesce(Payment.employer_id, Order.employer_id)
_REFUNDS = ListSpec(
    "refunds",
    RefundRow,
    select(Refund, _EMPLOYER.label("employer_id"))
    .outerjoin(Payment, Payment.id == Refund.payment_id)
    .outerjoin(Order, Order.id == Refund.order_id),
    Keyset("admin_refunds", [Refund.id]),
    {
        "status": equal(Refund.status),
        "payment_id": equal(Refund.payment_id),
        "employer_id": equal(_EMPLOYER),
    },
    sorts={"created_at": None, "money": Refund.amount},
)
_DISPUTES = ListSpec(
    "disputes",
    DisputeRow,
    select(Dispute),
    Keyset("admin_disputes", [Dispute.id]),
    {
        "status": equal(Dispute.status),
        "payment_id": equal(Dispute.payment_id),
        "employer_id": equal(Dispute.employer_id),
    },
    sorts={"created_at": None, "money": Dispute.amount},
)

OfPayment = Annotated[UUID | None, Query(description="Only those of this payment, by id.")]


@router.get("/refunds", response_model=Page[RefundRow], responses=CSV_ANSWER)
async def list_refunds(
    asked: Listing,
    actor: MoneyReader,
    status: InStatus[RefundStatus] = None,
    payment_id: OfPayment = None,
    employer_id: ListedEmployer = None,
) -> Page[RefundRow] | Response:
    """List refunds, newest first; `status=failed` are those that somebody has to look at."""
    return await _REFUNDS.answer(
        actor, asked, status=status, payment_id=payment_id, employer_id=employer_id
    )


@router.post(
    "/refunds/{refund_id}/action",
    responses=problems(RefundNotFound, RefundNotProposed, SecondAdministratorNeeded, MoneyGone),
)
async def act_on_refund(
    refund_id: RefundId, body: RefundActionRequest, session: Write, actor: MoneyMover, now: Now
) -> RefundRow:
    """Approve or decline a refund that another administrator asked for, and that is too large for one alone."""
    verb = four_eyes.approve if body.action == "approve" else four_eyes.decline
    refund = await verb(session, refund_id, body.reason, actor, now)
    payment = await session.get_one(Payment, refund.of_payment)
    return RefundRow.from_rows(refund, employer_id=payment.employer_id)


@router.get("/disputes", response_model=Page[DisputeRow], responses=CSV_ANSWER)
async def list_disputes(
    asked: Listing,
    actor: MoneyReader,
    status: InStatus[DisputeStatus] = None,
    payment_id: OfPayment = None,
    employer_id: ListedEmployer = None,
) -> Page[DisputeRow] | Response:
    """List disputes, newest first; `status=opened` are those that wait for a bank."""
    return await _DISPUTES.answer(
        actor, asked, status=status, payment_id=payment_id, employer_id=employer_id
    )
