"""Reading tables into the plain facts that the rules take."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Uuid,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.find_zone import find_zone
from app.core.geo import Point
from app.core.week import Slot
from app.database.statements import is_among, table
from app.employers.models import BlockByEmployer, Employer
from app.identity.models import User, UserStatus
from app.jobs.models import Job, JobSlot
from app.jobs.queries import slot_of
from app.jobs.rules import JobStatus
from app.matching.hours import WINDOW_DAYS, Availability, DateRange, Schedule, remaining
from app.matching.index import slots_of
from app.matching.refusals import Asked, AskingFacts, sleeps_through
from app.matching.rules import JobFacts, WorkerFacts
from app.offers.effective_status import has_status
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.workers.models import BlockByWorker, TimeOff, Worker
from app.workers.quiet_hours import find_quiet_hours
from app.workers.rules import reliability

CAP_PERIOD = dt.timedelta(days=7)
"""The stretch of time that a worker's weekly cap on offers counts, ending now."""

_REACH = dt.timedelta(days=3)
"""Beyond a job's window, for nights and time zones: as far as `hours` looks."""


# Named: a column that refers to another has no type before that one's table is loaded.
_EMPLOYER_ID: Final[BindParameter[UUID]] = bindparam("employer_id", type_=Uuid())

# Built once: putting such a statement together takes longer than the database takes to answer it.
_ANYBODY: Final = (
    select(
        Worker.id,
        Worker.latitude,
        Worker.longitude,
        Worker.max_distance_km,
        Worker.skills,
        Worker.experience_years,
        Worker.time_zone,
        Worker.weekly_offer_cap,
        Worker.answered,
        Worker.missed,
        Worker.withdrawn,
        select(func.count())
        .select_from(JobMatch)
        .where(JobMatch.worker_id == Worker.id, JobMatch.offered_at > bindparam("since"))
        .scalar_subquery()
        .label("offers_lately"),
        # Summed, not a condition: PostgreSQL would look up all the employer's offers for each worker.
        select(func.coalesce(func.sum(case((JobMatch.employer_id == _EMPLOYER_ID, 1), else_=0)), 0))
        .where(JobMatch.worker_id == Worker.id, JobMatch.offered_at > bindparam("since"))
        .scalar_subquery()
        .label("of_employer"),
        exists()
        .where(
            TimeOff.worker_id == Worker.id,
            TimeOff.starts_on <= bindparam("last"),
            TimeOff.ends_on >= bindparam("first"),
        )
        .label("is_away"),
        exists()
        .where(JobMatch.worker_id == Worker.id, JobMatch.status == OfferStatus.ACCEPTED)
        .label("works"),
    )
    .join(User, User.id == Worker.id)
    .where(is_among(table(Worker).c.id, "ids", Uuid))
)
_PEOPLE: Final = _ANYBODY.where(
    User.status == UserStatus.ACTIVE,
    Worker.stopped_at.is_(None),
    Worker.latitude.is_not(None),
    Worker.longitude.is_not(None),
)
_match = table(JobMatch).c
_ONE_OF_ANY: Final = _ANYBODY.add_columns(
    (User.status == UserStatus.ACTIVE).label("is_active"),
    Worker.stopped_at.is_not(None).label("has_stopped"),
    exists()
    .where(_match.worker_id == Worker.id, _match.job_id == bindparam("job_id", type_=Uuid()))
    .label("was_offered"),
    exists()
    .where(BlockByWorker.worker_id == Worker.id, BlockByWorker.employer_id == _EMPLOYER_ID)
    .label("blocks_employer"),
    exists()
    .where(
        BlockByEmployer.worker_id == Worker.id,
        BlockByEmployer.employer_id == _EMPLOYER_ID,
    )
    .label("blocked_by_employer"),
)


async def job_facts(session: AsyncSession, job: Job, now: dt.datetime) -> JobFacts:
    """What matching knows of a job at `now`; its slots must be loaded, as they are with every `Job`."""
    verified_at = await session.scalar(
        select(Employer.verified_at).where(Employer.id == job.employer_id)
    )
    return JobFacts(
        id=job.id,
        employer_id=job.employer_id,
        point=Point(job.latitude, job.longitude),
        radius_km=job.radius_km,
        schedule=remaining(
            Schedule(
                tuple(sorted(slot_of(slot) for slot in job.slots)),
                job.starts_on,
                job.ends_on,
                job.time_zone,
            ),
            now,
        ),
        required_skills=frozenset(job.required_skills),
        preferred_skills=frozenset(job.preferred_skills),
        min_experience_years=job.min_experience_years,
        employer_verified=verified_at is not None,
    )


async def worker_facts(
    session: AsyncSession, ids: Collection[UUID], job: JobFacts, now: dt.datetime
) -> list[tuple[WorkerFacts, Asked]]:
    """What matching knows of these workers, as far as this job is concerned.

    Left out are those who can't be asked at all: not active, stopped, or without a location. Time off
    and accepted jobs are only those near the job's window; blocks are the search's to heed.
    """
    people = (await session.execute(_PEOPLE, _values(ids, job, now))).all()
    facts = await _facts(session, people, job)
    return [
        (worker, Asked(person.weekly_offer_cap, person.offers_lately, person.of_employer))
        for person, worker in zip(people, facts, strict=True)
    ]


async def facts_of_anybody(
    session: AsyncSession,
    worker_id: UUID,
    job: JobFacts,
    now: dt.datetime,
    closes_at: dt.datetime | None,
) -> tuple[WorkerFacts, AskingFacts] | None:
    """Return what the search knows of one worker, whoever it is, or None for nobody.

    Of a worker without a location the point is the job's: nothing may be concluded from it.
    """
    values = _values([worker_id], job, now) | {"job_id": job.id}
    person = (await session.execute(_ONE_OF_ANY, values)).one_or_none()
    if person is None:
        return None
    quiet = await find_quiet_hours(session, [worker_id])
    [worker] = await _facts(session, [person], job)
    asking = AskingFacts(
        is_active=person.is_active,
        has_stopped=person.has_stopped,
        is_located=person.latitude is not None and person.longitude is not None,
        was_offered=person.was_offered,
        blocks_employer=person.blocks_employer,
        blocked_by_employer=person.blocked_by_employer,
        asked=Asked(person.weekly_offer_cap, person.offers_lately, person.of_employer),
        is_asleep=sleeps_through(quiet.get(worker_id), closes_at, now),
    )
    return worker, asking


def _values(ids: Collection[UUID], job: JobFacts, now: dt.datetime) -> dict[str, Any]:
    first, last = _near(job.schedule)
    return {
        "ids": list(ids),
        "since": now - CAP_PERIOD,
        "first": first,
        "last": last,
        "employer_id": job.employer_id,
    }


async def _facts(
    session: AsyncSession, people: Sequence[Row[*tuple[Any, ...]]], job: JobFacts
) -> list[WorkerFacts]:
    # When somebody is free whose zone there is no more, nobody knows: they have no hours until it is mended.
    known = [person.id for person in people if find_zone(person.time_zone) is not None]
    slots = await slots_of(session, known) if known else {}
    # Few have either, and a question not asked is the quickest.
    away = [person.id for person in people if person.is_away]
    working = [person.id for person in people if person.works]
    time_off = await time_off_of(session, away, job) if away else {}
    busy = await accepted_jobs(session, working, job) if working else {}
    return [
        WorkerFacts(
            id=person.id,
            point=job.point
            if person.latitude is None or person.longitude is None
            else Point(person.latitude, person.longitude),
            max_distance_km=person.max_distance_km,
            availability=Availability(
                tuple(slots.get(person.id, ())),
                person.time_zone,
                tuple(time_off.get(person.id, ())),
                tuple(busy.get(person.id, ())),
            ),
            skills=frozenset(person.skills),
            experience_years=person.experience_years,
            reliability=reliability(person.answered, person.missed, person.withdrawn),
        )
        for person in people
    ]


def _near(schedule: Schedule) -> tuple[dt.date, dt.date]:
    last = schedule.first_day + dt.timedelta(days=WINDOW_DAYS)
    if schedule.ends_on is not None:
        last = min(last, schedule.ends_on)
    return schedule.first_day - _REACH, last + _REACH


async def time_off_of(
    session: AsyncSession, ids: Collection[UUID], job: JobFacts
) -> dict[UUID, list[DateRange]]:
    """Return the days off of those workers near the job's window."""
    first, last = _near(job.schedule)
    rows = await session.execute(
        select(TimeOff.worker_id, TimeOff.starts_on, TimeOff.ends_on).where(
            TimeOff.worker_id.in_(ids), TimeOff.starts_on <= last, TimeOff.ends_on >= first
        )
    )
    found: defaultdict[UUID, list[DateRange]] = defaultdict(list)
    for worker_id, starts_on, ends_on in rows:
        found[worker_id].append(DateRange(starts_on, ends_on))
    return dict(found)


async def accepted_jobs(
    session: AsyncSession, ids: Collection[UUID], job: JobFacts
) -> dict[UUID, list[Schedule]]:
    """When those workers work elsewhere: an acceptance counts until it or its job is called off."""
    return await _jobs_of(session, ids, job, JobMatch.status == OfferStatus.ACCEPTED)


async def open_jobs(
    session: AsyncSession, ids: Collection[UUID], job: JobFacts, now: dt.datetime
) -> dict[UUID, list[Schedule]]:
    """When those workers would work by other offers that are open."""
    return await _jobs_of(session, ids, job, has_status(OfferStatus.OFFERED, now))


async def _jobs_of(
    session: AsyncSession, ids: Collection[UUID], job: JobFacts, offers: ColumnElement[bool]
) -> dict[UUID, list[Schedule]]:
    first, last = _near(job.schedule)
    rows = await session.execute(
        select(
            JobMatch.worker_id,
            Job.id,
            Job.starts_on,
            Job.ends_on,
            Job.time_zone,
            JobSlot.weekday,
            JobSlot.starts,
            JobSlot.ends,
        )
        .join(Job, Job.id == JobMatch.job_id)
        .join(JobSlot, JobSlot.job_id == Job.id)
        .where(
            JobMatch.worker_id.in_(ids),
            offers,
            Job.id != job.id,
            Job.status != JobStatus.CANCELLED,
            Job.starts_on <= last,
            or_(Job.ends_on.is_(None), Job.ends_on >= first),
        )
    )
    shifts = defaultdict(list)
    for worker_id, job_id, starts_on, ends_on, time_zone, weekday, starts, ends in rows:
        shifts[worker_id, job_id, starts_on, ends_on, time_zone].append(
            Slot.between(weekday, starts, ends)
        )
    found: defaultdict[UUID, list[Schedule]] = defaultdict(list)
    for (worker_id, _, starts_on, ends_on, time_zone), slots in shifts.items():
        found[worker_id].append(Schedule(tuple(sorted(slots)), starts_on, ends_on, time_zone))
    return dict(found)
