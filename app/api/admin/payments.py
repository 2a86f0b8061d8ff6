"""Payments as administrators see and refund them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import select
from starlette.responses import Response

from app.api.admin.access import MoneyMover, MoneyReader
from app.api.admin.lists import Listing, ListSpec, equal
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Once, Route, Write
from app.api.http.parameters import InStatus, ListedEmployer, PaymentId
from app.api.http.problems import problems
from app.core.money import Money
from app.core.paging import Keyset
from app.core.schema import Instant, MoneyAnswer, Page, Reason, RequestModel, ResponseModel, whole
from app.payments import refunds
from app.payments.models import Payment
from app.payments.refunds import PaymentDisputed, PaymentNotFound, PaymentNotRefundable
from app.payments.rules import PaymentStatus, RefundStatus, RefundTo

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class PaymentRow(ResponseModel):
    """One purchase of one lead."""

    id: UUID = Field(description="Its id (UUIDv7).")
    employer_id: UUID = Field(description="Id of the employer.")
    match_id: UUID = Field(description="Id of the match.")
    status: PaymentStatus = Field(description="Where the payment stands.")
    price: MoneyAnswer = Field(description="What it costs, taxes included.")
    refunded: MoneyAnswer = Field(description="What was given back so far.")
    failure_code: str | None = Field(
        description="Why the provider refused the payment; null when it did not."
    )
    created_at: Instant = Field(description="When it was made (UTC).")
    paid_at: Instant | None = Field(
        description="When the payment was confirmed (UTC); null before."
    )


class RefundRequest(RequestModel):
    """How much to give back (left out: all that is left) and why."""

    amount: Annotated[int | None, whole(1, 10**12)] = Field(
        default=None, description="Minor units to give back; left out, all that is left."
    )
    refund_to: RefundTo = Field(
        default=RefundTo.SOURCE,
        description="Back to what it was paid with, or into the employer's balance, where it is at once.",
    )
    reason: Reason = Field(
        description="Why, 1 to 500 characters.", examples=["The worker could not be reached."]
    )


class RefundAnswer(ResponseModel):
    """A refund; `requested` is sent to the provider next."""

    id: UUID = Field(description="Its id (UUIDv7).")
    payment_id: UUID = Field(description="Id of the payment.")
    status: RefundStatus = Field(
        description="Where the refund stands; a `waiting` one waits for the end of a dispute, a `proposed` one "
        "for a second administrator (`POST refunds/{id}/action`), because the policy says so of its sum."
    )
    refund_to: RefundTo = Field(
        description="Where it goes; what was paid out of the balance goes back to it either way."
    )
    amount: MoneyAnswer = Field(description="What is given back.")
    reason: str = Field(description="Why, in words.")
    created_at: Instant = Field(description="When it was made (UTC).")


_PAYMENTS = ListSpec(
    "payments",
    PaymentRow,
    select(Payment),
    Keyset("admin_payments", [Payment.id]),
    {"status": equal(Payment.status), "employer_id": equal(Payment.employer_id)},
    sorts={"created_at": None, "price": Payment.amount, "refunded": Payment.refunded_amount},
)


@router.get("/payments", response_model=Page[PaymentRow], responses=CSV_ANSWER)
async def list_payments(
    asked: Listing,
    actor: MoneyReader,
    status: InStatus[PaymentStatus] = None,
    employer_id: ListedEmployer = None,
) -> Page[PaymentRow] | Response:
    """List payments, newest first."""
    return await _PAYMENTS.answer(actor, asked, status=status, employer_id=employer_id)


@router.post(
    "/payments/{payment_id}/refund",
    responses=problems(PaymentNotFound, PaymentNotRefundable, PaymentDisputed),
)
async def refund_payment(
    payment_id: PaymentId,
    body: RefundRequest,
    session: Write,
    actor: MoneyMover,
    now: Now,
    _once: Once,
) -> RefundAnswer:
    """Give money back, wholly or in part; what the employer saw stays seen."""
    made = await refunds.request(
        session, payment_id, body.amount, body.reason, actor, now, refund_to=body.refund_to
    )
    return RefundAnswer.from_rows(made, amount=Money(made.amount, made.currency))
