"""Bring a job's next wave forward when somebody registers who may fit it, or changes so that they may.

The wave itself judges as always; here a coarse look is enough: the skills, and the distance as the crow flies. A
job that has as many fresh offers as it may have is left alone, for its wave would ask nobody, and only put off
the one after it.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import Clock
from app.core.geo import KM_PER_DEGREE, Point, haversine_km
from app.database.wakeups import wake_loops
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.matching.index import reindex_workers
from app.matching.models import WorkerMatch
from app.matching.rules import next_wave_at, offers_to_send, waves_rest
from app.messaging.quiet_hours import rested_since
from app.offers.effective_status import has_status
from app.offers.job_lock import lock_jobs
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.policy import policy
from app.workers.models import Worker

LOOK_WITHIN: Final = dt.timedelta(minutes=1)
"""So soon after a registration the jobs that it may fit look again."""
_MOST_JOBS: Final = 100
"""Jobs that one change looks at, those first whose wave would come last."""
_MOST_WORKERS: Final = 10
"""A change of more workers at once is no registration."""

type Listener = Callable[[AsyncSession, set[UUID]], Awaitable[object]]


def index_and_look_again(clock: Clock) -> Listener:
    """Return the listener of changes of workers: it keeps the index, and brings waves forward."""

    async def listen(session: AsyncSession, ids: set[UUID]) -> int:
        written = await reindex_workers(session, ids)
        if written and len(ids) <= _MOST_WORKERS:
            await look_again(session, ids, clock())
        return written

    return listen


async def look_again(session: AsyncSession, ids: Collection[UUID], now: dt.datetime) -> int:
    """Bring forward the next wave of the jobs that these workers may fit; returns of how many."""
    people = select(
        WorkerMatch.latitude, WorkerMatch.longitude, WorkerMatch.max_km, Worker.skills
    ).join(Worker, Worker.id == WorkerMatch.worker_id)
    reachable = (WorkerMatch.worker_id.in_(ids), WorkerMatch.active)
    found: dict[UUID, dt.datetime] = {}
    for person in await session.execute(people.where(*reachable)):
        for job in await _jobs_around(session, person, now):
            soon = await _next_look(session, job, now)
            if soon is not None and soon < job.next_wave_at:
                found[job.id] = soon
    # A job that somebody is working on is not waited for: its wave may be going out at this moment.
    free = await lock_jobs(session, sorted(found), skip_locked=True) if found else {}
    for job_id in free:
        await session.execute(
            update(Job)
            .where(Job.id == job_id, Job.next_wave_at > found[job_id])
            .values(next_wave_at=found[job_id])
            .execution_options(synchronize_session=False)
        )
    if free:
        wake_loops(session, "waves")
    return len(free)


async def _jobs_around(
    session: AsyncSession, person: Row[*tuple[Any, ...]], now: dt.datetime
) -> list[Row[*tuple[Any, ...]]]:
    """Return the published jobs with open places whose skills somebody has, as far as they travel."""
    degrees = person.max_km / KM_PER_DEGREE
    query = (
        select(
            *(Job.id, Job.latitude, Job.longitude, Job.radius_km, Job.required_skills),
            *(Job.positions, Job.accepted, Job.closes_at, Job.time_zone, Job.next_wave_at),
        )
        .where(
            Job.status == JobStatus.PUBLISHED,
            Job.next_wave_at > now + LOOK_WITHIN,
            Job.accepted < Job.positions,
            or_(Job.closes_at.is_(None), Job.closes_at > now),
            Job.latitude.between(person.latitude - degrees, person.latitude + degrees),
        )
        .order_by(Job.next_wave_at.desc())
        .limit(_MOST_JOBS)
    )
    home = Point(person.latitude, person.longitude)
    return [
        job
        for job in await session.execute(query)
        if set(job.required_skills) <= set(person.skills)
        and haversine_km(home, Point(job.latitude, job.longitude))
        <= min(person.max_km, job.radius_km or person.max_km)
    ]


async def _next_look(
    session: AsyncSession, job: Row[*tuple[Any, ...]], now: dt.datetime
) -> dt.datetime | None:
    """Return when the job may ask next; None where it waits for the answers to as many offers as it may have."""
    waves = (await policy.current(session)).waves
    quiet = waves_rest(job.time_zone, job.closes_at, now)
    since = rested_since(quiet, now, dt.timedelta(minutes=waves.interval_minutes))
    fresh = await session.scalar(
        select(func.count())
        .select_from(JobMatch)
        .where(
            JobMatch.job_id == job.id,
            has_status(OfferStatus.OFFERED, now),
            JobMatch.offered_at > since,
        )
    )
    places = max(0, job.positions - job.accepted)
    if not offers_to_send(places, fresh or 0, waves.offers_per_open_place):
        return None
    return next_wave_at(now, places, LOOK_WITHIN, job.closes_at, quiet)
