"""What an employer pays for: unlocking a lead, their payments, reporting a bad lead."""

from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import Field
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.employers.coupons import COUPON, CouponText
from app.api.employers.matches import ContactAnswer
from app.api.http.csv_export import CSV_ANSWER, export
from app.api.http.dependencies import (
    EmployerActor,
    EmployerActorApart,
    KeyHeader,
    LeadBuyer,
    LeadBuyerApart,
    Now,
    Once,
    PageQuery,
    Read,
    Route,
    Rt,
    Write,
    limit_subject,
)
from app.api.http.idempotency import claim_request
from app.api.http.own_address import own_address
from app.api.http.parameters import InStatus, ListedText, MatchId, PaymentId
from app.api.http.problems import problems
from app.api.http.quotes import QuoteAnswer
from app.core import schema
from app.core.paging import Keyset, PageRequest
from app.core.schema import Instant, MoneyAnswer, Page, ResponseModel
from app.database.session import keyring
from app.database.statements import contains_text
from app.identity.actor import AccountRestricted, Actor
from app.jobs.models import Job
from app.offers.links import payment_link
from app.offers.mark_unlocked import MatchNotFound
from app.offers.models import JobMatch
from app.offers.rules import MatchNotAccepted
from app.payments import card_charge, lead_guarantee, provider, purchase, quotes
from app.payments.balance import BalanceTooLow
from app.payments.card_charge import CardNeedsPage, NoSavedCard
from app.payments.checkout import Paying
from app.payments.contacts import contacts_of
from app.payments.coupons import CouponNotValid
from app.payments.disputes import DisputeOpen
from app.payments.lead_guarantee import MatchNotUnlocked, ReportTooEarly, ReportTooLate
from app.payments.models import Order, Payment, Unlock
from app.payments.provider import (
    CardOutcomeUnknown,
    PaymentRefused,
    PaymentsNotConfigured,
    PaymentsUnavailable,
)
from app.payments.purchase import (
    EmailUnconfirmed,
    PaymentUnderWay,
    VerificationRequired,
)
from app.payments.refunds import PaymentNotFound
from app.payments.rules import (
    PAYABLE,
    ChosenPayWith,
    PaymentStatus,
    RefundTo,
    ReportReason,
    ReportStatus,
)
from app.payments.suspense import PaymentInReview
from app.payments.team_spending import SpendingLimit, sees_page
from app.payments.unlock_limits import UnlocksTooFast

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)

_NEWEST_FIRST = Keyset("payments", [Payment.id])


class PaymentOrder(StrEnum):
    """How a list of payments is sorted."""

    NEWEST = "newest"
    AMOUNT = "amount"
    """The largest first."""


_ORDERS: Final = {
    PaymentOrder.NEWEST: _NEWEST_FIRST,
    PaymentOrder.AMOUNT: Keyset("payments_amount", [Payment.amount, Payment.id]),
}


class PaymentAnswer(ResponseModel):
    """One purchase of one lead."""

    id: UUID = Field(description="Id of the payment.")
    match_id: UUID = Field(description="Id of the match.")
    job_id: UUID = Field(description="Id of the job.")
    job_title: str = Field(description="Title of the job.")
    status: PaymentStatus = Field(description="Where the payment stands.")
    price: MoneyAnswer = Field(description="What it costs, taxes included.")
    quote: QuoteAnswer = Field(description="The price with its taxes, fixed when it was made.")
    refunded: MoneyAnswer = Field(description="What was given back so far.")
    failure_code: str | None = Field(
        description="Why the provider refused the payment; null when it did not."
    )
    checkout_url: str | None = Field(
        description="Page on which to pay; null once it can't be paid there, and where a colleague opened it, but "
        "for owners."
    )
    expires_at: Instant | None = Field(
        description="Until when the page takes the payment (UTC); null before there is one."
    )
    created_at: Instant = Field(description="When it was made (UTC).")
    paid_at: Instant | None = Field(
        description="When the payment was confirmed (UTC); null before."
    )


class Unlocked(ResponseModel):
    """The contact is yours, for good."""

    status: Literal["unlocked"] = Field(default="unlocked", description="The contact is yours.")
    contact: ContactAnswer = Field(description="How to reach the worker.")
    payment: PaymentAnswer = Field(description="What it was paid with.")


class Pending(ResponseModel):
    """Pay on the page; the contact follows when the payment is confirmed."""

    status: Literal["pending"] = Field(
        default="pending", description="The contact is not paid yet."
    )
    payment_id: UUID = Field(description="Id of the payment.")
    checkout_url: str | None = Field(
        description="Page on which to pay; null while the money is on its way: there is nothing to pay any more."
    )
    expires_at: Instant = Field(description="Until when the page takes the payment (UTC).")
    price: MoneyAnswer = Field(description="What it costs, taxes included.")
    quote: QuoteAnswer = Field(description="The price with its taxes, fixed from now on.")


class UnlockRequest(schema.RequestModel):
    """How to buy; the price is the server's."""

    coupon: CouponText | None = COUPON
    pay_with: ChosenPayWith | None = Field(
        default=None,
        description="How to pay; left out, out of the balance if it covers the price, else on the page.",
    )


class ReportRequest(schema.RequestModel):
    """Why the lead was bad."""

    reason: ReportReason = Field(description="What is wrong with the lead.")
    note: schema.Reason | None = Field(
        default=None,
        description="More about it, at most 500 characters.",
        examples=["Somebody else answers, and has never heard of it."],
    )
    refund_to: RefundTo = Field(
        default=RefundTo.SOURCE,
        description="Where the money shall go: back to what it was paid with, or into your balance, where it is at "
        "once. What was paid out of the balance goes back to it.",
    )


class ReportAnswer(ResponseModel):
    """A report of a bad lead."""

    id: UUID = Field(description="Its id (UUIDv7).")
    match_id: UUID = Field(description="Id of the match.")
    reason: ReportReason = Field(description="What is wrong with the lead, as you said.")
    note: str | None = Field(description="What you wrote of it; null where nothing.")
    refund_to: RefundTo = Field(description="Where you want the money, as you said.")
    status: ReportStatus = Field(
        description="Where the report stands: `checking` while the worker is asked whether you reached them, "
        "`open` while an administrator looks at it."
    )
    decides_by: Instant | None = Field(
        description="When it is decided at the latest (UTC), by the worker's answer or silence; null where an "
        "administrator decides, and once it is decided."
    )
    created_at: Instant = Field(description="When it was made (UTC).")
    decided_at: Instant | None = Field(description="When it was decided (UTC); null before.")


@router.post(
    "/matches/{match_id}/unlock",
    response_model=Unlocked,
    responses={
        **problems(
            MatchNotFound,
            MatchNotAccepted,
            BalanceTooLow,
            DisputeOpen,
            AccountRestricted,
            SpendingLimit,
            VerificationRequired,
            EmailUnconfirmed,
            PaymentInReview,
            PaymentUnderWay,
            CouponNotValid,
            UnlocksTooFast,
            PaymentsNotConfigured,
            PaymentsUnavailable,
            PaymentRefused,
            CardNeedsPage,
            CardOutcomeUnknown,
            NoSavedCard,
        ),
        202: {"model": Pending, "description": "To be paid on the page"},
    },
)
async def unlock_match(
    request: Request,
    match_id: MatchId,
    actor: LeadBuyerApart,
    rt: Rt,
    now: Now,
    body: Annotated[UnlockRequest | None, Body()] = None,
    idempotency_key: KeyHeader = None,
) -> Unlocked | Response:
    """Buy the contact of a worker who accepted: 200 if it is yours, else 202 with the payment page.

    More in an hour or a day than the policy allows are refused with 429 `unlock_limit_reached`.
    """
    await limit_subject(rt, "unlock:account", str(actor.employer_id))
    pay_with = body.pay_with if body else None
    card = await card_charge.card_for(rt.database, rt.payments, actor.employer_id, pay_with, now)
    async with purchase.turn_of(actor.employer_id), rt.database.begin() as session:
        await claim_request(request, session, str(actor.user_id), idempotency_key, now)
        begun = await purchase.begin(
            session,
            actor,
            [match_id],
            now,
            paced=rt.limiter.enabled,
            pay_with=card_charge.order_by(pay_with),
            coupon=body.coupon if body else None,
        )
    if begun is not None:
        page = payment_link(
            rt.keyring, own_address(request, rt.settings), match_id, actor.member_id
        )
        paying = await card_charge.pay(rt.database, rt.payments, begun.id, card, page, now)
        if paying.is_open:
            return _pending(paying)
    async with rt.database.read() as session:
        return await _unlocked(session, actor, match_id)


def _pending(paying: Paying) -> Response:
    attempt = paying.attempt
    lacks_page = paying.is_payable and paying.url is None
    if attempt is None or attempt.expires_at is None or lacks_page:
        raise provider.PaymentsUnavailable
    pending = Pending(
        payment_id=paying.order.id,  # an order of one lead has its payment's id
        checkout_url=paying.url,
        expires_at=attempt.expires_at,
        price=MoneyAnswer.of(paying.order.price),
        quote=QuoteAnswer.of(quotes.kept_quote(paying.order)),
    )
    return Response(pending.model_dump_json(), 202, media_type="application/json")


async def _unlocked(session: AsyncSession, actor: Actor, match_id: UUID) -> Unlocked:
    query = _payments(actor.employer_id).join(Unlock, Unlock.payment_id == Payment.id)
    paid = (await session.execute(query.where(Unlock.match_id == match_id))).one_or_none()
    if paid is None:
        raise provider.PaymentsUnavailable
    contact = (await contacts_of(session, actor.employer_id, [match_id]))[match_id]
    return Unlocked(contact=ContactAnswer.model_validate(contact), payment=_payment(actor, paid))


def _payments(employer_id: UUID) -> Select[Payment, UUID, str, UUID | None]:
    return (
        select(
            Payment,
            Job.id.label("job_id"),
            Job.title.label("job_title"),
            Order.bought_by.label("bought_by"),
        )
        .outerjoin(Order, Order.id == Payment.order_id)
        .join(JobMatch, JobMatch.id == Payment.match_id)
        .join(Job, Job.id == JobMatch.job_id)
        .where(Payment.employer_id == employer_id)
    )


def _payment(actor: Actor, row: Row[Payment, UUID, str, UUID | None]) -> PaymentAnswer:
    payment = row[0]
    payable = payment.status in PAYABLE and sees_page(actor, row.bought_by)
    checkout_url = payment.checkout_url if payable else None
    return PaymentAnswer.from_rows(payment, row, checkout_url=checkout_url, quote=_quote(payment))


def _quote(payment: Payment) -> QuoteAnswer:
    return QuoteAnswer.of(quotes.kept_quote(payment))


@router.get("/payments")
async def list_payments(
    session: Read,
    actor: EmployerActor,
    page: PageQuery,
    status: InStatus[PaymentStatus] = None,
    q: ListedText = None,
    sort: Annotated[PaymentOrder, Query(description="What comes first.")] = PaymentOrder.NEWEST,
) -> Page[PaymentAnswer]:
    """List your payments, newest first unless `sort` says otherwise; `q` stands in the job's title."""
    query = _payments(actor.employer_id)
    if status is not None:
        query = query.where(Payment.status == status)
    if q is not None:
        query = query.where(contains_text(q, Job.title))
    rows, cursor = await _ORDERS[sort].fetch(session, query, page, keyring(session))
    return Page(items=[_payment(actor, row) for row in rows], next_cursor=cursor)


class PaymentRecord(ResponseModel):
    """A payment as a row of a file: amounts in minor units."""

    id: UUID = Field(description="Id of the payment.")
    created_at: Instant = Field(description="When it was made (UTC).")
    paid_at: Instant | None = Field(description="When it was confirmed (UTC); empty before.")
    status: PaymentStatus = Field(description="Where the payment stands.")
    job_title: str = Field(description="Title of the job.")
    currency: str = Field(description="Currency, three letters of ISO 4217.")
    net: int = Field(description="What of the total is no tax, in minor units.")
    tax: int = Field(description="All taxes, in minor units.")
    total: int = Field(description="What it costs, in minor units.")
    refunded: int = Field(description="What was given back so far, in minor units.")
    match_id: UUID = Field(description="Id of the match.")


@router.get("/payments.csv", response_class=Response, responses=CSV_ANSWER)
async def export_payments(actor: EmployerActorApart, rt: Rt) -> Response:
    """Return all my payments as one CSV file, newest first, safe to open in a spreadsheet."""

    async def page_of(page: PageRequest) -> Page[PaymentRecord]:
        # The request's transaction is over when the file is sent.
        async with rt.database.read() as session:
            query = _payments(actor.employer_id)
            rows, cursor = await _NEWEST_FIRST.fetch(session, query, page, rt.keyring)
            return Page(items=[_record(row) for row in rows], next_cursor=cursor)

    return await export("payments", PaymentRecord, page_of)


def _record(row: Row[Payment, UUID, str, UUID | None]) -> PaymentRecord:
    payment = row[0]
    quote = quotes.kept_quote(payment)
    return PaymentRecord.from_rows(
        payment,
        row,
        net=quote.net,
        tax=quote.tax,
        total=quote.total,
        refunded=payment.refunded_amount,
    )


@router.get("/payments/{payment_id}", responses=problems(PaymentNotFound))
async def get_payment(payment_id: PaymentId, session: Read, actor: EmployerActor) -> PaymentAnswer:
    """Return one of your payments."""
    query = _payments(actor.employer_id).where(Payment.id == payment_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise PaymentNotFound
    return _payment(actor, row)


@router.post(
    "/matches/{match_id}/report",
    status_code=201,
    responses=problems(MatchNotFound, MatchNotUnlocked, ReportTooEarly, ReportTooLate),
)
async def report_lead(
    match_id: MatchId,
    body: ReportRequest,
    session: Write,
    actor: LeadBuyer,
    now: Now,
    _once: Once,
) -> ReportAnswer:
    """Say that a lead was bad.

    What we know ourselves decides at once: messages of ours that failed or never arrived, a worker who is gone or
    has broken with you. That nobody answers can be said two days after the purchase, or when the policy says (`report_too_early` before): we
    ask the worker, and their "no" or a day of silence gives the money back. The rest waits for an administrator.
    """
    report = await lead_guarantee.report(
        session, actor, match_id, body.reason, body.note or "", now, refund_to=body.refund_to
    )
    waits = report.status == ReportStatus.CHECKING
    return ReportAnswer.from_rows(
        report,
        reason=report.kind,
        note=report.reason or None,
        decides_by=report.decides_by if waits else None,
    )
