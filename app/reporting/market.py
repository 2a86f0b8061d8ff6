"""How the market is doing: who gets how far, how jobs fill, how evenly offers fall, where people and jobs are. Reads only.

No query per row: each figure is one grouped query, and jobs are folded together here by city, kind of work and skill.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.models import Role, User, UserStatus
from app.jobs.models import Job
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.payments.models import Unlock
from app.workers.models import Worker

MOST_JOBS: Final = 5_000
"""Jobs of the period that are looked at, the newest first."""
OFFER_STEPS: Final = (0, 1, 2, 3, 5, 10)
"""Least offers of each group of workers, by how many they got."""


class Funnel(NamedTuple):
    """Workers who registered in the period, by how far they have come."""

    registered: int
    active: int
    offered: int
    accepted: int
    unlocked: int


@dataclass
class Filling:
    """How jobs of one kind were filled."""

    jobs: int = 0
    positions: int = 0
    filled: int = 0
    """Positions whose contact was bought; more than a job's positions count once."""
    offers: int = 0
    first_yes_minutes: list[float] = field(default_factory=list)

    @property
    def fill_rate(self) -> float | None:
        """Positions that were filled, 0 to 1; None without any."""
        return self.filled / self.positions if self.positions else None

    @property
    def median_first_yes(self) -> float | None:
        """Minutes from publishing to the first yes, of jobs that got one."""
        return median(self.first_yes_minutes) if self.first_yes_minutes else None

    def add(self, job: "JobFigures") -> None:
        """Count one job."""
        self.jobs += 1
        self.positions += job.positions
        self.filled += min(job.unlocked, job.positions)
        self.offers += job.offers
        if job.first_yes_minutes is not None:
            self.first_yes_minutes.append(job.first_yes_minutes)


class JobFigures(NamedTuple):
    """One job of the period."""

    city: str | None
    category: str
    skills: list[str]
    positions: int
    unlocked: int
    offers: int
    first_yes_minutes: float | None


class MarketFigures(NamedTuple):
    """The figures of a period."""

    funnel: Funnel
    all_jobs: Filling
    by_city: Mapping[str, Filling]
    by_category: Mapping[str, Filling]
    by_skill: Mapping[str, Filling]
    offers_per_worker: list[tuple[int, int]]
    """Workers by the least number of offers they got in the period, by `OFFER_STEPS`."""
    unlocked: int
    """Contacts that were bought in the period, of jobs in the city."""


async def figures(session: AsyncSession, since: dt.datetime, city: str | None) -> MarketFigures:
    """Return the figures since an instant, of one city or of all."""
    jobs = await _jobs(session, since, city)
    whole = Filling()
    by_city: dict[str, Filling] = defaultdict(Filling)
    by_category: dict[str, Filling] = defaultdict(Filling)
    by_skill: dict[str, Filling] = defaultdict(Filling)
    for job in jobs:
        whole.add(job)
        by_city[job.city or ""].add(job)
        by_category[job.category].add(job)
        for skill in dict.fromkeys(job.skills):
            by_skill[skill].add(job)
    return MarketFigures(
        funnel=await _funnel(session, since, city),
        all_jobs=whole,
        by_city=_largest(by_city),
        by_category=_largest(by_category),
        by_skill=_largest(by_skill),
        offers_per_worker=await _offers_per_worker(session, since, city),
        unlocked=await _unlocked(session, since, city),
    )


def _largest(groups: Mapping[str, Filling]) -> dict[str, Filling]:
    return dict(sorted(groups.items(), key=lambda item: (-item[1].jobs, item[0])))


async def _count(session: AsyncSession, query: Select[*tuple[object, ...]]) -> int:
    return await session.scalar(select(func.count()).select_from(query.subquery())) or 0


async def _funnel(session: AsyncSession, since: dt.datetime, city: str | None) -> Funnel:
    own: list[ColumnElement[bool]] = [
        User.role == Role.WORKER,
        User.status != UserStatus.ERASED,
        User.created_at >= since,
    ]
    if city is not None:
        own.append(Worker.city == city)
    # One pass: each person once, with how many of their offers came how far.
    each = (
        select(
            User.status.label("status"),
            func.count(JobMatch.id).label("offered"),
            func.count(JobMatch.id)
            .filter(JobMatch.status == OfferStatus.ACCEPTED)
            .label("accepted"),
            func.count(JobMatch.unlocked_at).label("unlocked"),
        )
        .join(Worker, Worker.id == User.id)
        .outerjoin(JobMatch, JobMatch.worker_id == User.id)
        .where(*own)
        .group_by(User.id)
        .subquery()
    )
    query = select(
        func.count(),
        func.count().filter(each.c.status == UserStatus.ACTIVE),
        *(func.count().filter(each.c[name] > 0) for name in ("offered", "accepted", "unlocked")),
    ).select_from(each)
    return Funnel._make((await session.execute(query)).one())


async def _jobs(session: AsyncSession, since: dt.datetime, city: str | None) -> list[JobFigures]:
    newest = select(Job.id).where(Job.published_at >= since)
    if city is not None:
        newest = newest.where(Job.city == city)
    newest = newest.order_by(Job.published_at.desc(), Job.id.desc()).limit(MOST_JOBS)
    accepted = JobMatch.status == OfferStatus.ACCEPTED
    query = (
        select(
            Job.city,
            Job.category,
            Job.required_skills,
            Job.positions,
            Job.unlocked,
            Job.published_at,
            func.count(JobMatch.id).label("offers"),
            func.min(JobMatch.responded_at).filter(accepted).label("first_yes_at"),
        )
        .outerjoin(JobMatch, JobMatch.job_id == Job.id)
        .where(Job.id.in_(newest))
        .group_by(Job.id)
    )
    return [_job(row) for row in await session.execute(query)]


def _job(row: Row[*tuple[object, ...]]) -> JobFigures:
    said, published = row.first_yes_at, row.published_at
    minutes = (said - published).total_seconds() / 60 if said is not None else None
    skills = row.required_skills if isinstance(row.required_skills, list) else []
    return JobFigures(
        city=row.city,
        category=row.category,
        skills=[str(each) for each in skills],
        positions=row.positions,
        unlocked=row.unlocked,
        offers=row.offers,
        # A job that was opened again may have a yes of before.
        first_yes_minutes=max(0.0, minutes) if minutes is not None else None,
    )


async def _unlocked(session: AsyncSession, since: dt.datetime, city: str | None) -> int:
    bought = select(Unlock.id).where(Unlock.unlocked_at >= since)
    if city is not None:
        bought = bought.join(JobMatch, JobMatch.id == Unlock.match_id)
        bought = bought.join(Job, Job.id == JobMatch.job_id).where(Job.city == city)
    return await _count(session, bought)


async def _offers_per_worker(
    session: AsyncSession, since: dt.datetime, city: str | None
) -> list[tuple[int, int]]:
    active = select(User.id).join(Worker, Worker.id == User.id)
    active = active.where(User.role == Role.WORKER, User.status == UserStatus.ACTIVE)
    offers = select(JobMatch.worker_id, func.count().label("offers"))
    offers = offers.where(JobMatch.offered_at >= since)
    if city is not None:
        active = active.where(Worker.city == city)
        offers = offers.join(Worker, Worker.id == JobMatch.worker_id).where(Worker.city == city)
    each = offers.group_by(JobMatch.worker_id).subquery()
    query = select(each.c.offers, func.count()).group_by(each.c.offers)
    counted = {row[0]: row[1] for row in await session.execute(query)}
    without = max(0, await _count(session, active) - sum(counted.values()))
    return _in_steps({0: without} | counted)


def _in_steps(counted: Mapping[int, int]) -> list[tuple[int, int]]:
    groups = dict.fromkeys(OFFER_STEPS, 0)
    for offers, people in counted.items():
        step = max(each for each in OFFER_STEPS if each <= offers)
        groups[step] += people
    return list(groups.items())


# ── Where ────────────────────────────────────────────────────────────────────────────────────────

CELL_DEGREES: Final = 0.01
"""About 1.1 km; a worker's place is kept on a grid of half of it."""
LEAST_SHOWN: Final = 5
"""Fewer people than this in one cell are not shown: they could be told apart."""
_AROUND_DEGREES: Final = 0.12


class Cell(NamedTuple):
    """One cell: its south-west corner, workers (None: too few to be shown), open positions."""

    latitude: float
    longitude: float
    workers: int | None
    open_positions: int


async def cells(session: AsyncSession, latitude: float, longitude: float) -> list[Cell]:
    """Return the cells around a point with active workers or open positions, the fullest first."""
    people = await session.execute(
        select(Worker.latitude, Worker.longitude, func.count())
        .join(User, User.id == Worker.id)
        .where(
            User.status == UserStatus.ACTIVE,
            Worker.latitude.between(latitude - _AROUND_DEGREES, latitude + _AROUND_DEGREES),
            Worker.longitude.between(longitude - _AROUND_DEGREES, longitude + _AROUND_DEGREES),
        )
        .group_by(Worker.latitude, Worker.longitude)
    )
    wanted = await session.execute(
        select(Job.latitude, Job.longitude, func.sum(Job.positions - Job.unlocked))
        .where(
            Job.status == "published",
            Job.latitude.between(latitude - _AROUND_DEGREES, latitude + _AROUND_DEGREES),
            Job.longitude.between(longitude - _AROUND_DEGREES, longitude + _AROUND_DEGREES),
        )
        .group_by(Job.latitude, Job.longitude)
    )
    supply, demand = _folded(people), _folded(wanted)
    found = [
        Cell(
            round(key[0] * CELL_DEGREES, 2),
            round(key[1] * CELL_DEGREES, 2),
            supply.get(key, 0) if supply.get(key, 0) >= LEAST_SHOWN else None,
            max(0, demand.get(key, 0)),
        )
        for key in {*supply, *demand}
    ]
    shown = [cell for cell in found if cell.workers is not None or cell.open_positions]
    return sorted(shown, key=lambda cell: (-(cell.workers or 0), -cell.open_positions, cell[:2]))


def _folded(rows: Iterable[Sequence[Any]]) -> dict[tuple[int, int], int]:
    """Return the counts of the rows' places by cell."""
    counted: dict[tuple[int, int], int] = defaultdict(int)
    for latitude, longitude, number in rows:
        # A point on the edge between two cells belongs to the one north-east of it.
        key = (_cell(latitude), _cell(longitude))
        counted[key] += int(number or 0)
    return counted


def _cell(degrees: float) -> int:
    return int((degrees + 1e-9) // CELL_DEGREES)


async def largest_city(session: AsyncSession) -> str | None:
    """Return the city with the most active workers."""
    query = (
        select(Worker.city)
        .join(User, User.id == Worker.id)
        .where(User.status == UserStatus.ACTIVE, Worker.city.is_not(None))
        .group_by(Worker.city)
        .order_by(func.count().desc(), Worker.city)
        .limit(1)
    )
    return await session.scalar(query)
