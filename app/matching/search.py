"""The index search: which workers could come to a job, from one narrow index.

Every condition is a relaxation of the rules in `rules`: it may let somebody through who turns out not
to fit, and never loses anybody who does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Row,
    Select,
    String,
    Table,
    Uuid,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.skills import masks
from app.core.geo import KM_PER_DEGREE, MAX_TRAVEL_KM, Point, keys_around
from app.employers.models import BlockByEmployer
from app.matching.hours import hours_of
from app.matching.models import WorkerMatch
from app.matching.rules import JobFacts
from app.offers.models import JobMatch
from app.workers.models import BlockByWorker

DISTANCE_SLACK: Final = 1.01
"""On squared distances: covers what treating a piece of the sphere as flat gets wrong (see below)."""

_FLAT_DEGREES: Final = 10.0
"""Within so many degrees of longitude the flat distance errs by less than the slack."""

_KEYS_STEP: Final = 16
"""Searches ask for a multiple of so many cells, so that few different statements get prepared."""

# Tables instead of classes: the ORM's part in a statement costs more than a small answer is worth.
_worker = cast(Table, WorkerMatch.__table__).c
_match = cast(Table, JobMatch.__table__).c
_block = cast(Table, BlockByWorker.__table__).c
_employer_block = cast(Table, BlockByEmployer.__table__).c

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


def shares_time() -> ColumnElement[bool]:
    """Whether there is a shared half hour, or another clock, by which half hours say nothing."""
    return or_(
        _worker.time_zone != bindparam("time_zone"),
        *(
            column.bitwise_and(bindparam(f"day_{day}", type_=BigInteger)) != 0
            for day, column in enumerate(DAYS)
        ),
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


def _statement(degrees_east: ColumnElement[Any]) -> Select[Any]:
    squared = squared_km(degrees_east)
    offered = select(_match.worker_id).where(_match.job_id == bindparam("job_id", type_=Uuid()))
    return select(*_COLUMNS).where(
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
        shares_time(),
        # Whoever was offered this job before, whatever came of it, or shut out or is by its employer.
        _worker.worker_id.not_in(offered.union_all(_BLOCKING, _BLOCKED)),
    )


EAST: Final[ColumnElement[Any]] = _worker.longitude - bindparam("longitude", type_=Float)

# Built once: putting such a statement together takes longer than the database takes to answer it.
_STATEMENT: Final = _statement(EAST)

# The short way round may be the other one.
EAST_ROUND: Final[ColumnElement[Any]] = case(
    (func.abs(EAST) > 180, 360.0 - func.abs(EAST)), else_=func.abs(EAST)
)
_ACROSS_THE_ANTIMERIDIAN: Final = _statement(EAST_ROUND)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a search looks, and how it measures distances there."""

    values: dict[str, Any]
    """Of the parameters that `near` and `squared_km` take."""
    wraps: bool
    """Whether it crosses the antimeridian: `EAST_ROUND` then measures."""


def reach_of(point: Point, radius_km: float | None) -> Reach:
    """Return how a search around that point looks; None is as far as anybody travels."""
    reach_km = MAX_TRAVEL_KM if radius_km is None else min(radius_km, MAX_TRAVEL_KM)
    reach = reach_km / KM_PER_DEGREE
    shortest = math.cos(math.radians(min(90.0, abs(point.latitude) + reach)))
    is_flat = shortest > 0 and reach / shortest <= _FLAT_DEGREES
    narrowing = math.sqrt(math.cos(math.radians(point.latitude)) * shortest) if is_flat else 0
    values = {
        "keys": _padded(keys_around(point, radius_km)),
        "latitude": point.latitude,
        "longitude": point.longitude,
        "km_per_degree_east": KM_PER_DEGREE * narrowing,
        "radius_squared": reach_km * reach_km * DISTANCE_SLACK + 1e-6,
    }
    return Reach(values, is_flat and abs(point.longitude) + reach / shortest + 1 >= 180)


async def near_and_able(session: AsyncSession, job: JobFacts) -> Sequence[Row[*tuple[Any, ...]]]:
    """The workers who may be near enough, able, and free at some time of the job.

    Without those who were offered it before or blocked its employer.

    Distances are compared squared on a flat map, by a lower bound of the true one: north and south by
    the difference of latitudes, east and west by that of longitudes at the shorter of the two
    parallels possible. With d the distance in radii, sin(d/2) <= d/2, and sin(x) >= x (1 - x^2 / 6);
    for the 500 km and 10 degrees allowed here the squares fall short by 0.05 % and 0.26 %, less than
    the slack. Where a search reaches nearer to a pole than that, longitudes are left to the cells.
    """
    reach = reach_of(job.point, job.radius_km)
    skills_0, skills_1 = masks(sorted(job.required_skills))
    week = hours_of(job.schedule).week
    values = reach.values | {
        "experience": job.min_experience_years,
        "skills_0": skills_0,
        "skills_1": skills_1,
        "time_zone": job.schedule.time_zone,
        **{f"day_{day}": mask for day, mask in enumerate(week)},
        "job_id": job.id,
        "employer_id": job.employer_id,
    }
    statement = _ACROSS_THE_ANTIMERIDIAN if reach.wraps else _STATEMENT
    rows: Sequence[Row[*tuple[Any, ...]]] = (await session.execute(statement, values)).all()
    return rows


def _padded(keys: list[int]) -> list[int]:
    return keys + keys[-1:] * (-len(keys) % _KEYS_STEP)
