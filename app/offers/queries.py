"""Lists of offers, as their two readers see them: only the columns shown, and no ORM graph."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import coarse_km
from app.core.masking import mask_together
from app.core.money import Money
from app.core.paging import Keyset, PageRequest
from app.db import keyring
from app.employers.models import Employer
from app.identity.models import User
from app.jobs.models import Job, JobSlot
from app.offers.models import JobMatch
from app.offers.names import shown_name
from app.offers.respond import OfferNotFound
from app.offers.rules import OfferStatus
from app.offers.standing import effective_status, stands
from app.workers.facts import reliability
from app.workers.models import Worker

_WORKERS_OFFERS = Keyset("worker_offers", [JobMatch.id])
"""Newest first: ids are UUIDv7, which sort by the time they were made."""

_BEST_FIRST = Keyset(
    "job_matches", [-JobMatch.score, JobMatch.distance_km, JobMatch.id], descending=False
)
"""The higher score, then the nearer, then the one made earlier."""

type Shift = tuple[int, dt.time, dt.time]
"""Weekday (Monday is 0), start and end."""


@dataclass(frozen=True, slots=True)
class WorkersOffer:
    """An offer as its worker sees it: no exact address and no employer's contact."""

    id: UUID
    status: OfferStatus
    job_id: UUID
    title: str
    category: str
    description: str
    company_name: str
    employer_verified: bool
    city: str | None
    distance_km: float
    starts_on: dt.date
    ends_on: dt.date | None
    time_zone: str
    slots: Sequence[Shift]
    salary: Money | None
    salary_per: str | None
    positions: int
    why: Sequence[Mapping[str, Any]]
    """Reasons as data."""
    language: str
    """The worker's own, in which the reasons are said."""
    offered_at: dt.datetime
    respond_by: dt.datetime
    responded_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class EmployersMatch:
    """A match as its employer sees it before the contact is theirs. Scores are 0 to 100."""

    id: UUID
    status: OfferStatus
    score: float
    distance: float
    availability: float
    skills_part: float
    experience: float
    reliability_part: float
    distance_km: float
    display_name: str
    city: str | None
    skills: Sequence[str]
    experience_years: int
    verified: bool
    reliability: float
    price: Money
    offered_at: dt.datetime
    respond_by: dt.datetime
    responded_at: dt.datetime | None


async def offers_of(
    session: AsyncSession,
    worker_id: UUID,
    status: OfferStatus | None,
    page: PageRequest,
    now: dt.datetime,
) -> tuple[list[WorkersOffer], str | None]:
    """Return one page of a worker's offers, newest first, and the cursor of the next."""
    query = _offers_query(now).where(JobMatch.worker_id == worker_id)
    if status is not None:
        query = query.where(stands(status, now))
    keys = keyring(session)
    rows = (await session.execute(_WORKERS_OFFERS.apply(query, page, keys))).all()
    cursor = _WORKERS_OFFERS.next_cursor([(row.id,) for row in rows], page, keys)
    shown = rows[: page.limit]
    slots = await _slots_of(session, {row.job_id for row in shown})
    return [_workers_offer(row, slots) for row in shown], cursor


async def offer_of(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, now: dt.datetime
) -> WorkersOffer:
    """Return one offer of a worker. Raises `OfferNotFound`."""
    query = _offers_query(now).where(JobMatch.worker_id == worker_id, JobMatch.id == offer_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise OfferNotFound
    return _workers_offer(row, await _slots_of(session, {row.job_id}))


async def matches_of(
    session: AsyncSession,
    employer_id: UUID,
    job_id: UUID,
    status: OfferStatus | None,
    page: PageRequest,
    now: dt.datetime,
) -> tuple[list[EmployersMatch], str | None]:
    """Return one page of the matches of an employer's job, best first, and the next page's cursor.

    Of a job that is not theirs, or is not there, it is an empty page.
    """
    query = _matches_query(now).where(
        JobMatch.job_id == job_id, JobMatch.employer_id == employer_id
    )
    if status is not None:
        query = query.where(stands(status, now))
    keys = keyring(session)
    rows = (await session.execute(_BEST_FIRST.apply(query, page, keys))).all()
    cursor = _BEST_FIRST.next_cursor(
        [(-row.score, row.distance_km, row.id) for row in rows], page, keys
    )
    return [_employers_match(row) for row in rows[: page.limit]], cursor


def _offers_query(now: dt.datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            JobMatch.id,
            _status(now),
            JobMatch.job_id,
            JobMatch.distance_km,
            JobMatch.why,
            JobMatch.offered_at,
            JobMatch.respond_by,
            JobMatch.responded_at,
            Job.title,
            Job.category,
            Job.description,
            Job.city,
            Job.starts_on,
            Job.ends_on,
            Job.time_zone,
            Job.salary_amount,
            Job.salary_currency,
            Job.salary_per,
            Job.positions,
            Employer.company_name,
            Employer.verified_at,
            User.language,
        )
        .join(User, User.id == JobMatch.worker_id)
        .join(Job, Job.id == JobMatch.job_id)
        .join(Employer, Employer.id == JobMatch.employer_id)
    )


def _matches_query(now: dt.datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            JobMatch.id,
            _status(now),
            JobMatch.score,
            JobMatch.score_distance,
            JobMatch.score_availability,
            JobMatch.score_skills,
            JobMatch.score_experience,
            JobMatch.score_reliability,
            JobMatch.distance_km,
            JobMatch.price_amount,
            JobMatch.price_currency,
            JobMatch.offered_at,
            JobMatch.respond_by,
            JobMatch.responded_at,
            User.name,
            Worker.city,
            Worker.skills,
            Worker.experience_years,
            Worker.verified_at,
            Worker.answered,
            Worker.missed,
            Worker.withdrawn,
        )
        .join(Worker, Worker.id == JobMatch.worker_id)
        .join(User, User.id == JobMatch.worker_id)
    )


def _status(now: dt.datetime) -> ColumnElement[str]:
    return effective_status(now).label("status")


async def _slots_of(
    session: AsyncSession, job_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Shift]]:
    found: defaultdict[UUID, list[Shift]] = defaultdict(list)
    query = (
        select(JobSlot.job_id, JobSlot.weekday, JobSlot.starts, JobSlot.ends)
        .where(JobSlot.job_id.in_(job_ids))
        .order_by(JobSlot.weekday, JobSlot.starts)
    )
    for job_id, weekday, starts, ends in await session.execute(query):
        found[job_id].append((weekday, starts, ends))
    return found


def _workers_offer(
    row: Row[*tuple[Any, ...]], slots: Mapping[UUID, Sequence[Shift]]
) -> WorkersOffer:
    salary = None
    if row.salary_amount is not None:
        salary = Money(row.salary_amount, row.salary_currency)
    title, description, company_name, city = mask_together(
        row.title, row.description, row.company_name, row.city
    )
    return WorkersOffer(
        id=row.id,
        status=OfferStatus(row.status),
        job_id=row.job_id,
        title=title or "",
        category=row.category,
        description=description or "",
        company_name=company_name or "",
        employer_verified=row.verified_at is not None,
        city=city,
        distance_km=round(row.distance_km, 1),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        time_zone=row.time_zone,
        slots=slots.get(row.job_id, ()),
        salary=salary,
        salary_per=row.salary_per,
        positions=row.positions,
        why=row.why,
        language=row.language,
        offered_at=row.offered_at,
        respond_by=row.respond_by,
        responded_at=row.responded_at,
    )


def _employers_match(row: Row[*tuple[Any, ...]]) -> EmployersMatch:
    display_name, city = mask_together(shown_name(row.name), row.city)
    return EmployersMatch(
        id=row.id,
        status=OfferStatus(row.status),
        score=row.score,
        distance=row.score_distance,
        availability=row.score_availability,
        skills_part=row.score_skills,
        experience=row.score_experience,
        reliability_part=row.score_reliability,
        distance_km=coarse_km(row.distance_km),
        display_name=display_name or "",
        city=city,
        skills=row.skills,
        experience_years=row.experience_years,
        verified=row.verified_at is not None,
        reliability=reliability(row.answered, row.missed, row.withdrawn),
        price=Money(row.price_amount, row.price_currency),
        offered_at=row.offered_at,
        respond_by=row.respond_by,
        responded_at=row.responded_at,
    )
