"""Figures of the dashboards of workers and employers."""

import datetime as dt
from dataclasses import dataclass
from statistics import median
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.database.statements import is_one_of, past_index, table
from app.jobs.models import Job, JobStatus
from app.offers.effective_status import effective_status
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus, acceptance_rate
from app.payments import contacts
from app.payments.models import Unlock
from app.policy import policy
from app.workers.models import Worker, WorkerAvailability
from app.workers.rules import completeness

LATEST = 200
"""Medians are taken over this many of the latest answers or jobs: recent, and cheap."""


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """A worker's offers by status, and how quickly the worker answers."""

    offers: dict[OfferStatus, int]
    unlocked: int
    median_response_minutes: float | None
    """From offer to answer; None before the first answer."""
    profile_completeness: float
    """0 to 1."""

    @property
    def acceptance_rate(self) -> float | None:
        """Accepted of all settled offers, 0 to 1; None while none is settled."""
        return _acceptance_rate(self.offers)


@dataclass(frozen=True, slots=True)
class EmployerFigures:
    """An employer's jobs and matches by status, spending, and how quickly a job finds a worker."""

    jobs: dict[JobStatus, int]
    matches: dict[OfferStatus, int]
    leads_unlocked: int
    median_minutes_to_first_accept: float | None
    """From publishing to the first acceptance; None before there was one."""
    spend: Money
    """Paid less refunds, in the currency of today's prices."""
    spend_in_other_currencies: list[Money]

    @property
    def acceptance_rate(self) -> float | None:
        """Accepted of all settled matches, 0 to 1; None while none is settled."""
        return _acceptance_rate(self.matches)


def _acceptance_rate(by_status: dict[OfferStatus, int]) -> float | None:
    return acceptance_rate(
        by_status[OfferStatus.ACCEPTED],
        by_status[OfferStatus.REJECTED],
        by_status[OfferStatus.EXPIRED],
        by_status[OfferStatus.WITHDRAWN],
    )


async def of_worker(session: AsyncSession, worker_id: UUID, now: dt.datetime) -> WorkerFigures:
    """Return a worker's figures."""
    mine = JobMatch.worker_id == worker_id
    by_status, unlocked = await _matches(session, mine, now)
    query = (
        select(JobMatch.offered_at, JobMatch.responded_at)
        .where(mine, JobMatch.responded_at.is_not(None))
        .order_by(JobMatch.id.desc())
        .limit(LATEST)
    )
    answers = (await session.execute(query)).all()
    return WorkerFigures(
        by_status,
        unlocked,
        _median_minutes([at - offered for offered, at in answers if at is not None]),
        await _profile_completeness(session, worker_id),
    )


async def _profile_completeness(session: AsyncSession, worker_id: UUID) -> float:
    """Return how complete a worker's profile is, 0 to 1."""
    hours = exists().where(WorkerAvailability.worker_id == Worker.id)
    query = select(
        Worker.latitude, Worker.skills, Worker.bio, Worker.bio_sealed, hours.label("hours")
    )
    row = (await session.execute(query.where(Worker.id == worker_id))).one()
    return completeness(
        located=row.latitude is not None,
        skills=bool(row.skills),
        hours=row.hours,
        bio=bool(row.bio_sealed or row.bio),
    )


async def of_employer(
    session: AsyncSession, employer_id: UUID, now: dt.datetime
) -> EmployerFigures:
    """Return an employer's figures."""
    by_status = await _employers_matches(session, employer_id, now)
    bought = select(func.count()).where(Unlock.employer_id == employer_id)
    unlocked = await session.scalar(bought) or 0
    jobs = dict.fromkeys(JobStatus, 0)
    counted = select(Job.status, func.count()).where(Job.employer_id == employer_id)
    for status, count in await session.execute(counted.group_by(Job.status)):
        jobs[JobStatus(status)] = count
    latest = (
        select(Job.id, Job.published_at)
        .where(Job.employer_id == employer_id, Job.published_at.is_not(None))
        .order_by(Job.id.desc())
        .limit(LATEST)
        .subquery()
    )
    # An acceptance that was withdrawn later counts: the job had found a worker then.
    first = (
        select(latest.c.published_at, func.min(JobMatch.responded_at))
        .join(JobMatch, JobMatch.job_id == latest.c.id)
        .where(
            JobMatch.status.in_((OfferStatus.ACCEPTED, OfferStatus.WITHDRAWN)),
            JobMatch.responded_at >= latest.c.published_at,  # not from before a reopening
        )
        .group_by(latest.c.id, latest.c.published_at)
    )
    took = [accepted - published for published, accepted in await session.execute(first)]
    currency = (await policy.current(session)).lead_prices.currency
    spent = await contacts.spent_by(session, employer_id)
    return EmployerFigures(
        jobs,
        by_status,
        unlocked,
        _median_minutes(took),
        next((money for money in spent if money.currency == currency), Money(0, currency)),
        [money for money in spent if money.currency != currency and money.amount],
    )


async def _employers_matches(
    session: AsyncSession, employer_id: UUID, now: dt.datetime
) -> dict[OfferStatus, int]:
    """Return how many matches of an employer stand where: by the index on status, of which there may be many."""
    mine = JobMatch.employer_id == employer_id
    by_status = dict.fromkeys(OfferStatus, 0)
    kept = select(JobMatch.status, func.count()).where(mine).group_by(JobMatch.status)
    for name, count in await session.execute(kept):
        by_status[OfferStatus(name)] = count
    # By the index on deadlines: of everybody's offers few are overdue and not closed yet, but an employer's open ones
    # may be many.
    whose = past_index(session, JobMatch.employer_id)
    open_ = is_one_of(table(JobMatch).c.status, [OfferStatus.OFFERED])
    overdue = select(func.count()).where(whose == employer_id, open_, JobMatch.respond_by <= now)
    late = await session.scalar(overdue) or 0
    by_status[OfferStatus.OFFERED] -= late
    by_status[OfferStatus.EXPIRED] += late
    return by_status


async def _matches(
    session: AsyncSession, which: ColumnElement[bool], now: dt.datetime
) -> tuple[dict[OfferStatus, int], int]:
    # By the label: with bound values inside, PostgreSQL takes a repeated expression for another one.
    standing = effective_status(now).label("standing")
    query = (
        select(standing, func.count(), func.count(JobMatch.unlocked_at))
        .where(which)
        .group_by("standing")
    )
    by_status = dict.fromkeys(OfferStatus, 0)
    unlocked = 0
    for name, count, opened in await session.execute(query):
        by_status[OfferStatus(name)] = count
        unlocked += opened
    return by_status, unlocked


def _median_minutes(took: list[dt.timedelta]) -> float | None:
    return round(median(t.total_seconds() for t in took) / 60, 1) if took else None
