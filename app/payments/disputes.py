"""Disputes: a cardholder's bank asks for the money back.

While one is open, its employer buys nothing: no page is opened, those that are open are closed at the provider, and
what is paid on one all the same goes back.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.ids import new_id
from app.core.metrics import ALERTS
from app.database.statements import transition_update
from app.database.wakeups import wake_loops
from app.employers.models import Employer
from app.payments import ledger, refunds, rules, suspense
from app.payments.models import Dispute, Payment
from app.payments.provider import DisputeChanged
from app.payments.rules import PaymentAction, PaymentStatus

_ORDER = {"": 0, "inquiry": 1, "opened": 2, "won": 3, "lost": 3}
"""How far a dispute has come: an inquiry may become a dispute, and that ends one way or the other."""


async def has_open(session: AsyncSession, employer_id: UUID) -> bool:
    """Whether a payment of this employer is disputed and nobody has decided yet."""
    query = select(Dispute.id).where(Dispute.employer_id == employer_id, Dispute.status == "opened")
    return await session.scalar(query.limit(1)) is not None


async def record_dispute(session: AsyncSession, change: DisputeChanged, now: dt.datetime) -> None:
    """Record a dispute's status; an event that comes late never takes it back."""
    query = select(Payment).where(Payment.intent_id == change.intent_id).with_for_update()
    payment = await session.scalar(query)
    if payment is None:
        return
    found = select(Dispute).where(Dispute.provider_id == change.provider_id)
    dispute = await session.scalar(found)
    if dispute is None:
        dispute = Dispute(
            id=new_id(),
            provider_id=change.provider_id,
            payment_id=payment.id,
            employer_id=payment.employer_id,
            status="",
            amount=change.amount.amount,
            currency=change.amount.currency,
            created_at=now,
            updated_at=now,
        )
        session.add(dispute)
    before = dispute.status
    if _ORDER[change.status] <= _ORDER[before]:
        return
    dispute.status = change.status
    dispute.updated_at = now
    await session.flush()
    if change.status == "opened":
        ALERTS.labels("dispute_opened").inc()
        await refunds.wait_for_dispute(session, payment.id, now)
        await _close_pages(session, payment.employer_id, now)
    if change.status == "lost":
        in_review = payment.status == PaymentStatus.IN_REVIEW
        await ledger.book(
            session,
            f"dispute_lost:{dispute.id}",
            # Money in suspense is not ours to lose.
            rules.refund(dispute.amount, rules.SUSPENSE)
            if in_review
            else rules.dispute_lost(dispute.amount),
            currency=dispute.currency,
            payment_id=payment.id,
            now=now,
        )
        if in_review:
            await suspense.taken_back(session, payment, now)
    if change.status in {"won", "lost"}:
        await refunds.dispute_ended(session, payment, now)
    audit.record(
        session,
        f"dispute.{change.status}",
        payment.id,
        None,
        now,
        before={"status": before} if before else None,
        after={"status": change.status},
    )


async def _close_pages(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Give up the employer's purchases that are not paid yet, and have their pages closed at the provider."""
    # Under the lock of who begins a purchase: one that saw no dispute is committed before we look.
    employer = select(Employer.id).where(Employer.id == employer_id)
    await session.scalar(employer.with_for_update(key_share=True))
    close = rules.TABLE.only(PaymentAction.CLOSE)
    mine = Payment.employer_id == employer_id
    await session.execute(transition_update(Payment, close, now, mine, check_at=now))
    wake_loops(session, "reconcile_payments")
