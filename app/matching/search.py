"""The index search: which workers could come to a job, from narrow rows that one index covers.

Every condition is a relaxation of the rules in `rules`: it may let somebody through who turns out not
to fit, and never loses anybody who does. A job that requires skills reads the rows of people who have one of
them (`WorkerSkillMatch`), any other job everybody's (`WorkerMatch`).
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
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
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from app.catalogue.skills import MASK_BITS, SKILLS, WANTED_MOST, masks
from app.core.geo import KM_PER_DEGREE, MAX_TRAVEL_KM, Point, skill_keys
from app.database.statements import bits_set, is_among, table
from app.employers.models import BlockByEmployer
from app.matching.hours import hours_of
from app.matching.models import WorkerMatch, WorkerSkillMatch
from app.matching.rules import EXPERIENCE_FULL_YEARS, JobFacts, Weights
from app.offers.models import JobMatch
from app.workers.models import BlockByWorker

DISTANCE_SLACK: Final = 1.01
"""On squared distances: covers what treating a piece of the sphere as flat gets wrong (see below)."""

_FLAT_DEGREES: Final = 10.0
"""Within so many degrees of longitude the flat distance errs by less than the slack."""

type Columns = ReadOnlyColumnCollection[str, Any]

# Tables instead of classes: the ORM's part in a statement costs more than a small answer is worth.
ANYBODY: Final = table(WorkerMatch)
BY_SKILL: Final = table(WorkerSkillMatch)
_match = table(JobMatch).c
_block = table(BlockByWorker).c
_employer_block = table(BlockByEmployer).c


# Named: a column that refers to another has no type before that one's table is loaded.
_EMPLOYER: Final = bindparam("employer_id", type_=Uuid())
_BLOCKING: Final = select(_block.worker_id).where(_block.employer_id == _EMPLOYER)
_BLOCKED: Final = select(_employer_block.worker_id).where(_employer_block.employer_id == _EMPLOYER)
SHUT_OUT: Final = _BLOCKING.union_all(_BLOCKED)
"""Whoever shut this employer out, or was shut out by it."""


def squared_km(worker: Columns, *, wraps: bool) -> ColumnElement[Any]:
    """Return the squared distance on a flat map, by a lower bound of the true one (see `reach_of`).

    Where it `wraps` the short way round may cross the antimeridian.
    """
    north = (worker.latitude - bindparam("latitude", type_=Float)) * KM_PER_DEGREE
    apart: ColumnElement[Any] = worker.longitude - bindparam("longitude", type_=Float)
    if wraps:
        apart = case((func.abs(apart) > 180, 360.0 - func.abs(apart)), else_=func.abs(apart))
    east = apart * bindparam("km_per_degree_east", type_=Float)
    squared: ColumnElement[Any] = north * north + east * east
    return squared


def shared_half_hours(worker: Columns, days: Sequence[int]) -> ColumnElement[int]:
    """Return the half hours of work on these weekdays in which the worker is free at all.

    All of it where clocks differ: half hours say nothing then.
    """
    parts = [bits_set(_shared(worker, day)) for day in days]
    total: ColumnElement[Any] = bindparam("half_hours", type_=Integer)
    elsewhere = worker.time_zone != bindparam("time_zone", type_=String)
    return case((elsewhere, total), else_=sum(parts[1:], start=parts[0]))


def _shares_time(worker: Columns, days: Sequence[int]) -> ColumnElement[bool]:
    """Whether there is a shared half hour, or another clock."""
    return or_(
        worker.time_zone != bindparam("time_zone", type_=String),
        *(_shared(worker, day) != 0 for day in days),
    )


def _shared(worker: Columns, day: int) -> ColumnElement[Any]:
    shared: ColumnElement[Any] = worker[f"d{day}"].bitwise_and(
        bindparam(f"day_{day}", type_=BigInteger)
    )
    return shared


def in_cells(filed: Table) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions by which the covering index leaves the cells bound as `keys`, of either table."""
    if filed is BY_SKILL:
        return (is_among(filed.c.skill_key, "keys"),)
    return (is_among(filed.c.geo_key, "keys"), filed.c.active == true())


def within(worker: Columns, squared: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the worker travels that far."""
    reaches: ColumnElement[bool] = squared <= worker.max_km * worker.max_km * DISTANCE_SLACK + 1e-6
    return reaches


class _Wanted(StrEnum):
    """What a statement returns of those who may fit."""

    BEST = "best"
    """Those with the best bounds of their scores, at most `limit`, the best first."""
    BEST_OF = "best of"
    """The same, and how many there are in all."""
    COUNT = "count"
    """Only how many there are."""


def _number(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=Float)


def _limit_km(worker: Columns) -> ColumnElement[Any]:
    """Return how far apart worker and job may be."""
    return case((worker.max_km < _number("radius"), worker.max_km), else_=_number("radius"))


def _bound(worker: Columns) -> ColumnElement[Any]:
    """Return a bound of the score, 0 to 100, by what the index holds; `_bound_values` has its parameters."""
    apart = 1 - func.sqrt(worker.squared) / (worker.limit_km + 1e-9)
    wished = sum(
        (
            bits_set(column.bitwise_and(bindparam(name, type_=BigInteger)))
            for column, name in ((worker.skills_0, "wished_0"), (worker.skills_1, "wished_1"))
        ),
        start=literal(0),
    )
    beyond = worker.experience - bindparam("experience", type_=Integer)
    most_free = _number("most_half_hours")
    return (
        _number("perfect")
        + _number("by_distance") * case((apart < 0, 0.0), else_=apart)
        + _number("by_half_hour") * case((worker.free > most_free, most_free), else_=worker.free)
        + _number("by_wish") * wished
        + _number("by_year")
        * case((beyond > EXPERIENCE_FULL_YEARS, EXPERIENCE_FULL_YEARS), else_=beyond)
    )


def _bound_values(job: JobFacts, weights: Weights) -> dict[str, Any]:
    """Return the parameters of `_bound`: what each part adds for each unit, and all that is taken as perfect."""
    hours = hours_of(job.schedule)
    # Somebody is free for as much as the busiest half hours hold, as many as they share: never for less than that.
    most_full = hours.minutes / max(hours.half_hours)
    wished = masks(sorted(job.preferred_skills))
    beyond_masks = len(job.preferred_skills) - sum(mask.bit_count() for mask in wished)
    each = 100 / weights.total
    each_wish = each * weights.skills / max(1, len(job.preferred_skills))
    perfect = weights.reliability + weights.experience / 2
    perfect += 0 if job.preferred_skills else weights.skills
    return {
        "perfect": each * perfect + each_wish * beyond_masks,
        "by_distance": each * weights.distance,
        "by_half_hour": each * weights.availability / most_full,
        "most_half_hours": most_full,
        "by_wish": each_wish,
        "by_year": each * weights.experience / 2 / EXPERIENCE_FULL_YEARS,
        "wished_0": wished[0],
        "wished_1": wished[1],
    }


@cache
def _statement(filed: Table, days: tuple[int, ...], *, wraps: bool, wanted: _Wanted) -> Select[Any]:
    """Return the statement for work on these weekdays: of the others nothing need be read.

    Built once each: putting it together takes longer than the database takes to answer it.
    """
    near = _near_and_able(filed, days, wraps=wraps)
    found = select(func.count())
    if wanted is not _Wanted.COUNT:
        # As the driver gives it: making a UUID takes longer than finding it.
        person = type_coerce(near.worker_id, String(32)).label("worker_id")
        bound = _bound(near).label("bound")
        found = select(person, bound)
        found = found.order_by(bound.desc()).limit(bindparam("limit", type_=Integer))
    if wanted is _Wanted.BEST_OF:
        found = found.add_columns(func.count().over().label("found"))
    offered = select(_match.worker_id).where(_match.job_id == bindparam("job_id", type_=Uuid()))
    return found.where(
        near.free >= bindparam("least_half_hours", type_=Integer),
        # Whoever was offered this job before, whatever came of it, or shut out or is by its employer.
        near.worker_id.not_in(offered.union_all(_BLOCKING, _BLOCKED)),
    )


def _near_and_able(filed: Table, days: tuple[int, ...], *, wraps: bool) -> Columns:
    """Return those near enough and able who share any time with the job, with what is worked out of each once."""
    worker = filed.c
    squared = squared_km(worker, wraps=wraps)
    limit = _limit_km(worker)
    near = select(
        worker.worker_id,
        squared.label("squared"),
        limit.label("limit_km"),
        shared_half_hours(worker, days).label("free"),
        worker.experience,
        worker.skills_0,
        worker.skills_1,
    ).where(
        *in_cells(filed),
        worker.experience >= bindparam("experience"),
        *(
            column.bitwise_and(bindparam(name, type_=BigInteger)) == bindparam(name)
            for column, name in ((worker.skills_0, "skills_0"), (worker.skills_1, "skills_1"))
        ),
        _shares_time(worker, days),
        squared <= limit * limit * DISTANCE_SLACK + 1e-6,
    )
    # A subquery with an offset is not taken apart: what it computes is computed once a row, and of few rows.
    return near.offset(0).subquery("near").c


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a search looks, and how it measures distances there."""

    values: dict[str, Any]
    """Of the parameters that `squared_km` takes."""
    wraps: bool
    """Whether it may cross the antimeridian."""


def reach_of(point: Point, radius_km: float | None) -> Reach:
    """Return how a search around a point measures; a radius of None is as far as anybody travels.

    Distances are compared squared on a flat map, by a lower bound of the true one: north and south by
    the difference of latitudes, east and west by that of longitudes at the shorter of the two
    parallels possible. With d the distance in radii, sin(d/2) <= d/2, and sin(x) >= x (1 - x^2 / 6);
    for the 500 km and 10 degrees allowed here the squares fall short by 0.05 % and 0.26 %, less than
    the slack. Where a search reaches nearer to a pole than that, longitudes are left to the cells.
    """
    reach_km = MAX_TRAVEL_KM if radius_km is None else min(radius_km, MAX_TRAVEL_KM)
    reach = reach_km / KM_PER_DEGREE
    shortest = math.cos(math.radians(min(90.0, abs(point.latitude) + reach)))
    is_flat = shortest > 0 and reach / shortest <= _FLAT_DEGREES
    narrowing = math.sqrt(math.cos(math.radians(point.latitude)) * shortest) if is_flat else 0
    values = {
        "latitude": point.latitude,
        "longitude": point.longitude,
        "km_per_degree_east": KM_PER_DEGREE * narrowing,
    }
    return Reach(values, is_flat and abs(point.longitude) + reach / shortest + 1 >= 180)


@dataclass(frozen=True, slots=True)
class Best:
    """Those with the best bounds of their scores."""

    people: list[tuple[float, UUID | str]]
    """The bound, 0 to 100, and who: the best first. As the driver gives the id, a string is one in hexadecimal."""
    found: int
    """How many there are in all, where that was asked; else how many are here."""
    bound_of_others: float | None
    """What nobody else in these cells can exceed; None: there is nobody else."""


async def best_near_and_able(
    session: AsyncSession,
    job: JobFacts,
    cells: Sequence[int],
    weights: Weights,
    minimum_share: float,
    limit: int,
    *,
    counts: bool = True,
) -> Best:
    """Find those in these cells who may be near enough, able, and free for enough of the job.

    At most `limit` are returned, those with the best bounds of their scores. Without those who were offered the job
    before or blocked its employer. To count the others costs about half as much again.
    """
    days = work_days(job)
    if not days or not cells:
        return Best([], 0, None)
    filed, values, wraps = _asked(job, cells, minimum_share)
    values |= _bound_values(job, weights) | {"limit": limit}
    wanted = _Wanted.BEST_OF if counts else _Wanted.BEST
    statement = _statement(filed, days, wraps=wraps, wanted=wanted)
    rows = (await session.execute(statement, values)).all()
    people = [(float(row.bound), row.worker_id) for row in rows]
    found = rows[0].found if rows and counts else len(rows)
    return Best(people, found, people[-1][0] if len(rows) == limit else None)


async def count_able(
    session: AsyncSession, job: JobFacts, cells: Sequence[int], minimum_share: float
) -> int:
    """Count the workers in these cells who fit as far as the index tells: no row leaves the database."""
    days = work_days(job)
    if not days or not cells:
        return 0
    filed, values, wraps = _asked(job, cells, minimum_share)
    statement = _statement(filed, days, wraps=wraps, wanted=_Wanted.COUNT)
    counted: int = (await session.execute(statement, values)).scalar_one()
    return counted


def work_days(job: JobFacts) -> tuple[int, ...]:
    """Return the weekdays with work on them."""
    return tuple(day for day, mask in enumerate(hours_of(job.schedule).week) if mask)


def half_hours_of(job: JobFacts, minimum_share: float) -> dict[str, int]:
    """Return the values of `shared_half_hours`, and the least that can be enough."""
    hours = hours_of(job.schedule)
    # With fewer not even the busiest half hours would do.
    least = math.ceil(minimum_share * hours.minutes / max(hours.half_hours) - 1e-6)
    half_hours = sum(mask.bit_count() for mask in hours.week)
    return {"half_hours": half_hours, "least_half_hours": max(1, least)}


def rarest(skills: Collection[str]) -> str | None:
    """Return the skill by whose rows a job is searched, the one that fewest are taken to have; None for none."""
    return min(skills, key=_demand, default=None)


def _demand(slug: str) -> tuple[bool, int, str]:
    """Order skills: those that no mask holds first, for only their rows tell who has them; the most wanted last."""
    is_wanted = WANTED_MOST.index(slug) if slug in WANTED_MOST else len(WANTED_MOST)
    return SKILLS[slug].bit < 2 * MASK_BITS, -is_wanted, slug


def _asked(
    job: JobFacts, cells: Sequence[int], minimum_share: float
) -> tuple[Table, dict[str, Any], bool]:
    """Return whose rows are asked, the parameters of `_statement`, and whether it may cross the antimeridian."""
    reach = reach_of(job.point, job.radius_km)
    skills_0, skills_1 = masks(sorted(job.required_skills))
    skill = rarest(job.required_skills)
    week = hours_of(job.schedule).week
    values = reach.values | {
        "keys": list(cells) if skill is None else skill_keys(SKILLS[skill].bit, cells),
        "radius": float(MAX_TRAVEL_KM if job.radius_km is None else job.radius_km),
        "experience": job.min_experience_years,
        "skills_0": skills_0,
        "skills_1": skills_1,
        "time_zone": job.schedule.time_zone,
        **{f"day_{day}": mask for day, mask in enumerate(week) if mask},
        **half_hours_of(job, minimum_share),
        "job_id": job.id,
        "employer_id": job.employer_id,
    }
    return ANYBODY if skill is None else BY_SKILL, values, reach.wraps
