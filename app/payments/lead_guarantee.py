"""The lead guarantee: an employer reports a bad lead, and our own evidence decides wherever it can.

report ─▶ refunded      what we know ourselves says that the contact is no good
├▶ checking      nobody answers, says the employer: the worker is asked in the chat
│     ├▶ refunded    they say that nobody reached them, or say nothing for a day
│     └▶ open        they say that somebody did
└▶ open          an administrator decides: refunded or declined
"""

import contextlib
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.attempts.work import Kind, Work
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.database.due import Due
from app.database.statements import insert_if_absent
from app.employers import free_leads
from app.employers.models import Employer
from app.identity.actor import Actor
from app.jobs.models import Job
from app.messaging.outbox.enqueue import notify
from app.offers.mark_unlocked import MatchNotFound
from app.offers.models import JobMatch
from app.payments import four_eyes, lead_evidence, refunds
from app.payments.models import LeadReport, Unlock
from app.payments.rules import RefundStatus, RefundTo, ReportReason, ReportStatus
from app.policy import policy
from app.policy.policy import LimitPolicy

MONTH: Final = dt.timedelta(days=30)
"""Over which reports are counted against the limits."""
FEW_REPORTS: Final = 3
"""So many reports a month are no pattern, whatever their share of the leads."""
UNDECIDED: Final = (ReportStatus.OPEN, ReportStatus.CHECKING)


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


class ReportAwaitsApproval(Conflict):
    """The refund that decides a report waits for a second administrator."""

    code = "report_awaits_approval"
    detail = (
        "The refund of this report waits for a second administrator, who approves or declines it."
    )
    remedy = "Approve or decline the refund; a declined one leaves the report open."


class ReportTooEarly(Conflict):
    """People get some time to answer."""

    code = "report_too_early"
    detail = (
        "Give them time to answer; that nobody does can be reported some time after the purchase."
    )
    remedy = "Report it again later, or with another reason."


class ReportTooLate(Conflict):
    """The guarantee has run out."""

    code = "report_too_late"
    detail = "The time to report this lead is over."


async def report(
    session: AsyncSession,
    actor: Actor,
    match_id: UUID,
    why: ReportReason,
    note: str,
    now: dt.datetime,
    *,
    refund_to: RefundTo = RefundTo.SOURCE,
) -> LeadReport:
    """Note the report and decide it where a rule can; reporting again returns the first report.

    `note` is what the employer writes of it, which may be empty; `refund_to` where they want the money, whoever
    decides. Raises `MatchNotFound`, `MatchNotUnlocked`,
    `ReportTooEarly` (only for `no_answer` without evidence of ours) or `ReportTooLate`.
    """
    own_match = select(JobMatch.id).where(
        JobMatch.id == match_id, JobMatch.employer_id == actor.employer_id
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
    in_force = await policy.current(session)
    deadlines = in_force.deadlines
    age = now - unlock.unlocked_at
    if age > dt.timedelta(hours=deadlines.guarantee_hours):
        raise ReportTooLate
    evidence = await lead_evidence.find(session, unlock, now)
    asks = evidence is None and why is ReportReason.NO_ANSWER
    if asks and age < dt.timedelta(hours=deadlines.no_answer_from):
        raise ReportTooEarly
    if asks:
        asks = await _decides_itself(session, actor.employer_id, in_force.limits, now)
    row = {
        "id": new_id(),
        "match_id": match_id,
        "employer_id": actor.employer_id,
        "kind": why.value,
        "reason": note,
        "refund_to": refund_to.value,
        "status": ReportStatus.CHECKING if asks else ReportStatus.OPEN,
        "decides_by": now + dt.timedelta(hours=deadlines.worker_answers_hours) if asks else None,
        "created_at": now,
    }
    new = await insert_if_absent(session, LeadReport, row)
    made = (await session.scalars(known)).one()
    if not new:
        return made
    audit.record(
        session, "lead.report", match_id, actor, now, reason=note or None, after={"why": why.value}
    )
    if evidence is not None:
        await _refund(session, made, unlock, evidence, now)
    elif asks:
        await _ask_worker(session, made, unlock, now)
    await session.flush()
    return made


async def _decides_itself(
    session: AsyncSession, employer_id: UUID, limits: LimitPolicy, now: dt.datetime
) -> bool:
    """Whether silence may still decide for this company; one that reports more often waits for a person.

    The employer's row stays locked: reports sent at the same time are counted one after the other.
    """
    row = select(Employer.id).where(Employer.id == employer_id)
    await session.execute(row.with_for_update(key_share=True))
    figures = await reported_lately(session, employer_id, now)
    if figures.reports >= limits.reports_deciding_themselves_per_month:
        return False
    share = (figures.reports + 1) / max(figures.leads, 1)
    return figures.reports < FEW_REPORTS or share <= limits.reports_deciding_themselves_share


@dataclass(frozen=True)
class ReportFigures:
    """How often a company reported leads in the last 30 days, and how many it bought."""

    reports: int
    leads: int


async def reported_lately(
    session: AsyncSession, employer_id: UUID, now: dt.datetime
) -> ReportFigures:
    """Return how many leads a company reported, and how many it bought, in the last 30 days."""
    reports = select(func.count()).where(
        LeadReport.employer_id == employer_id, LeadReport.created_at > now - MONTH
    )
    leads = select(func.count()).where(
        Unlock.employer_id == employer_id, Unlock.unlocked_at > now - MONTH
    )
    return ReportFigures(await session.scalar(reports) or 0, await session.scalar(leads) or 0)


async def _ask_worker(
    session: AsyncSession, report: LeadReport, unlock: Unlock, now: dt.datetime
) -> None:
    about = (
        select(Job.title, Employer.company_name)
        .join(Employer, Employer.id == Job.employer_id)
        .join(JobMatch, JobMatch.job_id == Job.id)
        .where(JobMatch.id == unlock.match_id)
    )
    title, company = (await session.execute(about)).one()
    decides_by = report.decides_by.isoformat() if report.decides_by else ""
    await notify(
        session,
        unlock.worker_id,
        "lead_reached",
        {
            "offer_id": str(unlock.match_id),
            "company": company,
            "title": title,
            "decides_by": decides_by,
        },
        key=str(report.id),
        now=now,
        subject_id=unlock.match_id,
        expires_at=report.decides_by,
    )


async def answer(
    session: AsyncSession, worker_id: UUID, match_id: UUID, *, reached: bool, now: dt.datetime
) -> None:
    """Note what the worker says: nobody reached them and the money goes back, or an administrator decides.

    An answer to what is decided already changes nothing. Raises `MatchNotFound`.
    """
    unlock = await session.scalar(
        select(Unlock).where(Unlock.match_id == match_id, Unlock.worker_id == worker_id)
    )
    if unlock is None:
        raise MatchNotFound
    query = select(LeadReport).where(LeadReport.match_id == match_id).with_for_update()
    row = await session.scalar(query.execution_options(populate_existing=True))
    if row is None or row.status != ReportStatus.CHECKING:
        return
    audit.record(session, "report.answer", match_id, None, now, after={"reached": reached})
    if reached:
        row.status, row.decides_by = ReportStatus.OPEN, None
    else:
        await _refund(session, row, unlock, "worker_not_reached", now)
    await session.flush()


REPORTS_DUE: Final = Due(
    LeadReport.status == ReportStatus.CHECKING.value, LeadReport.decides_by <= bindparam("now")
)
REPORTS: Final = Work(
    Kind.LEAD_REPORT, "lead_reports", LeadReport.id, LeadReport.decides_by, REPORTS_DUE
)


async def decide_due(
    session: AsyncSession, now: dt.datetime, _limit: int, report_ids: Sequence[UUID]
) -> int:
    """Give the money back where the worker said nothing in time; return how many reports that decided."""
    query = (
        select(LeadReport, Unlock)
        .join(Unlock, Unlock.match_id == LeadReport.match_id)
        .where(LeadReport.id.in_(report_ids), *REPORTS_DUE.conditions)
        .with_for_update(of=LeadReport, skip_locked=True)
    )
    found = (await session.execute(query, {"now": now})).all()
    for row, unlock in found:
        await _refund(session, row, unlock, "no_answer", now)
    await session.flush()
    return len(found)


async def _refund(
    session: AsyncSession, report: LeadReport, unlock: Unlock, why: str, now: dt.datetime
) -> None:
    """Decide a report by a rule: the money goes back."""
    report.status, report.decided_at = ReportStatus.REFUNDED, now
    audit.record(session, "report.refund", unlock.match_id, None, now, after={"why": why})
    await _give_back(session, report, unlock, why, None, now)


async def _give_back(
    session: AsyncSession,
    report: LeadReport,
    unlock: Unlock,
    reason: str,
    actor: Actor | None,
    now: dt.datetime,
) -> bool:
    """Ask for the refund; return whether it waits for a second administrator.

    In the place of a lead that was free the company may have another.
    """
    if await free_leads.give_back(session, unlock.payment_id, now):
        return False
    # What went back before, by an administrator's hand, can't go back twice.
    with contextlib.suppress(refunds.PaymentNotRefundable):
        made = await refunds.request(
            session,
            unlock.payment_id,
            None,
            reason,
            actor,
            now,
            refund_to=RefundTo(report.refund_to),
        )
        return made.status == RefundStatus.PROPOSED
    return False


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

    A refund that takes a second administrator leaves the report open until that one approves (`four_eyes`). Raises
    `ReportNotFound`, `ReportDecided`, `ReportAwaitsApproval` or `PaymentDisputed`.
    """
    row = await session.get(LeadReport, report_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise ReportNotFound
    if row.status not in UNDECIDED:
        raise ReportDecided
    before = row.status
    unlock = (await session.scalars(select(Unlock).where(Unlock.match_id == row.match_id))).one()
    if await four_eyes.has_proposed(session, unlock.payment_id):
        raise ReportAwaitsApproval
    proposed = refund and await _give_back(session, row, unlock, reason, actor, now)
    if proposed:
        row.status, row.decides_by = ReportStatus.OPEN, None
    else:
        row.status = ReportStatus.REFUNDED if refund else ReportStatus.DECLINED
        row.decided_at = now
    audit.record(
        session,
        "report.refund" if refund else "report.decline",
        row.match_id,
        actor,
        now,
        reason=reason,
        before={"status": before},
        after={"status": row.status},
    )
    await session.flush()
    return row
