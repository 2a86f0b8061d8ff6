"""Disputes: a cardholder's bank asks for the money back, of leads or of a top-up.

While one is open, its employer buys nothing: no page is opened, those that are open are closed at the provider, and
what is paid on one all the same goes back.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict
from app.core.ids import new_id
from app.core.metrics import ALERTS
from app.employers.models import Employer
from app.payments import dispute_books, orders, refunds, top_up_returns
from app.payments.models import Dispute
from app.payments.provider import DisputeChanged
from app.payments.rules import DECIDED, DisputeStatus

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
    before, paid = dispute.status, top_up or payments
    if not _is_news(dispute, change, now, asked=asked):
        await session.flush()
        await dispute_books.book_moves(session, paid, dispute, change, now, is_news=False)
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
    await dispute_books.book_moves(session, paid, dispute, change, now, is_news=True)
    await dispute_books.book_decision(session, paid, dispute, before, now)
    if change.status in DECIDED:
        if await dispute_books.is_unsettled(session, dispute):
            dispute.check_at = now + ASK_EVERY
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


async def _close_pages(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Give up the employer's purchases that are not paid yet, and have their pages closed at the provider."""
    # Under the lock of who begins a purchase: one that saw no dispute is committed before we look.
    employer = select(Employer.id).where(Employer.id == employer_id)
    await session.scalar(employer.with_for_update(key_share=True))
    await orders.close_of(session, employer_id, now)
