"""The index search: which workers could come to a job, from one narrow index.

Every condition is a relaxation of the rules in `rules`: it may let somebody through who turns out not
to fit, and never loses anybody who does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Row,
    Select,
    String,
    Table,
    Uuid,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.skills import masks
from app.core.geo import KM_PER_DEGREE, MAX_TRAVEL_KM, Point, keys_around
from app.database.statements import bits_set
from app.employers.models import BlockByEmployer
from app.matching.hours import hours_of
from app.matching.models import WorkerMatch
from app.matching.rules import EXPERIENCE_FULL_YEARS, JobFacts, Weights
from app.offers.models import JobMatch
from app.workers.models import BlockByWorker

DISTANCE_SLACK: Final = 1.01
"""On squared distances: covers what treating a piece of the sphere as flat gets wrong (see below)."""

_FLAT_DEGREES: Final = 10.0
"""Within so many degrees of longitude the flat distance errs by less than the slack."""

_KEYS_STEP: Final = 48
"""Searches ask for a multiple of so many cells, so that few different statements get prepared."""

# Tables instead of classes: the ORM's part in a statement costs more than a small answer is worth.
_worker = cast(Table, WorkerMatch.__table__).c
_match = cast(Table, JobMatch.__table__).c
_block = cast(Table, BlockByWorker.__table__).c
_employer_block = cast(Table, BlockByEmployer.__table__).c

EAST: Final[ColumnElement[Any]] = _worker.longitude - bindparam("longitude", type_=Float)


# The short way round may be the other one.
EAST_ROUND: Final[ColumnElement[Any]] = case(
    (func.abs(EAST) > 180, 360.0 - func.abs(EAST)), else_=func.abs(EAST)
)

DAYS: Final = tuple(_worker[f"d{day}"] for day in range(7))

_COLUMNS: Final = (
    # As the driver gives it: making thousands of UUIDs takes longer than finding them.
    type_coerce(_worker.worker_id, String(32)).label("worker_id"),
    _worker.latitude,
    _worker.longitude,
    _worker.max_km,
    _worker.experience,
    _worker.skills_0,
    _worker.skills_1,
    *DAYS,
    _worker.time_zone,
)


# Named: a column that refers to another has no type before that one's table is loaded.
_EMPLOYER: Final = bindparam("employer_id", type_=Uuid())
_BLOCKING: Final = select(_block.worker_id).where(_block.employer_id == _EMPLOYER)
_BLOCKED: Final = select(_employer_block.worker_id).where(_employer_block.employer_id == _EMPLOYER)
SHUT_OUT: Final = _BLOCKING.union_all(_BLOCKED)
"""Whoever shut this employer out, or was shut out by it."""


def squared_km(degrees_east: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the squared distance on a flat map, by a lower bound of the true one (see `near_and_able`)."""
    north = (_worker.latitude - bindparam("latitude", type_=Float)) * KM_PER_DEGREE
    east = degrees_east * bindparam("km_per_degree_east", type_=Float)
    return north * north + east * east


def shared_half_hours(days: Sequence[int]) -> ColumnElement[int]:
    """Return the half hours of work on these weekdays in which the worker is free at all.

    All of it where clocks differ: half hours say nothing then.
    """
    parts = [
        bits_set(DAYS[day].bitwise_and(bindparam(f"day_{day}", type_=BigInteger))) for day in days
    ]
    total: ColumnElement[Any] = bindparam("half_hours", type_=Integer)
    elsewhere = _worker.time_zone != bindparam("time_zone", type_=String)
    return case((elsewhere, total), else_=sum(parts[1:], start=parts[0]))


def _shares_time(days: Sequence[int]) -> ColumnElement[bool]:
    """Whether there is a shared half hour, or another clock."""
    return or_(
        _worker.time_zone != bindparam("time_zone", type_=String),
        *(DAYS[day].bitwise_and(bindparam(f"day_{day}", type_=BigInteger)) != 0 for day in days),
    )


def near() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions by which the covering index leaves the cells around a job."""
    return (
        _worker.geo_key.in_(bindparam("keys", expanding=True)),
        _worker.active == true(),
    )


def within(squared: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the worker travels that far."""
    return squared <= _worker.max_km * _worker.max_km * DISTANCE_SLACK + 1e-6


class _Wanted(StrEnum):
    """What a statement returns of those who may fit."""

    ROWS = "rows"
    BEST = "best"
    """The rows with the best bounds of their scores, at most `limit`, the best first."""
    COUNT = "count"


def _bound(squared: ColumnElement[Any], days: Sequence[int]) -> ColumnElement[Any]:
    """Return a bound of the score, 0 to 100, by what the index holds; `_bound_values` has its parameters."""

    def number(name: str) -> ColumnElement[Any]:
        return bindparam(name, type_=Float)

    radius = number("radius")
    limit = case((_worker.max_km < radius, _worker.max_km), else_=radius)
    apart = 1 - func.sqrt(squared) / (limit + 1e-9)
    wished = sum(
        (
            bits_set(column.bitwise_and(bindparam(name, type_=BigInteger)))
            for column, name in ((_worker.skills_0, "wished_0"), (_worker.skills_1, "wished_1"))
        ),
        start=literal(0),
    )
    beyond = _worker.experience - bindparam("experience", type_=Integer)
    return (
        number("perfect")
        + number("by_distance") * case((apart < 0, 0.0), else_=apart)
        + number("by_half_hour") * shared_half_hours(days)
        + number("by_wish") * wished
        + number("by_year")
        * case((beyond > EXPERIENCE_FULL_YEARS, EXPERIENCE_FULL_YEARS), else_=beyond)
    )


def _bound_values(job: JobFacts, weights: Weights) -> dict[str, Any]:
    """Return the parameters of `_bound`: what each part adds for each unit, and all that is taken as perfect."""
    hours = hours_of(job.schedule)
    half_hours = sum(mask.bit_count() for mask in hours.week)
    # Half hours count alike only where there is as much work in each of them.
    is_even = len({minutes for minutes in hours.half_hours if minutes}) == 1
    wished = masks(sorted(job.preferred_skills))
    each = 100 / weights.total
    perfect = weights.reliability + weights.experience / 2
    perfect += 0 if is_even else weights.availability
    perfect += 0 if job.preferred_skills else weights.skills
    return {
        "radius": float(MAX_TRAVEL_KM if job.radius_km is None else job.radius_km),
        "perfect": each * perfect,
        "by_distance": each * weights.distance,
        "by_half_hour": each * weights.availability / half_hours if is_even else 0.0,
        "by_wish": each * weights.skills / max(1, len(job.preferred_skills)),
        "by_year": each * weights.experience / 2 / EXPERIENCE_FULL_YEARS,
        "wished_0": wished[0],
        "wished_1": wished[1],
        "half_hours": half_hours,
    }


@cache
def _statement(days: tuple[int, ...], *, wraps: bool, wanted: _Wanted) -> Select[Any]:
    """Return the statement for work on these weekdays: of the others nothing need be read.

    Built once each: putting it together takes longer than the database takes to answer it.
    """
    squared = squared_km(EAST_ROUND if wraps else EAST)
    found = select(*_COLUMNS)
    shares_time = _shares_time(days)
    if wanted is _Wanted.COUNT:
        found = select(func.count())
        shares_time = shared_half_hours(days) >= bindparam("least_half_hours", type_=Integer)
    elif wanted is _Wanted.BEST:
        bound = _bound(squared, days).label("bound")
        limit = bindparam("limit", type_=Integer)
        found = select(*_COLUMNS, bound).order_by(bound.desc()).limit(limit)
    offered = select(_match.worker_id).where(_match.job_id == bindparam("job_id", type_=Uuid()))
    return found.where(
        *near(),
        _worker.experience >= bindparam("experience"),
        *(
            column.bitwise_and(bindparam(name, type_=BigInteger)) == bindparam(name)
            for column, name in (
                (_worker.skills_0, "skills_0"),
                (_worker.skills_1, "skills_1"),
            )
        ),
        within(squared),
        squared <= bindparam("radius_squared", type_=Float),
        shares_time,
        # Whoever was offered this job before, whatever came of it, or shut out or is by its employer.
        _worker.worker_id.not_in(offered.union_all(_BLOCKING, _BLOCKED)),
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a search looks, and how it measures distances there."""

    values: dict[str, Any]
    """Of the parameters that `near` and `squared_km` take."""
    wraps: bool
    """Whether it crosses the antimeridian: `EAST_ROUND` then measures."""


def reach_of(point: Point, radius_km: float | None, keys: list[int]) -> Reach:
    """Return how a search in these cells around a point looks; a radius of None is as far as anybody travels."""
    reach_km = MAX_TRAVEL_KM if radius_km is None else min(radius_km, MAX_TRAVEL_KM)
    reach = reach_km / KM_PER_DEGREE
    shortest = math.cos(math.radians(min(90.0, abs(point.latitude) + reach)))
    is_flat = shortest > 0 and reach / shortest <= _FLAT_DEGREES
    narrowing = math.sqrt(math.cos(math.radians(point.latitude)) * shortest) if is_flat else 0
    values = {
        "keys": _padded(keys),
        "latitude": point.latitude,
        "longitude": point.longitude,
        "km_per_degree_east": KM_PER_DEGREE * narrowing,
        "radius_squared": reach_km * reach_km * DISTANCE_SLACK + 1e-6,
    }
    return Reach(values, is_flat and abs(point.longitude) + reach / shortest + 1 >= 180)


async def near_and_able(
    session: AsyncSession, job: JobFacts, keys: Sequence[int] | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The workers who may be near enough, able, and free at some time of the job.

    `keys` are the cells to look in, all around the job if left out.
    Without those who were offered it before or blocked its employer.

    Distances are compared squared on a flat map, by a lower bound of the true one: north and south by
    the difference of latitudes, east and west by that of longitudes at the shorter of the two
    parallels possible. With d the distance in radii, sin(d/2) <= d/2, and sin(x) >= x (1 - x^2 / 6);
    for the 500 km and 10 degrees allowed here the squares fall short by 0.05 % and 0.26 %, less than
    the slack. Where a search reaches nearer to a pole than that, longitudes are left to the cells.
    """
    values, wraps = _values(job, keys)
    days = work_days(job)
    if not days:
        return []
    statement = _statement(days, wraps=wraps, wanted=_Wanted.ROWS)
    rows: Sequence[Row[*tuple[Any, ...]]] = (await session.execute(statement, values)).all()
    return rows


async def best_near_and_able(
    session: AsyncSession, job: JobFacts, keys: Sequence[int], weights: Weights, limit: int
) -> tuple[Sequence[Sequence[Any]], float | None]:
    """Return of `near_and_able` only the rows with the best bounds of their scores, at most `limit`.

    The bound is what nobody else in these cells can exceed, 0 to 100; None: there is nobody else.
    """
    values, wraps = _values(job, keys)
    days = work_days(job)
    if not days:
        return [], None
    statement = _statement(days, wraps=wraps, wanted=_Wanted.BEST)
    values |= _bound_values(job, weights) | {"limit": limit}
    rows = (await session.execute(statement, values)).all()
    bare = [row[:-1] for row in rows]
    return bare, float(rows[-1].bound) if len(rows) == limit else None


async def count_able(
    session: AsyncSession, job: JobFacts, keys: Sequence[int], minimum_share: float
) -> int:
    """Count the workers in these cells who fit as far as the index tells: no row leaves the database."""
    values, wraps = _values(job, keys)
    days = work_days(job)
    if not days or not keys:
        return 0
    statement = _statement(days, wraps=wraps, wanted=_Wanted.COUNT)
    counted: int = (
        await session.execute(statement, values | half_hours_of(job, minimum_share))
    ).scalar_one()
    return counted


def work_days(job: JobFacts) -> tuple[int, ...]:
    """Return the weekdays with work on them."""
    return tuple(day for day, mask in enumerate(hours_of(job.schedule).week) if mask)


def half_hours_of(job: JobFacts, minimum_share: float) -> dict[str, int]:
    """Return the values of `shared_half_hours`, and the least that are enough."""
    half_hours = sum(mask.bit_count() for mask in hours_of(job.schedule).week)
    least = max(1, math.ceil(minimum_share * half_hours - 1e-6))
    return {"half_hours": half_hours, "least_half_hours": least}


def _values(job: JobFacts, keys: Sequence[int] | None) -> tuple[dict[str, Any], bool]:
    everywhere = keys_around(job.point, job.radius_km) if keys is None else [*keys]
    reach = reach_of(job.point, job.radius_km, everywhere)
    skills_0, skills_1 = masks(sorted(job.required_skills))
    week = hours_of(job.schedule).week
    values = reach.values | {
        "experience": job.min_experience_years,
        "skills_0": skills_0,
        "skills_1": skills_1,
        "time_zone": job.schedule.time_zone,
        **{f"day_{day}": mask for day, mask in enumerate(week) if mask},
        "job_id": job.id,
        "employer_id": job.employer_id,
    }
    return values, reach.wraps


def _padded(keys: list[int]) -> list[int]:
    return keys + keys[-1:] * (-len(keys) % _KEYS_STEP)
