"""The way everybody would write it first: load the workers through the ORM, and look at each in Python.

It is spared what it can be: only active workers are loaded, and slots only of those who are near and
able. It gives the same answer as the application.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import Point, haversine_km
from app.core.week import Slot
from app.identity.models import User, UserStatus
from app.matching.hours import Availability
from app.matching.rules import Candidate, JobFacts, WorkerFacts, limit_km, rank
from app.workers.facts import reliability
from app.workers.models import Worker, WorkerAvailability

_BATCH = 1_000


async def best(session: AsyncSession, job: JobFacts, wanted: int) -> list[Candidate]:
    """The best workers for the job, by looking at everybody."""
    session.expunge_all()  # or the second look would find every object in memory
    query = select(Worker).join(User, User.id == Worker.id).where(User.status == UserStatus.ACTIVE)
    workers = (await session.scalars(query)).all()
    near = [worker for worker in workers if _may_come(worker, job)]
    weeks = await _weeks(session, near)
    return rank([_facts(worker, weeks.get(str(worker.id), [])) for worker in near], job)[:wanted]


def _may_come(worker: Worker, job: JobFacts) -> bool:
    if worker.latitude is None or worker.longitude is None:
        return False
    distance_km = haversine_km(Point(worker.latitude, worker.longitude), job.point)
    return (
        distance_km <= limit_km(worker.max_distance_km, job.radius_km)
        and job.required_skills <= set(worker.skills)
        and worker.experience_years >= job.min_experience_years
    )


async def _weeks(session: AsyncSession, workers: list[Worker]) -> dict[str, list[Slot]]:
    weeks: dict[str, list[Slot]] = {}
    for start in range(0, len(workers), _BATCH):
        ids = [worker.id for worker in workers[start : start + _BATCH]]
        query = select(WorkerAvailability).where(WorkerAvailability.worker_id.in_(ids))
        for row in await session.scalars(query):
            slot = Slot(
                row.weekday,
                row.starts.hour * 60 + row.starts.minute,
                row.ends.hour * 60 + row.ends.minute,
            )
            weeks.setdefault(str(row.worker_id), []).append(slot)
    return weeks


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
