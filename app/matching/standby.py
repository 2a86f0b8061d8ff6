"""Give free places to those who stand by: within a minute of a withdrawal, whoever has waited longest first."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work, put_off
from app.database.due import Due
from app.database.statements import is_one_of, table
from app.identity.models import User, UserStatus
from app.jobs.models import Job, JobStatus
from app.jobs.queries import get_job
from app.matching.hours import DateRange, JobHours, Schedule, hours_of
from app.matching.load import accepted_jobs, job_facts, time_off_of
from app.matching.refusals import sleeps_through
from app.matching.rules import enough
from app.offers import respond, standby
from app.offers.job_lock import LockedJob, lock_jobs
from app.offers.models import JobMatch
from app.offers.reconsider import may_be_asked
from app.offers.rules import OfferStatus
from app.policy import policy
from app.workers.models import Worker
from app.workers.quiet_hours import find_quiet_hours

_JOB: Final = table(Job).c
_WAITS: Final = (
    select(JobMatch.job_id)
    .where(JobMatch.standby_at.is_not(None), JobMatch.status == OfferStatus.CLOSED.value)
    .scalar_subquery()
)
PLACES_DUE: Final = Due(
    is_one_of(_JOB.status, [JobStatus.PUBLISHED]),
    _JOB.accepted < _JOB.accept_limit,
    or_(_JOB.closes_at.is_(None), _JOB.closes_at > bindparam("now")),
    _JOB.id.in_(_WAITS),
    # A restricted or suspended employer's jobs take nobody, until that is lifted.
    exists().where(User.id == _JOB.employer_id, User.status == UserStatus.ACTIVE.value),
)
PLACES: Final = Work(Kind.STANDBY, "standby", Job.id, Job.closes_at, PLACES_DUE)
PASSED_OVER: Final = dt.timedelta(minutes=1)
"""So long a job is left alone whose free places nobody awake waits for: they may wake, and others may come."""
_FREE: Final = select(Job.id).where(*PLACES_DUE.conditions).limit(bindparam("limit", type_=Integer))
_STILL_FREE: Final = select(Job.id).where(
    *PLACES_DUE.conditions, Job.id.in_(bindparam("ids", expanding=True))
)
_LOCKED_WORKERS: Final = (
    select(Worker.id)
    .where(
        Worker.id.in_(
            select(JobMatch.worker_id).where(
                JobMatch.job_id.in_(bindparam("ids", expanding=True)),
                JobMatch.standby_at.is_not(None),
                JobMatch.status == OfferStatus.CLOSED,
            )
        )
    )
    .order_by(Worker.id)
    .with_for_update(key_share=True)
)
_IN_TURN: Final = (
    select(JobMatch.id, JobMatch.worker_id, User.status, Worker.stopped_at, Worker.time_zone)
    .join(User, User.id == JobMatch.worker_id)
    .join(Worker, Worker.id == JobMatch.worker_id)
    .where(
        JobMatch.job_id == bindparam("job_id"),
        JobMatch.standby_at.is_not(None),
        JobMatch.status == OfferStatus.CLOSED,
    )
    .order_by(JobMatch.standby_at, JobMatch.id)
)


async def promote_due(
    session: AsyncSession, now: dt.datetime, limit: int, only: Sequence[UUID] | None = None
) -> int:
    """Give free places of up to `limit` jobs to those who stand by; return how many were given.

    Whoever cannot or may not come any more waits no longer (`_Waiting.can_come`); nobody is booked twice. Whoever sleeps
    until the job closes is passed over, and waits on: they may wake, and the job is looked at again after
    `PASSED_OVER`. A job that another transaction has locked is left for the next call.
    """
    query = _FREE if only is None else _FREE.where(Job.id.in_(only))
    due = (await session.scalars(query, {"now": now, "limit": limit})).all()
    jobs = await lock_jobs(session, due, skip_locked=True)
    # Asked again, now that nobody changes the jobs: an employer may have been suspended meanwhile.
    free = await session.scalars(_STILL_FREE, {"now": now, "ids": list(jobs)})
    ids = sorted(free)
    # Whoever waits for two jobs of the same hours gets one of them, also where two processes promote at once.
    await session.execute(_LOCKED_WORKERS, {"ids": ids})
    share = (await policy.current(session)).matching.minimum_availability_share if ids else 0.0
    return sum([await _promote(session, jobs[job_id], share, now) for job_id in ids])


async def _promote(
    session: AsyncSession, locked: LockedJob, minimum_share: float, now: dt.datetime
) -> int:
    """Give the free places of one locked job; the waiting workers are locked too."""
    job = await get_job(session, locked.id, lock=True)
    in_turn = (await session.execute(_IN_TURN, {"job_id": job.id})).all()
    ids = [row.worker_id for row in in_turn]
    quiet = await find_quiet_hours(session, ids)
    waiting = await _waiting(session, job, ids, minimum_share, now)
    places, count, asleep = locked.accept_limit - locked.accepted, 0, 0
    for row in in_turn:
        if count == places:
            break
        is_there = row.status == UserStatus.ACTIVE and row.stopped_at is None
        can_come = is_there and waiting.can_come(row.worker_id, row.time_zone)
        if not (can_come and await may_be_asked(session, row.id)):
            await standby.forget(session, [row.id], now)
        elif sleeps_through(quiet.get(row.worker_id), job.closes_at, now):
            asleep += 1
        else:
            await respond.promote(session, locked, row.worker_id, row.id, now)
            count += 1
    if asleep and count < places:
        await put_off(session, PLACES, job.id, now, now + PASSED_OVER)
    return count


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What those who wait for a job have done with its hours meanwhile."""

    hours: JobHours
    minimum_share: float
    busy: Mapping[UUID, Sequence[Schedule]]
    days_off: Mapping[UUID, Sequence[DateRange]]

    def can_come(self, worker_id: UUID, time_zone: str) -> bool:
        """Whether they have no other work in these hours, and not too many of them off."""
        if self.hours.clashes(self.busy.get(worker_id, ())):
            return False
        off = self.hours.minutes_on_days_off(self.days_off.get(worker_id, ()), time_zone)
        return off == 0 or enough(self.hours.minutes - off, self.hours.minutes, self.minimum_share)


async def _waiting(
    session: AsyncSession,
    job: Job,
    worker_ids: Sequence[UUID],
    minimum_share: float,
    now: dt.datetime,
) -> _Waiting:
    facts = await job_facts(session, job, now)
    return _Waiting(
        hours_of(facts.schedule),
        minimum_share,
        await accepted_jobs(session, worker_ids, facts),
        await time_off_of(session, worker_ids, facts),
    )
