"""A small world for matching: workers, employers and jobs, written straight into the tables."""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.geo import Point, on_grid
from app.core.ids import new_id
from app.core.week import Slot
from app.database.postgresql import REQUEST, Patience
from app.database.session import Database, changed
from app.employers.models import Employer
from app.identity.models import User, UserStatus
from app.jobs.models import Job, JobSlot
from app.jobs.rules import JobStatus
from app.matching.index import reindex_workers
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.workers.models import Worker, WorkerAvailability

SECRET = "a secret for tests only, long enough to pass"

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
MONDAY = dt.date(2026, 11, 23)
INDIA = "Asia/Kolkata"
BANDRA = Point(19.0596, 72.8295)
EVENINGS = tuple(Slot(day, 17 * 60, 22 * 60) for day in range(7))
_numbers = itertools.count(1)


def database_of(url: str, patience: Patience = REQUEST) -> Database:
    """The database as a running process opens it, with matching listening."""
    database = Database(url, Keyring(SECRET), patience=patience)
    database.on_change("worker", reindex_workers)
    return database


def km_north(point: Point, km: float) -> Point:
    return Point(point.latitude + km / 111.19508, point.longitude)


def _clock(minutes: int) -> dt.time:
    return dt.time(minutes // 60, minutes % 60)


@dataclass
class NewWorker:
    """A worker who fits `add_job`'s job, unless told otherwise."""

    point: Point | None = field(default_factory=lambda: on_grid(km_north(BANDRA, 1)))
    max_km: float = 10
    skills: Sequence[str] = ("waiter",)
    years: int = 2
    slots: Sequence[Slot] = EVENINGS
    time_zone: str = INDIA
    status: UserStatus = UserStatus.ACTIVE
    stopped: bool = False
    cap: int | None = None
    history: tuple[int, int, int] = (0, 0, 0)
    """Answered, missed, withdrawn."""
    id: UUID = field(default_factory=new_id)


def _user(user_id: UUID, role: str, status: UserStatus, keyring: Keyring | None) -> dict[str, Any]:
    phone = f"+9198{next(_numbers):08d}"
    return {
        "id": user_id,
        "role": role,
        "status": status.value,
        "name": "Asha Kumar",
        "language": "en",
        "phone_sealed": keyring.seal(phone, "phone") if keyring else None,
        "phone_index": keyring.index(phone, "phone") if keyring else phone,
        "created_at": NOW,
        "updated_at": NOW,
    }


async def add_workers(session: AsyncSession, workers: Sequence[NewWorker]) -> list[UUID]:
    keyring = session.info["keyring"]
    users = [_user(worker.id, "worker", worker.status, keyring) for worker in workers]
    profiles = [
        {
            "id": worker.id,
            "latitude": worker.point.latitude if worker.point else None,
            "longitude": worker.point.longitude if worker.point else None,
            "max_distance_km": worker.max_km,
            "skills": list(worker.skills),
            "experience_years": worker.years,
            "time_zone": worker.time_zone,
            "weekly_offer_cap": worker.cap,
            "stopped_at": NOW if worker.stopped else None,
            "answered": worker.history[0],
            "missed": worker.history[1],
            "withdrawn": worker.history[2],
            "created_at": NOW,
            "updated_at": NOW,
        }
        for worker in workers
    ]
    slots = [
        {
            "worker_id": worker.id,
            "weekday": slot.weekday,
            "starts": _clock(slot.start),
            "ends": _clock(slot.end),
        }
        for worker in workers
        for slot in worker.slots
    ]
    await session.execute(insert(User), users)
    await session.execute(insert(Worker), profiles)
    if slots:
        await session.execute(insert(WorkerAvailability), slots)
    for worker in workers:
        changed(session, "worker", worker.id)
    return [worker.id for worker in workers]


async def add_employer(
    session: AsyncSession, status: UserStatus = UserStatus.ACTIVE, *, verified: bool = False
) -> UUID:
    employer_id = new_id()
    await session.execute(
        insert(User), _user(employer_id, "employer", status, session.info["keyring"])
    )
    await session.execute(
        insert(Employer),
        {
            "id": employer_id,
            "company_name": "Cafe Bandra",
            "verified_at": NOW if verified else None,
            "created_at": NOW,
            "updated_at": NOW,
        },
    )
    return employer_id


async def add_job(
    session: AsyncSession,
    employer_id: UUID,
    *,
    point: Point = BANDRA,
    radius_km: float | None = 10,
    positions: int = 1,
    slots: Sequence[Slot] = (Slot(4, 17 * 60, 21 * 60), Slot(5, 17 * 60, 21 * 60)),
    starts_on: dt.date = MONDAY,
    ends_on: dt.date | None = MONDAY + dt.timedelta(days=6),
    time_zone: str = INDIA,
    required: Sequence[str] = ("waiter",),
    preferred: Sequence[str] = (),
    years: int = 0,
    status: JobStatus = JobStatus.PUBLISHED,
    closes_at: dt.datetime | None = NOW + dt.timedelta(days=6),
) -> UUID:
    job_id = new_id()
    job = Job(
        id=job_id,
        employer_id=employer_id,
        status=status.value,
        title="Evening waiter",
        description="Serve dinner.",
        category="hospitality",
        latitude=point.latitude,
        longitude=point.longitude,
        starts_on=starts_on,
        ends_on=ends_on,
        time_zone=time_zone,
        positions=positions,
        required_skills=list(required),
        preferred_skills=list(preferred),
        min_experience_years=years,
        radius_km=radius_km,
        accept_limit=positions * 2,
        accepted=0,
        closes_at=closes_at,
        next_wave_at=NOW,
        created_at=NOW,
        updated_at=NOW,
        slots=[
            JobSlot(weekday=slot.weekday, starts=_clock(slot.start), ends=_clock(slot.end))
            for slot in slots
        ],
    )
    session.add(job)
    await session.flush()
    return job_id


async def add_offer(
    session: AsyncSession,
    job_id: UUID,
    worker_id: UUID,
    status: OfferStatus = OfferStatus.OFFERED,
    at: dt.datetime = NOW,
) -> UUID:
    job = await session.get_one(Job, job_id)
    match_id = new_id()
    zeros = ("distance", "availability", "skills", "experience", "reliability")
    session.add(
        JobMatch(
            id=match_id,
            job_id=job_id,
            worker_id=worker_id,
            employer_id=job.employer_id,
            status=status.value,
            wave=1,
            score=50,
            **{f"score_{part}": 50 for part in zeros},
            distance_km=1,
            why=[],
            price_amount=4900,
            price_currency="INR",
            offered_at=at,
            respond_by=at + dt.timedelta(hours=4),
            updated_at=at,
        )
    )
    await session.flush()
    return match_id


async def offered(session: AsyncSession, job_id: UUID) -> list[UUID]:
    """Who was offered the job, in the order in which they were chosen."""
    query = (
        select(JobMatch.worker_id)
        .where(JobMatch.job_id == job_id)
        .order_by(JobMatch.wave, JobMatch.score.desc(), JobMatch.distance_km, JobMatch.worker_id)
    )
    return list(await session.scalars(query))
