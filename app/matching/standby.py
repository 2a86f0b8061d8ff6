"""Give free places to those who stand by: within a minute of a withdrawal, whoever has waited longest first."""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work
from app.database.due import Due
from app.database.statements import is_one_of, table
from app.identity.models import User, UserStatus
from app.jobs.models import Job, JobStatus
from app.jobs.queries import get_job
from app.matching.hours import hours_of
from app.matching.load import accepted_jobs, job_facts
from app.offers import respond, standby
from app.offers.job_lock import lock_jobs
from app.offers.models import JobMatch
from app.offers.reconsider import may_be_asked
from app.offers.rules import OfferStatus

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
)
PLACES: Final = Work(Kind.STANDBY, "standby", Job.id, Job.closes_at, PLACES_DUE)
_FREE: Final = select(Job.id).where(*PLACES_DUE.conditions).limit(bindparam("limit", type_=Integer))
_IN_TURN: Final = (
    select(JobMatch.id, JobMatch.worker_id, User.status)
    .join(User, User.id == JobMatch.worker_id)
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

    Whoever has given these hours away meanwhile, is blocked or not active waits no longer: nobody is booked twice. A job
    that another transaction has locked is left for the next call.
    """
    query = _FREE if only is None else _FREE.where(Job.id.in_(only))
    due = (await session.scalars(query, {"now": now, "limit": limit})).all()
    jobs = await lock_jobs(session, due, skip_locked=True)
    count = 0
    for locked in jobs.values():
        job = await get_job(session, locked.id, lock=True)
        waiting = (await session.execute(_IN_TURN, {"job_id": job.id})).all()
        places = locked.accept_limit - locked.accepted
        if not waiting or places <= 0:
            continue
        facts = await job_facts(session, job, now)
        hours = hours_of(facts.schedule)
        busy = await accepted_jobs(session, [row.worker_id for row in waiting], facts)
        for row in waiting:
            if places == 0:
                break
            free = not hours.clashes(busy.get(row.worker_id, ()))
            is_there = row.status == UserStatus.ACTIVE and await may_be_asked(session, row.id)
            if not (free and is_there):
                await standby.forget(session, [row.id], now)
                continue
            await respond.promote(session, locked, row.worker_id, row.id, now)
            places -= 1
            count += 1
    return count
