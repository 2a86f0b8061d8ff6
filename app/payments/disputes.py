"""Disputes: a cardholder's bank asks for the money back, of leads or of a top-up.

While one is open, its employer buys nothing: no page is opened, those that are open are closed at the provider, and
what is paid on one all the same goes back.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict
from app.core.ids import new_id
from app.core.metrics import ALERTS
from app.employers.models import Employer
from app.payments import ledger, orders, refunds, rules, suspense, top_up_returns
from app.payments.models import Dispute, LedgerTransaction, Payment
from app.payments.provider import DisputeChanged
from app.payments.rules import DECIDED, DisputeStatus, Posting
from app.payments.top_up_returns import PaidTopUp

_ORDER: Final = {
    "": 0,
    DisputeStatus.INQUIRY: 1,
    DisputeStatus.OPENED: 2,
    DisputeStatus.WON: 3,
    DisputeStatus.LOST: 3,
}
"""How far a dispute has come: an inquiry may become a dispute, and that ends one way or the other; seldom it is
decided anew."""
ASK_EVERY: Final = dt.timedelta(hours=6)
"""How often the provider is asked about an open one; banks take weeks."""


class DisputeOpen(Conflict):
    """The employer's bank is asking for money back."""

    code = "dispute_open"
    detail = "A payment of yours is disputed; further leads can be unlocked once that is settled."


async def has_open(session: AsyncSession, employer_id: UUID) -> bool:
    """Whether a payment of this employer is disputed and nobody has decided yet."""
    query = select(Dispute.id).where(
        Dispute.employer_id == employer_id, Dispute.status == DisputeStatus.OPENED
    )
    return await session.scalar(query.limit(1)) is not None


async def record_dispute(
    session: AsyncSession, change: DisputeChanged, now: dt.datetime, *, asked: bool = False
) -> bool:
    """Record a dispute's status; an event that comes late never takes it back. False for an unknown payment.

    `asked` is for what the provider answered just now, which is true whatever was told before.
    """
    payments = await orders.payments_of_charge(session, change.intent_id)
    top_up = None if payments else await top_up_returns.find_paid(session, change.intent_id)
    if top_up is not None:
        employer_id, about = top_up.order.employer_id, top_up.order.id
    elif payments:
        employer_id, about = payments[0].employer_id, payments[0].id
    else:
        return False
    found = select(Dispute).where(Dispute.provider_id == change.provider_id)
    dispute = await session.scalar(found)
    if dispute is None:
        dispute = Dispute(
            id=new_id(),
            provider_id=change.provider_id,
            payment_id=None if top_up else about,
            order_id=about if top_up else None,
            employer_id=employer_id,
            status="",
            amount=change.amount.amount,
            currency=change.amount.currency,
            created_at=now,
            updated_at=now,
        )
        session.add(dispute)
    before = dispute.status
    if not _is_news(dispute, change, now, asked=asked):
        await session.flush()
        return True
    dispute.status, dispute.changed_at = change.status, change.at or now
    dispute.check_at = None if change.status in DECIDED else now + ASK_EVERY
    dispute.updated_at = now
    await session.flush()
    if change.status is DisputeStatus.OPENED:
        ALERTS.labels("dispute_opened").inc()
        for each in payments:
            await refunds.wait_for_dispute(session, each.id, now)
        await _close_pages(session, employer_id, now)
    await _book(session, top_up or payments, dispute, before, now)
    if change.status in DECIDED:
        for each in payments:
            await refunds.dispute_ended(session, each, now)
    audit.record(
        session,
        f"dispute.{change.status}",
        about,
        None,
        now,
        before={"status": before} if before else None,
        after={"status": change.status},
    )
    return True


def _is_news(dispute: Dispute, change: DisputeChanged, now: dt.datetime, *, asked: bool) -> bool:
    """Whether `change` is later than what we know; where nobody can tell, the provider is asked."""
    rank, known = _ORDER[change.status], _ORDER[dispute.status]
    if rank != known or change.status == dispute.status:
        return rank > known
    # Won or lost, and told the other way before.
    at, told_at = change.at, dispute.changed_at
    if asked or (at is not None and told_at is not None and at > told_at):
        return True
    if at is None or told_at is None or at == told_at:
        dispute.check_at = now
    return False


async def _book(
    session: AsyncSession,
    paid: PaidTopUp | Sequence[Payment],
    dispute: Dispute,
    before: str,
    now: dt.datetime,
) -> None:
    """Book what a bank took for good, and what it gave back after all."""
    if DisputeStatus.LOST not in {dispute.status, before}:
        return
    is_lost = dispute.status == DisputeStatus.LOST
    earlier = select(func.count()).where(
        LedgerTransaction.provider_ref == dispute.provider_id,
        LedgerTransaction.kind == "dispute_reinstated",
    )
    times = await session.scalar(earlier) or 0
    again = f":{times}" if times else ""
    lost, given = f"dispute_lost:{dispute.id}{again}", f"dispute_reinstated:{dispute.id}{again}"
    at, ref = dispute.changed_at, dispute.provider_id
    if isinstance(paid, PaidTopUp):
        if is_lost:
            await top_up_returns.take(session, paid, lost, dispute.money, now, ref=ref, at=at)
        else:
            await top_up_returns.put_back(session, paid, lost, given, now, ref, at=at)
        return
    if is_lost:
        await ledger.book(
            session,
            lost,
            _losses(paid, dispute),
            currency=dispute.currency,
            payment_id=paid[0].id,
            now=now,
            occurred_at=at,
            provider=await orders.provider_of(session, paid[0]),
            provider_ref=ref,
        )
    else:
        await ledger.book_opposite(session, lost, given, now=now, occurred_at=at, provider_ref=ref)
    for payment in filter(_suspended, paid):
        await suspense.taken_back(session, payment, now, again=not is_lost)


def _losses(payments: Sequence[Payment], dispute: Dispute) -> list[Posting]:
    """Return the sides of a dispute that was lost: of each payment of the charge its share."""
    lost: list[Posting] = []
    divided = rules.shares(dispute.amount, [payment.amount for payment in payments])
    for payment, share in zip(payments, divided, strict=True):
        # Money in suspense is not ours to lose.
        lost += (
            rules.refund(share, rules.SUSPENSE)
            if _suspended(payment)
            else rules.dispute_lost(share)
        )
    return lost


def _suspended(payment: Payment) -> bool:
    return payment.failure_code == rules.MISMATCH


async def _close_pages(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Give up the employer's purchases that are not paid yet, and have their pages closed at the provider."""
    # Under the lock of who begins a purchase: one that saw no dispute is committed before we look.
    employer = select(Employer.id).where(Employer.id == employer_id)
    await session.scalar(employer.with_for_update(key_share=True))
    await orders.close_of(session, employer_id, now)
