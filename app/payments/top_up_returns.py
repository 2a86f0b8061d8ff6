"""Money of a top-up that goes back: refunded at the provider, or taken by a bank. It leaves the balance again.

What is left in the balance is taken, with the bonus that came with the money, and never more: a balance does not go
below zero. What was spent before is a loss, and an open item for a person. While a bank decides, the employer buys
nothing (`disputes.has_open`), so that what is left stays there.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.money import Money
from app.messaging.outbox.enqueue import notify
from app.payments import ledger, open_items, rules
from app.payments.models import Dispute, LedgerTransaction, Order, PaymentAttempt, Refund
from app.payments.open_items import ItemKind
from app.payments.provider import ProviderRefund, RefundState
from app.payments.rules import AttemptStatus, DisputeStatus, OrderKind, Posting, RefundStatus

CHECK_AFTER: Final = dt.timedelta(hours=1)
"""When the provider is first asked about a refund that it has taken, should no event have come."""


@dataclass(frozen=True, slots=True)
class PaidTopUp:
    """A top-up whose money is in our books."""

    order: Order
    attempt: PaymentAttempt

    @property
    def is_suspended(self) -> bool:
        """Whether something else was paid than was asked: then nothing was credited."""
        return self.attempt.failure_code == rules.MISMATCH


def was_paid(intent_id: Any) -> ColumnElement[bool]:
    """Return the condition that a top-up was paid by the charge in this column."""
    return exists().where(
        PaymentAttempt.intent_id == intent_id,
        PaymentAttempt.status == AttemptStatus.PAID,
        Order.id == PaymentAttempt.order_id,
        Order.kind == OrderKind.TOP_UP,
    )


async def find_paid(session: AsyncSession, intent_id: str) -> PaidTopUp | None:
    """Return the top-up that a charge paid, under its order's lock; None where there is none in our books.

    Money of the provider's other mode is in no account of ours.
    """
    query = (
        select(Order, PaymentAttempt)
        .join(PaymentAttempt, PaymentAttempt.order_id == Order.id)
        .where(
            PaymentAttempt.intent_id == intent_id,
            PaymentAttempt.status == AttemptStatus.PAID,
            Order.kind == OrderKind.TOP_UP,
        )
        .with_for_update(of=Order)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    order, attempt = row
    keys = [f"top_up:{order.id}", f"capture:{order.id}"]
    booked = select(LedgerTransaction.id).where(LedgerTransaction.event_key.in_(keys)).limit(1)
    return PaidTopUp(order, attempt) if await session.scalar(booked) else None


async def record_refund(
    session: AsyncSession, made: ProviderRefund, intent_id: str, now: dt.datetime
) -> bool:
    """Record the provider's status of a refund of a top-up; False if the charge paid none."""
    paid = await find_paid(session, intent_id)
    if paid is None:
        return False
    ours = and_(Refund.order_id == paid.order.id, Refund.id == made.our_id)
    known = select(Refund).where(or_(Refund.provider_id == made.provider_id, ours))
    refund = await session.scalar(known.execution_options(populate_existing=True))
    if refund is None:
        refund = Refund(
            id=new_id(),
            order_id=paid.order.id,
            provider_id=made.provider_id,
            status="",
            amount=made.amount.amount,
            currency=made.amount.currency,
            reason="made at the provider",
            attempts=0,
            created_at=now,
        )
        session.add(refund)
    was = refund.status
    # What failed there stays so, and what succeeded can only fail; said again, nothing follows.
    failed_there = was == RefundStatus.FAILED and refund.provider_id is not None
    if (
        was == made.state
        or failed_there
        or (was == RefundStatus.SUCCEEDED and made.state is RefundState.PENDING)
    ):
        return True
    refund.provider_id, refund.due_at = made.provider_id, None
    refund.status, refund.failure_code, refund.updated_at = made.state, made.failure_code, now
    refund.check_at = now + CHECK_AFTER if made.state is RefundState.PENDING else None
    await session.flush()
    event = f"refund:{refund.id}"
    if made.state is RefundState.SUCCEEDED:
        if await _is_set_apart(session, refund):
            await _paid_back(session, paid, refund, now)
        else:
            await take(session, paid, event, refund.money, now, ref=made.provider_id)
    elif made.state is RefundState.FAILED:
        await put_back(session, paid, event, f"refund_failed:{refund.id}", now, refund.provider_id)
        await keep_in_balance(session, paid.order.employer_id, refund, now)
    return True


def set_apart_key(refund: Refund) -> str:
    """Return the key under which the money of a refund has left the balance before it is sent."""
    return f"pay_back:{refund.id}"


async def _is_set_apart(session: AsyncSession, refund: Refund) -> bool:
    """Whether the money has left the balance already, because the employer asked for it, and has not come back."""
    keys = [set_apart_key(refund), _kept_key(refund)]
    query = select(LedgerTransaction.event_key).where(LedgerTransaction.event_key.in_(keys))
    return list(await session.scalars(query)) == keys[:1]


async def _paid_back(
    session: AsyncSession, paid: PaidTopUp, refund: Refund, now: dt.datetime
) -> None:
    await ledger.book(
        session,
        f"refund:{refund.id}",
        rules.paid_back(refund.amount),
        currency=refund.currency,
        payment_id=None,
        now=now,
        provider=paid.attempt.provider,
        provider_ref=refund.provider_id,
    )
    await _tell(session, paid.order.employer_id, refund, "balance_paid_back", now)


async def keep_in_balance(
    session: AsyncSession, employer_id: UUID, refund: Refund, now: dt.datetime
) -> None:
    """Let money that could not be paid back be in the balance again, once, and tell the employer."""
    kept = await ledger.book_opposite(session, set_apart_key(refund), _kept_key(refund), now=now)
    if kept:
        await _tell(session, employer_id, refund, "balance_not_paid_back", now)


def _kept_key(refund: Refund) -> str:
    return f"pay_back_failed:{refund.id}"


async def _tell(
    session: AsyncSession, employer_id: UUID, refund: Refund, kind: str, now: dt.datetime
) -> None:
    about = {"amount": refund.amount, "currency": refund.currency}
    await notify(
        session, employer_id, kind, about, key=str(refund.id), now=now, subject_id=refund.id
    )


async def take(
    session: AsyncSession,
    paid: PaidTopUp,
    event_key: str,
    money: Money,
    now: dt.datetime,
    *,
    ref: str,
    at: dt.datetime | None = None,
    was_held: bool = False,
) -> None:
    """Book that money of a top-up went back: out of the balance, as far as there is any, else as a loss.

    The refund or dispute that `event_key` ends with has its new status already. `was_held` is for money that was
    taken for a bank before.
    """
    short = 0
    if paid.is_suspended:
        postings: Sequence[Posting] = rules.refund(money.amount, rules.SUSPENSE)
        await open_items.close_key(session, _suspended(paid), "the money went back", now)
    else:
        there = await ledger.lock_balance(session, paid.order.employer_id, money.currency)
        gone_before = await _gone(session, paid.order) - money.amount
        owed = credits_for(paid.order, gone_before, money.amount)
        taken = min(max(there, 0), owed)
        short = max(money.amount - taken, 0)
        postings = rules.top_up_returned(money.amount, taken, paid.order.employer_id)
    booked = await ledger.book(
        session,
        event_key,
        rules.out_of_held(postings) if was_held else postings,
        currency=money.currency,
        payment_id=None,
        now=now,
        occurred_at=at,
        provider=paid.attempt.provider,
        provider_ref=ref,
    )
    if booked and short:
        await open_items.add(
            session,
            ItemKind.TOP_UP_SPENT,
            _spent(event_key),
            now,
            money=Money(short, money.currency),
            details={
                "order_id": str(paid.order.id),
                "employer_id": str(paid.order.employer_id),
                "went_back": money.amount,
                "provider_id": ref,
            },
        )


async def put_back(
    session: AsyncSession,
    paid: PaidTopUp,
    of_event: str,
    event_key: str,
    now: dt.datetime,
    ref: str | None,
    *,
    at: dt.datetime | None = None,
) -> None:
    """Book that money came back after all: the opposite of what `of_event` took, into the balance or suspense."""
    booked = await ledger.book_opposite(
        session, of_event, event_key, now=now, occurred_at=at, provider_ref=ref
    )
    if not booked:
        return
    if paid.is_suspended:
        await open_items.reopen(session, _suspended(paid), now)
    await open_items.close_key(session, _spent(of_event), "the money came back", now)


async def frozen(session: AsyncSession, employer_id: UUID, currency: str) -> int:
    """Return what was credited for top-ups that banks decide about now, in minor units: no more than is left stays."""
    query = (
        select(Order, func.sum(Dispute.amount))
        .join(Dispute, Dispute.order_id == Order.id)
        .where(
            Dispute.employer_id == employer_id,
            Dispute.status == DisputeStatus.OPENED,
            Dispute.currency == currency,
        )
        .group_by(Order.id)
    )
    rows = (await session.execute(query)).all()
    return sum([credits_for(order, await _gone(session, order), int(part)) for order, part in rows])


async def _gone(session: AsyncSession, order: Order) -> int:
    """Return what of a top-up's money went back for good."""
    refunded = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.order_id == order.id, Refund.status == RefundStatus.SUCCEEDED
    )
    lost = select(func.coalesce(func.sum(Dispute.amount), 0)).where(
        Dispute.order_id == order.id, Dispute.status == DisputeStatus.LOST
    )
    query = select(refunded.scalar_subquery() + lost.scalar_subquery())
    return int(await session.scalar(query) or 0)


def credits_for(order: Order, before: int, amount: int) -> int:
    """Return what was credited for the next `amount` of a top-up, after `before`: for all of it, all its credits."""
    credited = order.credits or order.total

    def share(part: int) -> int:
        return credited * min(part, order.total) // order.total

    return share(before + amount) - share(before)


def _spent(event_key: str) -> str:
    return f"top_up_spent:{event_key}"


def _suspended(paid: PaidTopUp) -> str:
    """Return the key of the open item about money of a top-up that waits in suspense."""
    return f"unknown:{paid.attempt.intent_id}"
