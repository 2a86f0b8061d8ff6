"""Four eyes: a refund above the policy's sum waits until another administrator approves it."""

import datetime as dt
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, NotFound
from app.core.money import Money
from app.database.wakeups import wake_loops
from app.identity.actor import Actor
from app.payments import charges, open_items, rules
from app.payments.models import LeadReport, Payment, Refund
from app.payments.open_items import ItemKind
from app.payments.rules import RefundStatus, ReportStatus
from app.policy import policy


class RefundNotFound(NotFound):
    """There is no such refund."""

    code = "refund_not_found"
    detail = "There is no such refund."


class RefundNotProposed(Conflict):
    """Only a refund that waits for a second administrator is approved or declined."""

    code = "refund_not_proposed"
    detail = "This refund does not wait for a second administrator."


class MoneyGone(Conflict):
    """The money has gone another way since the refund was proposed."""

    code = "refund_money_gone"
    detail = (
        "Less than this is left of the payment by now: a bank took it back, or it was refunded."
    )
    remedy = "Decline this refund, and ask for one of what is left."


class SecondAdministratorNeeded(Conflict):
    """Whoever asked for a refund can't approve it."""

    code = "second_administrator_needed"
    detail = "You asked for this refund; another administrator has to approve it."


async def are_needed(session: AsyncSession, payment: Payment, amount: int) -> bool:
    """Whether giving back `amount` by hand takes a second administrator.

    What administrators gave back of this payment before counts, too: many small refunds are a large one.
    """
    most = (await policy.current(session)).limits.refund_alone_up_to
    if most is None:
        return False
    before = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == payment.id,
        Refund.requested_by.is_not(None),
        Refund.status.in_(rules.ON_THE_WAY),
    )
    return int(await session.scalar(before) or 0) + amount > most


async def propose(session: AsyncSession, refund: Refund, now: dt.datetime) -> None:
    """Open an item for the other administrators."""
    await open_items.add(
        session,
        ItemKind.REFUND_PROPOSED,
        _item(refund),
        now,
        payment_id=refund.payment_id,
        money=Money(refund.amount, refund.currency),
        details={"refund_id": str(refund.id), "requested_by": str(refund.requested_by)},
    )


async def approve(
    session: AsyncSession, refund_id: UUID, reason: str, actor: Actor, now: dt.datetime
) -> Refund:
    """Send a proposed refund, or let it wait for the end of a dispute.

    Raises `RefundNotFound`, `RefundNotProposed`, `SecondAdministratorNeeded` or `MoneyGone`.
    """
    refund = await _proposed(session, refund_id)
    if refund.requested_by == actor.user_id:
        raise SecondAdministratorNeeded
    payment = await session.get_one(Payment, refund.of_payment, populate_existing=True)
    # What is given up has this refund in it: proposed, it counts as on its way.
    if await charges.given_up(session, payment.id) > payment.amount:
        raise MoneyGone
    disputed = await charges.is_disputed(session, refund.of_payment)
    refund.status = RefundStatus.WAITING if disputed else RefundStatus.REQUESTED
    refund.due_at = None if disputed else now
    await _decided(session, refund, "payment.refund_approved", reason, actor, now)
    if await charges.given_up(session, payment.id) >= payment.amount:
        await _decide_report(session, payment, now)
    wake_loops(session, "refunds")
    return refund


async def decline(
    session: AsyncSession, refund_id: UUID, reason: str, actor: Actor, now: dt.datetime
) -> Refund:
    """Take a proposed refund back, which also who asked for it may. Raises `RefundNotFound`, `RefundNotProposed`."""
    refund = await _proposed(session, refund_id)
    refund.status, refund.failure_code = RefundStatus.CANCELLED, rules.DECLINED
    await _decided(session, refund, "payment.refund_declined", reason, actor, now)
    await open_items.reopen(session, f"suspense:{refund.payment_id}", now)
    return refund


async def end_those_too_large(session: AsyncSession, payment: Payment, now: dt.datetime) -> None:
    """Cancel the newest proposed refunds of a locked payment for which a bank has left no money."""
    query = select(Refund).where(
        Refund.payment_id == payment.id, Refund.status == RefundStatus.PROPOSED
    )
    for refund in list(await session.scalars(query.order_by(Refund.id.desc()))):
        if await charges.given_up(session, payment.id) <= payment.amount:
            return
        refund.status, refund.failure_code = RefundStatus.CANCELLED, rules.TAKEN_BY_BANK
        why = "the bank gave the money back"
        await _decided(session, refund, "payment.refund_cancelled", why, None, now)


async def has_proposed(session: AsyncSession, payment_id: UUID) -> bool:
    """Whether a refund of a payment waits for a second administrator."""
    query = select(Refund.id).where(
        Refund.payment_id == payment_id, Refund.status == RefundStatus.PROPOSED
    )
    return await session.scalar(query.limit(1)) is not None


async def _decide_report(session: AsyncSession, payment: Payment, now: dt.datetime) -> None:
    """The report of a lead whose whole price goes back needs no other decision."""
    open_report = (
        update(LeadReport)
        .where(LeadReport.match_id == payment.match_id, LeadReport.status == ReportStatus.OPEN)
        .values(status=ReportStatus.REFUNDED, decided_at=now)
        .execution_options(synchronize_session=False)
    )
    await session.execute(open_report)


async def _proposed(session: AsyncSession, refund_id: UUID) -> Refund:
    """Return a proposed refund under its payment's lock, as everything that moves a refund takes it."""
    its_payment = select(Refund.payment_id).where(Refund.id == refund_id).scalar_subquery()
    await session.scalar(select(Payment.id).where(Payment.id == its_payment).with_for_update())
    refund = await session.get(Refund, refund_id, populate_existing=True)
    if refund is None:
        raise RefundNotFound
    if refund.status != RefundStatus.PROPOSED:
        raise RefundNotProposed
    return refund


async def _decided(
    session: AsyncSession,
    refund: Refund,
    action: str,
    reason: str,
    actor: Actor | None,
    now: dt.datetime,
) -> None:
    refund.updated_at = now
    await session.flush()
    audit.record(
        session,
        action,
        refund.of_payment,
        actor,
        now,
        reason=reason,
        after={"amount": refund.amount, "currency": refund.currency, "refund": str(refund.id)},
    )
    await open_items.close_key(session, _item(refund), reason, now)


def _item(refund: Refund) -> str:
    return f"refund_proposed:{refund.id}"
