"""How many other companies bought a worker's contact for hours that overlap: known before one pays for it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.week import Slot
from app.jobs.models import Job, JobSlot
from app.jobs.rules import JobStatus
from app.matching.hours import Schedule, hours_of, remaining
from app.offers.models import JobMatch
from app.payments.models import Unlock


async def count_others(
    session: AsyncSession,
    employer_id: UUID,
    job_id: UUID,
    match_ids: Collection[UUID],
    now: dt.datetime,
) -> Mapping[UUID, int]:
    """Return, by match of this job, how many other companies bought the worker's contact for overlapping hours.

    Hours that are over count no more, nor do those of a cancelled job. Nothing tells which companies they are.
    """
    bought = (
        select(JobMatch.worker_id, Job.id, Job.employer_id)
        .join(Unlock, Unlock.match_id == JobMatch.id)
        .join(Job, Job.id == JobMatch.job_id)
        .where(
            Unlock.worker_id.in_(select(JobMatch.worker_id).where(JobMatch.id.in_(match_ids))),
            Job.employer_id != employer_id,
            Job.status != JobStatus.CANCELLED,
        )
    )
    theirs = (await session.execute(bought)).all()
    if not theirs:
        return {}
    schedules = await _schedules(session, {job_id, *(row.id for row in theirs)})
    mine = hours_of(remaining(schedules[job_id], now))
    overlapping = {job for job, schedule in schedules.items() if mine.clashes((schedule,))}
    buyers: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for row in theirs:
        if row.id in overlapping:
            buyers[row.worker_id].add(row.employer_id)
    query = select(JobMatch.id, JobMatch.worker_id).where(JobMatch.id.in_(match_ids))
    return {match_id: len(buyers[worker]) for match_id, worker in await session.execute(query)}


async def _schedules(session: AsyncSession, job_ids: Collection[UUID]) -> dict[UUID, Schedule]:
    slots: defaultdict[UUID, list[Slot]] = defaultdict(list)
    for slot in await session.scalars(select(JobSlot).where(JobSlot.job_id.in_(job_ids))):
        slots[slot.job_id].append(Slot.between(slot.weekday, slot.starts, slot.ends))
    query = select(Job.id, Job.starts_on, Job.ends_on, Job.time_zone).where(Job.id.in_(job_ids))
    return {
        row.id: Schedule(tuple(sorted(slots[row.id])), row.starts_on, row.ends_on, row.time_zone)
        for row in await session.execute(query)
    }
