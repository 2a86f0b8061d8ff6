"""The lead guarantee: an employer reports a bad lead."""

import contextlib
import datetime as dt
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.database.statements import insert_if_absent
from app.identity.actor import Actor
from app.identity.models import User, UserStatus
from app.messaging.models import OutboxMessage, OutboxState
from app.offers.mark_unlocked import MatchNotFound
from app.offers.models import JobMatch
from app.payments import refunds
from app.payments.models import LeadReport, Unlock
from app.payments.rules import ReportStatus
from app.policy import policy

UNREACHABLE = "131026"
"""WhatsApp's error for a number that can't receive its messages."""


class MatchNotUnlocked(Conflict):
    """Only a lead that was bought can be reported."""

    code = "match_not_unlocked"
    detail = "Unlock the contact first; only a lead you bought can be reported."


class ReportNotFound(NotFound):
    """There is no such report."""

    code = "report_not_found"
    detail = "There is no such report."


class ReportDecided(Conflict):
    """A report is decided once."""

    code = "report_decided"
    detail = "This report was decided before."


class ReportTooLate(Conflict):
    """The guarantee has run out."""

    code = "report_too_late"
    detail = "The time to report this lead is over."


async def report(
    session: AsyncSession, actor: Actor, match_id: UUID, reason: str, now: dt.datetime
) -> LeadReport:
    """Note the report and decide it where a rule can; reporting again returns the first report.

    A number that proved unreachable is refunded at once, and so is a contact whose worker has erased the
    account meanwhile; everything else waits for an administrator.
    Raises `MatchNotFound`, `MatchNotUnlocked` or `ReportTooLate`.
    """
    own_match = select(JobMatch.id).where(
        JobMatch.id == match_id, JobMatch.employer_id == actor.user_id
    )
    if await session.scalar(own_match) is None:
        raise MatchNotFound
    unlock = await session.scalar(select(Unlock).where(Unlock.match_id == match_id))
    if unlock is None:
        raise MatchNotUnlocked
    known = select(LeadReport).where(LeadReport.match_id == match_id)
    first: LeadReport | None = await session.scalar(known)
    if first is not None:
        return first
    hours = (await policy.current(session)).deadlines.guarantee_hours
    if now > unlock.unlocked_at + dt.timedelta(hours=hours):
        raise ReportTooLate
    report = {
        "id": new_id(),
        "match_id": match_id,
        "employer_id": actor.user_id,
        "reason": reason,
        "status": ReportStatus.OPEN,
        "created_at": now,
    }
    new = await insert_if_absent(session, LeadReport, report)
    made = (await session.scalars(known)).one()
    if new:
        audit.record(session, "lead.report", match_id, actor, now, reason=reason)
        why = await _no_good(session, unlock)
        if why is not None:
            await _give_back(session, unlock, why, None, now)
            made.status, made.decided_at = ReportStatus.REFUNDED, now
    return made


async def _give_back(
    session: AsyncSession, unlock: Unlock, reason: str, actor: Actor | None, now: dt.datetime
) -> None:
    # What went back before, by an administrator's hand, can't go back twice.
    with contextlib.suppress(refunds.PaymentNotRefundable):
        await refunds.request(session, unlock.payment_id, None, reason, actor, now)


async def decide(
    session: AsyncSession,
    report_id: UUID,
    *,
    refund: bool,
    reason: str,
    actor: Actor,
    now: dt.datetime,
) -> LeadReport:
    """Let an administrator decide an open report: the money goes back, or it does not.

    Raises `ReportNotFound` or `ReportDecided`.
    """
    row = await session.get(LeadReport, report_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise ReportNotFound
    if row.status != ReportStatus.OPEN:
        raise ReportDecided
    row.status = ReportStatus.REFUNDED if refund else ReportStatus.DECLINED
    row.decided_at = now
    if refund:
        query = select(Unlock).where(Unlock.match_id == row.match_id)
        await _give_back(session, (await session.scalars(query)).one(), reason, actor, now)
    audit.record(
        session,
        "report.refund" if refund else "report.decline",
        row.match_id,
        actor,
        now,
        reason=reason,
        before={"status": ReportStatus.OPEN.value},
        after={"status": row.status},
    )
    await session.flush()
    return row


async def _no_good(session: AsyncSession, unlock: Unlock) -> str | None:
    """Why the contact is no good beyond doubt, or None where somebody has to judge.

    A message failed since they accepted (that an older one did says nothing any more), or they are gone.
    """
    worker = select(User.status).where(User.id == unlock.worker_id)
    if await session.scalar(worker) == UserStatus.ERASED:
        return "account_erased"
    accepted_at = select(JobMatch.responded_at).where(JobMatch.id == unlock.match_id)
    query = select(OutboxMessage.id).where(
        OutboxMessage.created_at >= accepted_at.scalar_subquery(),
        OutboxMessage.user_id == unlock.worker_id,
        OutboxMessage.error_code == UNREACHABLE,
        OutboxMessage.state.in_([OutboxState.FAILED, OutboxState.DEAD]),
    )
    return "unreachable" if await session.scalar(query.limit(1)) is not None else None
