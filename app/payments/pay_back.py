"""Pay a balance back to its source: the employer asks, and each top-up's money goes back to what paid it.

The oldest top-ups go first, never more of one than is left of its charge. What was credited beyond the money (the
bonus of a pack) leaves the balance with its share of the money, and is not paid out. The money leaves the balance when
it is asked for, so that it can't be spent meanwhile; what the provider then refuses is in the balance again
(`top_up_returns.keep_in_balance`).
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.database.wakeups import wake_loops
from app.identity.actor import Actor
from app.payments import disputes, ledger, rules
from app.payments.models import Dispute, Order, PaymentAttempt, Refund
from app.payments.rules import (
    AttemptStatus,
    DisputeStatus,
    OrderKind,
    PaymentStatus,
    RefundStatus,
)
from app.payments.top_up_returns import credits_for, set_apart_key


class BalanceNotRefundable(Conflict):
    """Nothing in the balance was paid in by a charge that can still be given back."""

    code = "balance_not_refundable"
    detail = "There is nothing in your balance that could go back to what it was paid with."


@dataclass(frozen=True, slots=True)
class Part:
    """What of one top-up can go back: so much money, for which so much leaves the balance."""

    order: Order
    amount: int
    taken: int


async def refundable(session: AsyncSession, employer_id: UUID, currency: str) -> int:
    """Return how much of the balance could go back to its source now, in minor units."""
    there = await ledger.balance_of(session, employer_id, currency)
    top_ups = await _top_ups(session, employer_id, currency, lock=False)
    return sum(part.amount for part in await _parts(session, top_ups, there, None))


async def request(
    session: AsyncSession, actor: Actor, amount: int | None, currency: str, now: dt.datetime
) -> list[Refund]:
    """Take `amount` minor units of money (None: all of it) out of the balance, to be sent back right after.

    Raises `DisputeOpen`, `BalanceNotRefundable`, or `Invalid` for more than can go back.
    """
    if await disputes.has_open(session, actor.employer_id):
        raise disputes.DisputeOpen
    # Orders before the account, as the provider's news locks them.
    top_ups = await _top_ups(session, actor.employer_id, currency, lock=True)
    there = await ledger.lock_balance(session, actor.employer_id, currency)
    parts = await _parts(session, top_ups, there, amount)
    most = sum(part.amount for part in parts)
    if most == 0:
        raise BalanceNotRefundable
    if amount is not None and most < amount:
        raise Invalid.field("amount", f"must be between 1 and {most}, what can go back")
    return [await _set_apart(session, part, actor, now) for part in parts]


async def _set_apart(session: AsyncSession, part: Part, actor: Actor, now: dt.datetime) -> Refund:
    refund = Refund(
        id=new_id(),
        order_id=part.order.id,
        status=RefundStatus.REQUESTED,
        amount=part.amount,
        currency=part.order.currency,
        reason="asked for by the employer",
        attempts=0,
        due_at=now,
        created_at=now,
        updated_at=now,
    )
    session.add(refund)
    await session.flush()
    await ledger.book(
        session,
        set_apart_key(refund),
        rules.pay_back(part.amount, part.taken, part.order.employer_id),
        currency=refund.currency,
        payment_id=None,
        now=now,
        provider=None,
    )
    audit.record(
        session,
        "balance.pay_back",
        part.order.id,
        actor,
        now,
        after={"amount": part.amount, "taken": part.taken, "currency": refund.currency},
    )
    wake_loops(session, "refunds")
    return refund


async def _top_ups(
    session: AsyncSession, employer_id: UUID, currency: str, *, lock: bool
) -> list[Order]:
    """Return the top-ups whose money is in the books and was credited, oldest first."""
    query = (
        select(Order)
        .join(PaymentAttempt, PaymentAttempt.order_id == Order.id)
        .where(
            Order.employer_id == employer_id,
            Order.kind == OrderKind.TOP_UP,
            Order.status == PaymentStatus.SUCCEEDED,
            Order.currency == currency,
            PaymentAttempt.status == AttemptStatus.PAID,
            PaymentAttempt.failure_code.is_(None),
        )
        .order_by(Order.id)
    )
    return list(await session.scalars(query.with_for_update(of=Order) if lock else query))


async def _parts(
    session: AsyncSession, top_ups: list[Order], there: int, most: int | None
) -> list[Part]:
    """Return what of each top-up can go back, at most `most` together, out of a balance of `there`."""
    gone = await _gone(session, [order.id for order in top_ups])
    parts = []
    for order in top_ups:
        before = gone.get(order.id, 0)
        amount = order.total - before
        if most is not None:
            amount = min(amount, most)
        # As much money as what is there was credited for; rounded down, so one step is enough.
        amount = min(amount, there * order.total // (order.credits or order.total))
        while amount > 0 and credits_for(order, before, amount) > there:
            amount -= 1
        if amount <= 0:
            continue
        taken = credits_for(order, before, amount)
        there -= taken
        most = None if most is None else most - amount
        parts.append(Part(order, amount, taken))
    return parts


async def _gone(session: AsyncSession, order_ids: list[UUID]) -> dict[UUID | None, int]:
    """Return what of each of these top-ups went back, is on its way back, or was taken by a bank."""
    gone: dict[UUID | None, int] = {}
    refunded = select(Refund.order_id, func.sum(Refund.amount)).where(
        Refund.order_id.in_(order_ids), Refund.status.in_(rules.ON_THE_WAY)
    )
    lost = select(Dispute.order_id, func.sum(Dispute.amount)).where(
        Dispute.order_id.in_(order_ids), Dispute.status == DisputeStatus.LOST
    )
    for query in (refunded.group_by(Refund.order_id), lost.group_by(Dispute.order_id)):
        for order_id, amount in await session.execute(query):
            gone[order_id] = gone.get(order_id, 0) + int(amount)
    return gone
