"""Orders: what is bought at once, its payments and its attempts to be paid, moved together."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.ids import new_id
from app.database.statements import insert_if_absent, rows_changed, transition_update
from app.database.wakeups import wake_loops
from app.payments import rules
from app.payments.models import Order, Payment, PaymentAttempt
from app.payments.provider import PROVIDER, Checkout
from app.payments.rules import AttemptStatus, OrderKind, PaymentAction, PaymentStatus, PayWith

ASK_AFTER = dt.timedelta(minutes=2)
"""How long an order may stay undecided before the provider is asked."""

_GIVEN_UP = frozenset({PaymentAction.CANCEL, PaymentAction.CLOSE})
"""After these we don't want the page to be paid any more: it is closed at the provider."""


class OrderNotFound(NotFound):
    """There is no such order for whoever asks."""

    code = "order_not_found"
    detail = "There is no such order, or it is not yours."


async def move(
    session: AsyncSession,
    order_id: UUID,
    action: PaymentAction,
    now: dt.datetime,
    *,
    failure_code: str | None = None,
) -> bool:
    """Take one step with an order, its payments and its open attempt, if the order's status allows it.

    Returns whether it did. Of several who try, the order's own row lets one through.
    """
    transition = rules.TABLE.only(action)
    step = transition_update(Order, transition, now, Order.id == order_id)
    if await rows_changed(session, step) != 1:
        return False
    code = {} if failure_code is None else {"failure_code": failure_code[:64]}
    mine = Payment.order_id == order_id
    await session.execute(transition_update(Payment, transition, now, mine, **code))
    if transition.target in rules.OPEN:
        return True
    after = rules.ATTEMPT_AFTER[transition.target]
    # Of a paid order, `settle` names the attempt that was paid; another one that is open has a page too many.
    closes = action in _GIVEN_UP or after is AttemptStatus.PAID
    await session.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.order_id == order_id, PaymentAttempt.status == AttemptStatus.OPEN)
        .values(
            status=AttemptStatus.CANCELLED if closes else after,
            check_at=now if closes else None,
            updated_at=now,
            **code,
        )
        .execution_options(synchronize_session=False)
    )
    if closes:
        wake_loops(session, "reconcile_payments")
    return True


async def lock(session: AsyncSession, order_id: UUID) -> None:
    """Lock an order's row, before its payments and its attempts: everybody locks in this order."""
    await session.execute(select(Order.id).where(Order.id == order_id).with_for_update())


async def close_of(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Give up an employer's orders that nobody is paying yet, and have their pages closed at the provider."""
    sources = rules.TABLE.only(PaymentAction.CLOSE).sources
    query = select(Order.id).where(Order.employer_id == employer_id, Order.status.in_(sources))
    for order_id in await session.scalars(query.order_by(Order.id)):
        await move(session, order_id, PaymentAction.CLOSE, now)


async def payments_of(session: AsyncSession, order_id: UUID) -> list[Payment]:
    """Return an order's payments, as they are now, in the order in which the leads were named."""
    query = select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def payments_of_charge(session: AsyncSession, intent_id: str) -> list[Payment]:
    """Return and lock the payments that one charge at the provider paid, oldest first; none if it is not ours."""
    query = (
        select(Payment)
        .join(PaymentAttempt, PaymentAttempt.id == Payment.captured_by)
        .where(PaymentAttempt.intent_id == intent_id)
        .order_by(Payment.id)
        .with_for_update(of=Payment)
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(query))


_OPEN_ORDERS: Final = (
    select(Order)
    .where(
        Order.id.in_(
            select(Payment.order_id).where(
                Payment.match_id.in_(bindparam("match_ids", type_=Uuid(), expanding=True)),
                Payment.status.in_(rules.OPEN),
            )
        ),
        Order.status.in_(rules.OPEN),
    )
    .order_by(Order.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)


async def open_orders_of(session: AsyncSession, match_ids: Collection[UUID]) -> list[Order]:
    """Return and lock the open orders with an open payment for one of these leads, by id."""
    return list(await session.scalars(_OPEN_ORDERS, {"match_ids": list(match_ids)}))


async def find_open(
    session: AsyncSession, match_ids: Collection[UUID], now: dt.datetime
) -> Order | None:
    """Return the open order for exactly these leads whose page can still be paid; nothing is locked."""
    query = (
        select(Order)
        .join(PaymentAttempt, PaymentAttempt.order_id == Order.id)
        .where(
            Order.id.in_(
                select(Payment.order_id).where(
                    Payment.match_id.in_(match_ids), Payment.status.in_(rules.OPEN)
                )
            ),
            Order.status.in_(rules.OPEN),
            PaymentAttempt.status == AttemptStatus.OPEN,
            PaymentAttempt.expires_at > now,
        )
    )
    for order in await session.scalars(query):
        payments = await payments_of(session, order.id)
        if {payment.match_id for payment in payments} == set(match_ids):
            return order
    return None


async def open_attempt(session: AsyncSession, order_id: UUID) -> PaymentAttempt | None:
    """Return the order's open attempt, as it is now."""
    query = select(PaymentAttempt).where(
        PaymentAttempt.order_id == order_id, PaymentAttempt.status == AttemptStatus.OPEN
    )
    found: PaymentAttempt | None = await session.scalar(
        query.execution_options(populate_existing=True)
    )
    return found


def attempt_row(
    order_id: UUID, number: int, provider: str, expires_at: dt.datetime | None, now: dt.datetime
) -> PaymentAttempt:
    """Return a new open attempt whose page takes money until `expires_at`; the provider is asked about it soon.

    Its key is its own, because a provider repeats a failure under the old one.
    """
    return PaymentAttempt(
        order_id=order_id,
        number=number,
        provider=provider,
        idempotency_key=f"pay:{order_id}:{number}",
        status=AttemptStatus.OPEN,
        expires_at=expires_at,
        check_at=now + ASK_AFTER,
        created_at=now,
        updated_at=now,
    )


async def expire_if_over(session: AsyncSession, order: Order, now: dt.datetime) -> bool:
    """End an order whose page takes no money any more, unless that is on its way; return whether it did."""
    attempt = await open_attempt(session, order.id)
    if attempt is None or attempt.expires_at is None or attempt.expires_at > now:
        return False
    return await move(session, order.id, PaymentAction.EXPIRE, now)


async def provider_of(session: AsyncSession, payment: Payment) -> str:
    """Return the provider by which a payment was paid."""
    query = select(PaymentAttempt.provider).where(PaymentAttempt.id == payment.captured_by)
    return await session.scalar(query) or PROVIDER


async def is_from_balance(session: AsyncSession, payment: Payment) -> bool:
    """Whether a payment was made out of the employer's balance."""
    query = select(Order.pay_with).where(Order.id == payment.order_id)
    return await session.scalar(query) == PayWith.BALANCE


async def add_captured(
    session: AsyncSession,
    like: Order,
    checkout: Checkout,
    amounts: Sequence[int],
    status: PaymentStatus,
    now: dt.datetime,
    *,
    provider: str,
    failure_code: str | None = None,
) -> tuple[PaymentAttempt, list[Payment]]:
    """Add an order for money that was taken beyond the order `like`; return its payments, `amounts` each.

    It has the same leads, and one attempt, which is paid: that is returned, too. The caller books the money.
    """
    order = Order(
        id=new_id(),
        employer_id=like.employer_id,
        bought_by=like.bought_by,
        kind=like.kind,
        status=PaymentStatus.SUCCEEDED,
        quote=like.quote if checkout.paid == like.price else None,
        total=checkout.paid.amount,
        currency=checkout.paid.currency,
        pay_with=like.pay_with,
        created_at=now,
        paid_at=now,
        updated_at=now,
    )
    session.add(order)
    await session.flush()
    attempt = attempt_row(order.id, 1, provider, None, now)
    attempt.status, attempt.captured_at, attempt.check_at = AttemptStatus.PAID, now, None
    attempt.intent_id, attempt.livemode = checkout.intent_id, checkout.livemode
    attempt.gross, attempt.failure_code = checkout.paid.amount, failure_code
    known = select(PaymentAttempt.id).where(PaymentAttempt.session_id == checkout.session_id)
    if checkout.session_id and await session.scalar(known) is None:
        attempt.session_id = checkout.session_id
    session.add(attempt)
    await session.flush()
    leads = await payments_of(session, like.id)
    alone = len(leads) == 1
    added = [
        Payment(
            id=order.id if alone else new_id(),
            order_id=order.id,
            captured_by=attempt.id,
            employer_id=lead.employer_id,
            match_id=lead.match_id,
            status=status,
            amount=amount,
            currency=checkout.paid.currency,
            quote=lead.quote if amount == lead.amount and order.quote else None,
            refunded_amount=0,
            attempt=1,
            session_id=attempt.session_id if alone else None,
            intent_id=checkout.intent_id if alone else None,
            livemode=checkout.livemode,
            failure_code=failure_code,
            created_at=now,
            paid_at=now,
            updated_at=now,
        )
        for lead, amount in zip(leads, amounts, strict=True)
    ]
    session.add_all(added)
    await session.flush()
    return attempt, added


async def find_id(session: AsyncSession, reference: str | None) -> UUID | None:
    """Return the order that a page's metadata names; pages of before there were orders name the payment."""
    try:
        named = UUID(reference)
    except (TypeError, ValueError):
        return None  # something else is sold through the same account
    of_before = await session.scalar(select(Payment).where(Payment.id == named))
    return named if of_before is None else await adopt(session, of_before)


async def adopt(session: AsyncSession, payment: Payment) -> UUID:
    """Give a payment of the version before orders its order and attempt, as the migration does; return its id."""
    if payment.order_id is not None:
        return payment.order_id
    captured = payment.status in rules.CAPTURED | {PaymentStatus.IN_REVIEW}
    status = PaymentStatus.SUCCEEDED if captured else PaymentStatus(payment.status)
    same = {"id": payment.id, "created_at": payment.created_at, "updated_at": payment.updated_at}
    order = {
        "employer_id": payment.employer_id,
        "kind": OrderKind.LEADS,
        "status": status,
        "quote": payment.quote,
        "total": payment.amount,
        "currency": payment.currency,
        "pay_with": PayWith.PAGE,
        "paid_at": payment.paid_at,
    }
    attempt = {
        "order_id": payment.id,
        "number": payment.attempt,
        "provider": PROVIDER,
        "idempotency_key": f"pay:{payment.id}:{payment.attempt}",
        "status": rules.ATTEMPT_AFTER.get(status, AttemptStatus.OPEN),
        "session_id": payment.session_id,
        "checkout_url": payment.checkout_url,
        "expires_at": payment.expires_at,
        "check_at": payment.check_at,
        "failure_code": payment.failure_code,
        "livemode": payment.livemode,
        "intent_id": payment.intent_id,
        "gross": payment.amount if captured else None,
        "captured_at": payment.paid_at,
    }
    await insert_if_absent(session, Order, same | order)
    await insert_if_absent(session, PaymentAttempt, same | attempt)
    payment.order_id = payment.id
    payment.captured_by = payment.id if captured else None
    await session.flush()
    return payment.id
