"""What there is to know of a reported lead in one view: the lead, the money, our messages, and what both reported before."""

import datetime as dt
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers.models import Employer
from app.identity.models import User
from app.jobs.models import Job
from app.messaging.models import OutboxMessage
from app.offers.models import JobMatch
from app.payments import lead_evidence
from app.payments.lead_guarantee import ReportNotFound
from app.payments.models import LeadReport, Payment, Unlock

_MESSAGES: Final = 30
_BEFORE: Final = 10


class MessageFacts(NamedTuple):
    """One message of ours to the worker since the acceptance; what it says is not shown."""

    at: dt.datetime
    kind: str
    channel: str
    state: str
    error_code: str | None


class EarlierReport(NamedTuple):
    """Another report by the same company, or about the same worker."""

    id: UUID
    at: dt.datetime
    kind: str
    status: str
    by_same_company: bool
    about_same_worker: bool


class Evidence(NamedTuple):
    """What there is to know."""

    job_id: UUID
    job_title: str
    employer_id: UUID
    company_name: str
    worker_id: UUID
    worker_name: str
    worker_status: str
    offered_at: dt.datetime
    responded_at: dt.datetime | None
    unlocked_at: dt.datetime | None
    payment: Payment | None
    known: str | None
    """Why the contact is no good beyond doubt, as `lead_evidence.find` says; None where somebody has to judge."""
    messages: list[MessageFacts]
    earlier: list[EarlierReport]


async def evidence_of(session: AsyncSession, report_id: UUID, now: dt.datetime) -> Evidence:
    """Return what there is to know of a report. Raises `ReportNotFound`."""
    query = (
        select(LeadReport, JobMatch, Job.title, Employer.company_name, User.name, User.status)
        .join(JobMatch, JobMatch.id == LeadReport.match_id)
        .join(Job, Job.id == JobMatch.job_id)
        .join(Employer, Employer.id == LeadReport.employer_id)
        .join(User, User.id == JobMatch.worker_id)
        .where(LeadReport.id == report_id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise ReportNotFound
    report, match, title, company, worker_name, worker_status = row
    bought = select(Unlock).where(Unlock.match_id == match.id)
    unlock = await session.scalar(bought)
    paid = select(Payment).where(Payment.match_id == match.id).order_by(Payment.id.desc()).limit(1)
    return Evidence(
        job_id=match.job_id,
        job_title=title,
        employer_id=report.employer_id,
        company_name=company,
        worker_id=match.worker_id,
        worker_name=worker_name,
        worker_status=worker_status,
        offered_at=match.offered_at,
        responded_at=match.responded_at,
        unlocked_at=match.unlocked_at,
        payment=await session.scalar(paid),
        known=await lead_evidence.find(session, unlock, now) if unlock is not None else None,
        messages=await _messages(session, match),
        earlier=await _earlier(session, report, match.worker_id),
    )


async def _messages(session: AsyncSession, match: JobMatch) -> list[MessageFacts]:
    since = match.responded_at or match.offered_at
    query = (
        select(
            OutboxMessage.created_at,
            OutboxMessage.kind,
            OutboxMessage.channel,
            OutboxMessage.state,
            OutboxMessage.error_code,
        )
        .where(OutboxMessage.user_id == match.worker_id, OutboxMessage.created_at >= since)
        .order_by(OutboxMessage.id.desc())
        .limit(_MESSAGES)
    )
    return [MessageFacts(*row) for row in await session.execute(query)]


async def _earlier(
    session: AsyncSession, report: LeadReport, worker_id: UUID
) -> list[EarlierReport]:
    query = (
        select(
            LeadReport.id,
            LeadReport.created_at,
            LeadReport.kind,
            LeadReport.status,
            LeadReport.employer_id == report.employer_id,
            JobMatch.worker_id == worker_id,
        )
        .join(JobMatch, JobMatch.id == LeadReport.match_id)
        .where(
            LeadReport.id != report.id,
            (LeadReport.employer_id == report.employer_id) | (JobMatch.worker_id == worker_id),
        )
        .order_by(LeadReport.id.desc())
        .limit(_BEFORE)
    )
    return [EarlierReport(*row) for row in await session.execute(query)]
