"""Several leads bought at once: one order, one page; and the orders an employer made."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.employers.coupons import COUPON, CouponText
from app.api.employers.matches import ContactAnswer
from app.api.http.csv_export import CSV_ANSWER, export
from app.api.http.dependencies import (
    EmployerActor,
    EmployerActorApart,
    KeyHeader,
    LeadBuyerApart,
    Now,
    PageQuery,
    Read,
    Route,
    Rt,
    limit_subject,
)
from app.api.http.idempotency import claim_request
from app.api.http.own_address import own_address
from app.api.http.parameters import InStatus, OrderId
from app.api.http.problems import problems
from app.api.http.quotes import QuoteAnswer
from app.core import schema
from app.core.paging import Keyset, PageRequest
from app.core.schema import Instant, MoneyAnswer, Page, ResponseModel
from app.database.session import keyring
from app.identity.actor import AccountRestricted, Actor
from app.offers.links import order_link
from app.offers.mark_unlocked import MatchNotFound
from app.offers.rules import MatchNotAccepted
from app.payments import card_charge, orders, provider, purchase, quotes
from app.payments.balance import BalanceTooLow
from app.payments.card_charge import CardNeedsPage, NoSavedCard
from app.payments.checkout import Paying
from app.payments.contacts import contacts_of
from app.payments.coupons import CouponNotValid
from app.payments.disputes import DisputeOpen
from app.payments.models import Order, Payment, PaymentAttempt, Unlock
from app.payments.orders import OrderNotFound
from app.payments.provider import (
    CardOutcomeUnknown,
    PaymentRefused,
    PaymentsNotConfigured,
    PaymentsUnavailable,
)
from app.payments.purchase import (
    CurrenciesDiffer,
    EmailUnconfirmed,
    PaymentUnderWay,
    VerificationRequired,
)
from app.payments.rules import (
    MOST_LEADS,
    PAYABLE,
    AttemptStatus,
    ChosenPayWith,
    OrderKind,
    PaymentStatus,
    PayWith,
)
from app.payments.suspense import PaymentInReview
from app.payments.team_spending import SpendingLimit, sees_page
from app.payments.unlock_limits import UnlocksTooFast

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)

_NEWEST_FIRST = Keyset("orders", [Order.id])


def _each_once(match_ids: list[UUID]) -> list[UUID]:
    if len(set(match_ids)) < len(match_ids):
        raise ValueError("name each lead once")
    return match_ids


class UnlockLeadsRequest(schema.RequestModel):
    """Which leads to buy; the price is the server's."""

    match_ids: Annotated[list[UUID], AfterValidator(_each_once)] = Field(
        description=f"Ids of 1 to {MOST_LEADS} of your matches, each once.",
        min_length=1,
        max_length=MOST_LEADS,
        examples=[["01930f5e-7c1a-7a64-9d2f-3f6f1c1f0a01"]],
    )
    coupon: CouponText | None = COUPON
    pay_with: ChosenPayWith | None = Field(
        default=None,
        description="How to pay; left out, out of the balance if it covers all of them, else on the page.",
    )


class UnlockedLead(ResponseModel):
    """A contact that is yours, for good."""

    match_id: UUID = Field(description="Id of the match.")
    contact: ContactAnswer = Field(description="How to reach the worker.")


class LeadsUnlocked(ResponseModel):
    """All contacts are yours, for good."""

    status: Literal["unlocked"] = Field(default="unlocked", description="The contacts are yours.")
    items: list[UnlockedLead] = Field(description="The contacts, in the order of the request.")
    order_id: UUID | None = Field(
        description="Id of the newest order that bought one of them; null for purchases of before there were orders."
    )


class LeadsPending(ResponseModel):
    """Pay on the page; the contacts follow when the payment is confirmed."""

    status: Literal["pending"] = Field(
        default="pending", description="The contacts are not paid yet."
    )
    order_id: UUID = Field(description="Id of the order.")
    match_ids: list[UUID] = Field(
        description="The leads that are to be paid: those of the request that are not yours yet."
    )
    checkout_url: str | None = Field(
        description="Page on which to pay for all of them; null while the money is on its way: there is nothing to "
        "pay any more."
    )
    expires_at: Instant = Field(description="Until when the page takes the payment (UTC).")
    price: MoneyAnswer = Field(description="What all of them cost, taxes included.")
    quote: QuoteAnswer = Field(description="The price with its taxes, fixed from now on.")


class OrderItem(ResponseModel):
    """One lead of an order."""

    payment_id: UUID = Field(description="Id of its payment.")
    match_id: UUID = Field(description="Id of the match.")
    status: PaymentStatus = Field(description="Where its payment stands.")
    price: MoneyAnswer = Field(description="What it costs, taxes included.")
    refunded: MoneyAnswer = Field(description="What of it was given back so far.")


class OrderAnswer(ResponseModel):
    """What was bought at once."""

    id: UUID = Field(description="Id of the order.")
    kind: OrderKind = Field(description="What was bought.")
    status: PaymentStatus = Field(
        description="Where it stands; it stays `succeeded` when a payment is refunded."
    )
    price: MoneyAnswer = Field(description="What all of it costs, taxes included.")
    quote: QuoteAnswer = Field(description="The price with its taxes.")
    pay_with: PayWith = Field(description="How it is paid.")
    items: list[OrderItem] = Field(description="Its leads.")
    checkout_url: str | None = Field(
        description="Page on which to pay; null once it can't be paid there, and where a colleague opened it, but "
        "for owners."
    )
    expires_at: Instant | None = Field(
        description="Until when the page takes the payment (UTC); null where there is none."
    )
    created_at: Instant = Field(description="When it was made (UTC).")
    paid_at: Instant | None = Field(description="When it was paid (UTC); null before.")


@router.post(
    "/unlocks",
    response_model=LeadsUnlocked,
    responses={
        **problems(
            MatchNotFound,
            MatchNotAccepted,
            PaymentUnderWay,
            PaymentInReview,
            CurrenciesDiffer,
            BalanceTooLow,
            DisputeOpen,
            AccountRestricted,
            SpendingLimit,
            VerificationRequired,
            EmailUnconfirmed,
            CouponNotValid,
            UnlocksTooFast,
            PaymentsNotConfigured,
            PaymentsUnavailable,
            PaymentRefused,
            CardNeedsPage,
            CardOutcomeUnknown,
            NoSavedCard,
        ),
        202: {"model": LeadsPending, "description": "To be paid on the page"},
    },
)
async def unlock_leads(
    request: Request,
    body: UnlockLeadsRequest,
    actor: LeadBuyerApart,
    rt: Rt,
    now: Now,
    idempotency_key: KeyHeader = None,
) -> LeadsUnlocked | Response:
    """Buy the contacts of several workers who accepted: 200 if all are yours, else 202 with one page for the rest.

    One that is not for sale refuses all: 409, and `errors` names it. The same leads again give the same page; a
    request with some of them closes the page of before.
    """
    await limit_subject(rt, "unlock:account", str(actor.employer_id))
    pay_with = body.pay_with
    card = await card_charge.card_for(rt.database, rt.payments, actor.employer_id, pay_with, now)
    async with purchase.turn_of(actor.employer_id), rt.database.begin() as session:
        await claim_request(request, session, str(actor.user_id), idempotency_key, now)
        begun = await purchase.begin(
            session,
            actor,
            body.match_ids,
            now,
            paced=rt.limiter.enabled,
            pay_with=card_charge.order_by(pay_with),
            coupon=body.coupon,
        )
    if begun is not None:
        page = order_link(rt.keyring, own_address(request, rt.settings), begun.id)
        paying = await card_charge.pay(rt.database, rt.payments, begun.id, card, page, now)
        if paying.is_open:
            async with rt.database.read() as session:
                return await _pending(session, paying)
    async with rt.database.read() as session:
        return await _unlocked(session, actor.employer_id, body.match_ids)


async def _pending(session: AsyncSession, paying: Paying) -> Response:
    attempt, order = paying.attempt, paying.order
    lacks_page = paying.is_payable and paying.url is None
    if attempt is None or attempt.expires_at is None or lacks_page:
        raise provider.PaymentsUnavailable
    leads = await orders.payments_of(session, order.id)
    pending = LeadsPending(
        order_id=order.id,
        match_ids=[payment.match_id for payment in leads],
        checkout_url=paying.url,
        expires_at=attempt.expires_at,
        price=MoneyAnswer.of(order.price),
        quote=QuoteAnswer.of(quotes.kept_quote(order)),
    )
    return Response(pending.model_dump_json(), 202, media_type="application/json")


async def _unlocked(
    session: AsyncSession, employer_id: UUID, match_ids: Sequence[UUID]
) -> LeadsUnlocked:
    bought = await contacts_of(session, employer_id, match_ids)
    if len(bought) < len(match_ids):
        raise provider.PaymentsUnavailable
    newest = (
        select(Payment.order_id)
        .join(Unlock, Unlock.payment_id == Payment.id)
        .where(Unlock.employer_id == employer_id, Unlock.match_id.in_(match_ids))
        .order_by(Payment.order_id.desc())
        .limit(1)
    )
    items = [
        UnlockedLead(match_id=each, contact=ContactAnswer.model_validate(bought[each]))
        for each in match_ids
    ]
    return LeadsUnlocked(items=items, order_id=await session.scalar(newest))


async def _answers(session: AsyncSession, actor: Actor, rows: Sequence[Order]) -> list[OrderAnswer]:
    ids = [order.id for order in rows]
    leads = select(Payment).where(Payment.order_id.in_(ids)).order_by(Payment.id)
    items: dict[UUID | None, list[OrderItem]] = {}
    for payment in await session.scalars(leads):
        made = OrderItem.from_rows(payment, payment_id=payment.id)
        items.setdefault(payment.order_id, []).append(made)
    open_ones = select(PaymentAttempt).where(
        PaymentAttempt.order_id.in_(ids), PaymentAttempt.status == AttemptStatus.OPEN
    )
    pages = {attempt.order_id: attempt for attempt in await session.scalars(open_ones)}
    answers: list[OrderAnswer] = []
    for order in rows:
        payable = order.status in PAYABLE and sees_page(actor, order.bought_by)
        page = pages.get(order.id) if payable else None
        answers.append(
            OrderAnswer.from_rows(
                order,
                items=items.get(order.id, []),
                quote=QuoteAnswer.of(quotes.kept_quote(order)),
                checkout_url=page.checkout_url if page else None,
                expires_at=page.expires_at if page else None,
            )
        )
    return answers


@router.get("/orders")
async def list_orders(
    session: Read,
    actor: EmployerActor,
    page: PageQuery,
    status: InStatus[PaymentStatus] = None,
) -> Page[OrderAnswer]:
    """List your orders, newest first."""
    query = select(Order).where(Order.employer_id == actor.employer_id)
    if status is not None:
        query = query.where(Order.status == status)
    rows, cursor = await _NEWEST_FIRST.fetch(session, query, page, keyring(session))
    items = await _answers(session, actor, [row[0] for row in rows])
    return Page(items=items, next_cursor=cursor)


class OrderRecord(ResponseModel):
    """An order as a row of a file: amounts in minor units, and the taxes as one."""

    id: UUID = Field(description="Id of the order.")
    created_at: Instant = Field(description="When it was made (UTC).")
    paid_at: Instant | None = Field(description="When it was paid (UTC); empty before.")
    kind: OrderKind = Field(description="What was bought.")
    status: PaymentStatus = Field(description="Where it stands.")
    pay_with: PayWith = Field(description="How it is paid.")
    leads: int = Field(description="How many leads it is for; 0 for a top-up.")
    coupon: str | None = Field(description="The coupon that was used; empty for none.")
    currency: str = Field(description="Currency, three letters of ISO 4217.")
    net: int = Field(description="What of the total is no tax, in minor units.")
    tax: int = Field(description="All taxes, in minor units.")
    total: int = Field(description="What it costs, in minor units.")
    refunded: int = Field(description="What of its leads was given back so far, in minor units.")


@router.get("/orders.csv", response_class=Response, responses=CSV_ANSWER)
async def export_orders(actor: EmployerActorApart, rt: Rt) -> Response:
    """Return all my orders as one CSV file, newest first, safe to open in a spreadsheet."""

    async def page_of(page: PageRequest) -> Page[OrderRecord]:
        # The request's transaction is over when the file is sent.
        async with rt.database.read() as session:
            query = select(Order).where(Order.employer_id == actor.employer_id)
            rows, cursor = await _NEWEST_FIRST.fetch(session, query, page, rt.keyring)
            items = await _records(session, [row[0] for row in rows])
        return Page(items=items, next_cursor=cursor)

    return await export("orders", OrderRecord, page_of)


async def _records(session: AsyncSession, rows: Sequence[Order]) -> list[OrderRecord]:
    leads = (
        select(Payment.order_id, func.count(), func.sum(Payment.refunded_amount))
        .where(Payment.order_id.in_([order.id for order in rows]))
        .group_by(Payment.order_id)
    )
    counted = {order_id: (count, back) for order_id, count, back in await session.execute(leads)}
    records = []
    for order in rows:
        quote = quotes.kept_quote(order)
        count, back = counted.get(order.id, (0, 0))
        amounts = {"net": quote.net, "tax": quote.tax, "total": quote.total, "refunded": int(back)}
        records.append(OrderRecord.from_rows(order, leads=count, **amounts))
    return records


@router.get("/orders/{order_id}", responses=problems(OrderNotFound))
async def get_order(order_id: OrderId, session: Read, actor: EmployerActor) -> OrderAnswer:
    """Return one of your orders."""
    query = select(Order).where(Order.id == order_id, Order.employer_id == actor.employer_id)
    order = await session.scalar(query)
    if order is None:
        raise OrderNotFound
    return (await _answers(session, actor, [order]))[0]
