"""People, jobs and offers that are there when a test begins: each is made in one way.

`register_*` use the verbs behind the doors and sign in; `add_*` write rows, many at once, without an application.
"""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.auth.registration import RegisterEmployer, RegisterWorker
from app.api.workers.hours import Week
from app.core.crypto import Keyring
from app.core.geo import Point, on_grid
from app.core.ids import new_id
from app.core.phones import parse_phone
from app.core.week import Slot
from app.database.session import changed
from app.employers import registration as employer_registration
from app.employers.models import Employer
from app.identity import passwords, users
from app.identity.models import Role, User, UserStatus
from app.identity.rules import AdminRole
from app.identity.tokens import Claims
from app.jobs.job_text import JobText
from app.jobs.models import Job, JobSlot
from app.jobs.rules import JobStatus
from app.offers.create import NewOffer, create
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.payments.models import Payment
from app.policy.policy import Policy
from app.runtime import Runtime
from app.workers import availability
from app.workers import registration as worker_registration
from app.workers.models import Worker, WorkerAvailability

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)


MONDAY = dt.date(2026, 11, 23)


INDIA = "Asia/Kolkata"


BANDRA = Point(19.0596, 72.8295)


EVENINGS = tuple(Slot(day, 17 * 60, 22 * 60) for day in range(7))


_numbers = itertools.count(1)


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
    name: str = "Asha Kumar"
    phone: str | None = None
    """None: a number of their own."""
    id: UUID = field(default_factory=new_id)


def _user(
    user_id: UUID,
    role: Role,
    keys: Keyring | None,
    *,
    status: UserStatus = UserStatus.ACTIVE,
    name: str = "Asha Kumar",
    phone: str | None = None,
    email: str | None = None,
    at: dt.datetime = NOW,
) -> dict[str, Any]:
    phone = phone or f"+9198{next(_numbers):08d}"
    return {
        "id": user_id,
        "role": role.value,
        "status": status.value,
        "name": name,
        "language": "en",
        "email": email,
        "phone_sealed": keys.seal(phone, "phone") if keys else None,
        "phone_index": keys.index(phone, "phone") if keys else phone,
        "created_at": at,
        "updated_at": at,
    }


async def add_workers(session: AsyncSession, workers: Sequence[NewWorker]) -> list[UUID]:
    keyring = session.info["keyring"]
    users = [
        _user(
            worker.id,
            Role.WORKER,
            keyring,
            status=worker.status,
            name=worker.name,
            phone=worker.phone,
        )
        for worker in workers
    ]
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
    session: AsyncSession,
    status: UserStatus = UserStatus.ACTIVE,
    *,
    verified: bool = False,
    company: str = "Cafe Bandra",
    city: str | None = None,
    name: str = "Asha Kumar",
    phone: str | None = None,
    proven: bool = False,
    email: str | None = None,
    at: dt.datetime = NOW,
) -> UUID:
    """Add an employer; with `proven`, the phone is known to be theirs."""
    user = _user(
        new_id(),
        Role.EMPLOYER,
        session.info["keyring"],
        status=status,
        name=name,
        phone=phone,
        email=email,
        at=at,
    )
    await session.execute(insert(User), user)
    await session.execute(
        insert(Employer),
        {
            "id": user["id"],
            "company_name": company,
            "city": city,
            "verified_at": at if verified else None,
            "proven_phone_index": user["phone_index"] if proven else None,
            "created_at": at,
            "updated_at": at,
        },
    )
    employer_id: UUID = user["id"]
    return employer_id


JOB_TEXT: Final = JobText(
    title="Waiter",
    description="Serve tables at brunch.",
    category="hospitality",
    location=Point(19.06, 72.83),
    starts_on=dt.date(2026, 12, 5),
    slots=(Slot(5, 600, 1080),),
    positions=1,
)


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


async def add_payment(session: AsyncSession, match: JobMatch, at: dt.datetime = NOW) -> UUID:
    """Add a captured payment for this offer."""
    payment = Payment(
        employer_id=match.employer_id,
        match_id=match.id,
        status="succeeded",
        amount=4_900,
        currency="INR",
        created_at=at,
        updated_at=at,
    )
    session.add(payment)
    await session.flush()
    return payment.id


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


@dataclass(frozen=True)
class Tokens:
    """Whose session it is, and what its requests carry."""

    user_id: str
    access: str
    refresh: str


async def register_worker(
    runtime: Runtime, body: Mapping[str, Any], slots: Sequence[Any]
) -> Tokens:
    """Register a worker as `POST /api/auth/register/worker` reads `body`, proven and with a week."""
    said = RegisterWorker.model_validate(body)
    country = runtime.settings.default_country
    new = said.new(parse_phone(said.phone, country))
    week = [slot.slot for slot in Week.model_validate({"slots": slots}).slots]
    now = runtime.clock()
    async with runtime.database.begin() as session:
        user_id = await worker_registration.register_proven(session, new, country, now=now)
        if week:
            await availability.replace_slots(session, user_id, week, now=now)
        return await _sign_in(session, runtime, user_id, Role.WORKER, now)


async def register_employer(
    runtime: Runtime, body: Mapping[str, Any], *, verified: bool = False
) -> Tokens:
    """Register an employer as `POST /api/auth/register/employer` reads `body`.

    Whoever is `verified` was so before anything is logged.
    """
    said = RegisterEmployer.model_validate(body)
    country = runtime.settings.default_country
    phone = parse_phone(said.phone, country) if said.phone else None
    new = said.new(users.parse_email(said.email), phone, await _hash(said.password))
    now = runtime.clock()
    async with runtime.database.begin() as session:
        user, company = await employer_registration.register(session, new, now=now)
        company.verified_at = now if verified else None
        return await _sign_in(session, runtime, user.id, Role.EMPLOYER, now)


async def sign_in_admin(
    runtime: Runtime, email: str, password: str, role: AdminRole = AdminRole.OWNER
) -> Tokens:
    """Make an administrator unless there is one of this address, and sign in."""
    now = runtime.clock()
    async with runtime.database.begin() as session:
        user = await users.find_by_email(session, Role.ADMIN, email)
        user = user or await users.create_admin(
            session, email, "Admin", password, now=now, admin_role=role
        )
        return await _sign_in(session, runtime, user.id, Role.ADMIN, now)


_hashes: dict[str, str] = {}


async def _hash(password: str) -> str:
    if password not in _hashes:
        _hashes[password] = await passwords.hash_password(password)
    return _hashes[password]


async def _sign_in(
    session: AsyncSession, runtime: Runtime, user_id: UUID, role: Role, now: dt.datetime
) -> Tokens:
    user = await session.get_one(User, user_id, populate_existing=True)
    issued = await runtime.sessions.create(session, user.id, user.version, now)
    claims = Claims(user.id, issued.session_id, role, user.version)
    return Tokens(str(user.id), runtime.tokens.issue(claims, now), issued.refresh_token)


HOME = on_grid(km_north(BANDRA, 1))


HOUR = dt.timedelta(hours=1)


DEADLINE = NOW + 4 * HOUR
"""When offers made at NOW end: the default of the policy."""


async def create_offers(
    session: AsyncSession, job_id: UUID, workers: Sequence[UUID], now: dt.datetime = NOW
) -> None:
    """Offer a job to these workers, the first scoring best."""
    job = await session.get_one(Job, job_id)
    offers = [
        NewOffer(
            worker_id=worker_id,
            score=90 - place,
            distance=80,
            availability=100,
            skills=100,
            experience=70,
            reliability=75,
            distance_km=1.04 + place,
            why=[{"kind": "distance", "km": 1.0 + place}],
        )
        for place, worker_id in enumerate(workers)
    ]
    await create(session, job, offers, 1, now, Policy())
