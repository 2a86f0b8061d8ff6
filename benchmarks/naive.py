"""How it would be written first: load the workers through the ORM, and look at each in Python.

Two of these. The plain one loads everybody with everything that decides, as an application does that
keeps its workers in objects; the lean one loads slots only of those who are near and able. Both give
the application's own answer.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import Point, haversine_km
from app.core.week import Slot
from app.identity.models import User, UserStatus
from app.matching.hours import Availability
from app.matching.rules import Candidate, JobFacts, WorkerFacts, limit_km, rank
from app.workers.models import Worker, WorkerAvailability
from app.workers.rules import reliability

_BATCH = 1_000


async def plain(session: AsyncSession, job: JobFacts, wanted: int) -> list[Candidate]:
    """The best workers for the job: everybody, with all their slots, scored."""
    workers = await _active_workers(session)
    weeks: dict[UUID, list[Slot]] = {}
    for row in await session.scalars(select(WorkerAvailability)):
        weeks.setdefault(row.worker_id, []).append(_slot(row))
    people = [_facts(worker, weeks.get(worker.id, [])) for worker in workers]
    return rank(people, job)[:wanted]


async def lean(session: AsyncSession, job: JobFacts, wanted: int) -> list[Candidate]:
    """The best workers for the job: everybody looked at, slots read of who is near and able."""
    near = [worker for worker in await _active_workers(session) if _may_come(worker, job)]
    weeks: dict[UUID, list[Slot]] = {}
    for start in range(0, len(near), _BATCH):
        ids = [worker.id for worker in near[start : start + _BATCH]]
        query = select(WorkerAvailability).where(WorkerAvailability.worker_id.in_(ids))
        for row in await session.scalars(query):
            weeks.setdefault(row.worker_id, []).append(_slot(row))
    return rank([_facts(worker, weeks.get(worker.id, [])) for worker in near], job)[:wanted]


async def _active_workers(session: AsyncSession) -> Sequence[Worker]:
    session.expunge_all()  # or the second look would find every object in memory
    query = select(Worker).join(User, User.id == Worker.id).where(User.status == UserStatus.ACTIVE)
    return (await session.scalars(query)).all()


def _may_come(worker: Worker, job: JobFacts) -> bool:
    if worker.latitude is None or worker.longitude is None:
        return False
    distance_km = haversine_km(Point(worker.latitude, worker.longitude), job.point)
    return (
        distance_km <= limit_km(worker.max_distance_km, job.radius_km)
        and job.required_skills <= set(worker.skills)
        and worker.experience_years >= job.min_experience_years
    )


def _slot(row: WorkerAvailability) -> Slot:
    return Slot(
        row.weekday,
        row.starts.hour * 60 + row.starts.minute,
        row.ends.hour * 60 + row.ends.minute,
    )


def _facts(worker: Worker, week: list[Slot]) -> WorkerFacts:
    return WorkerFacts(
        id=worker.id,
        point=Point(worker.latitude or 0, worker.longitude or 0),
        max_distance_km=worker.max_distance_km,
        availability=Availability(tuple(week), worker.time_zone),
        skills=frozenset(worker.skills),
        experience_years=worker.experience_years,
        reliability=reliability(worker.answered, worker.missed, worker.withdrawn),
    )
