"""How many people fit a job, and how many more would with one requirement less: counts by the index alone.

One statement over the covering index counts everybody who misses at most one requirement, by which one they
miss and by how far away they live. No row leaves the database, and nobody's profile is read. So days off, accepted
jobs, reached caps and minutes within half hours are not looked at: the number is what the search calls those
"who fit as far as the index tells".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    Float,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.skills import masks
from app.core.geo import MAX_TRAVEL_KM, keys_around
from app.matching.forecast_bands import BAND_EDGES_KM
from app.matching.hours import hours_of
from app.matching.models import WorkerMatch
from app.matching.rules import JobFacts
from app.matching.search import (
    DISTANCE_SLACK,
    EAST,
    EAST_ROUND,
    SHUT_OUT,
    half_hours_of,
    near,
    reach_of,
    shared_half_hours,
    squared_km,
    work_days,
)

WIDER: Final = 2.0
"""How many times the job's radius is looked at, for who would fit if it were larger."""

type Bands = list[int]
"""How many people, by band of distance (`forecast_bands`)."""

_worker = cast(Table, WorkerMatch.__table__).c


def nobody() -> Bands:
    """Return bands without anybody."""
    return [0] * (len(BAND_EDGES_KM) + 1)


@dataclass(frozen=True, slots=True)
class Census:
    """Who fits, and who would but for one requirement."""

    fit: Bands
    without_skill: dict[str, Bands] = field(default_factory=dict)
    """By required skill: those who lack only it."""
    without_experience: Bands = field(default_factory=nobody)
    """Those who have only too few years."""
    beyond_radius: Bands = field(default_factory=nobody)
    """Those who live only beyond the radius, within `WIDER` of it."""


@cache
def _statement(days: tuple[int, ...], *, wraps: bool) -> Select[Any]:
    """Return the statement for work on these weekdays: of the others nothing need be read."""
    # What is computed here is computed once a row: a subquery with an offset is not taken apart.
    around = (
        select(
            squared_km(EAST_ROUND if wraps else EAST).label("squared"),
            *(
                ((mask := bindparam(name, type_=BigInteger)) - column.bitwise_and(mask)).label(to)
                for column, name, to in (
                    (_worker.skills_0, "skills_0", "missing_0"),
                    (_worker.skills_1, "skills_1", "missing_1"),
                )
            ),
            _worker.experience,
            _worker.max_km,
            _worker.worker_id,
            shared_half_hours(days).label("shared"),
        )
        .where(*near())
        .offset(0)
        .subquery("around")
        .c
    )
    lacks = or_(around.missing_0 != 0, around.missing_1 != 0)
    # Of skills one alone is missed: a power of two.
    one_skill = and_(
        around.missing_0.bitwise_and(around.missing_0 - 1) == 0,
        around.missing_1.bitwise_and(around.missing_1 - 1) == 0,
        or_(around.missing_0 == 0, around.missing_1 == 0),
    )
    junior = around.experience < bindparam("experience", type_=Integer)
    far = around.squared > bindparam("radius_squared", type_=Float)
    band = case(
        *((around.squared <= edge * edge, number) for number, edge in enumerate(BAND_EDGES_KM)),
        else_=len(BAND_EDGES_KM),
    )
    one_miss = (
        select(
            around.missing_0,
            around.missing_1,
            case((junior, 1), else_=0).label("junior"),
            case((far, 1), else_=0).label("far"),
            band.label("band"),
        )
        .where(
            around.squared <= around.max_km * around.max_km * DISTANCE_SLACK + 1e-6,
            around.squared <= bindparam("wider_squared", type_=Float),
            or_(and_(~lacks, or_(~junior, ~far)), and_(one_skill, ~junior, ~far)),
            around.shared >= bindparam("least_half_hours", type_=Integer),
            around.worker_id.not_in(SHUT_OUT),
        )
        .subquery("one_miss")
        .c
    )
    return select(*one_miss, func.count().label("people")).group_by(*one_miss)


async def count_fitting(session: AsyncSession, job: JobFacts, minimum_share: float) -> Census:
    """Count who fits the job, and who would but for one requirement."""
    wider = None if job.radius_km is None else min(job.radius_km * WIDER, MAX_TRAVEL_KM)
    reach = reach_of(job.point, wider, keys_around(job.point, wider))
    radius_km = MAX_TRAVEL_KM if job.radius_km is None else job.radius_km
    hours = hours_of(job.schedule)
    required = masks(sorted(job.required_skills))
    values = reach.values | {
        "wider_squared": reach.values["radius_squared"],
        "radius_squared": radius_km * radius_km * DISTANCE_SLACK + 1e-6,
        "experience": job.min_experience_years,
        "skills_0": required[0],
        "skills_1": required[1],
        "time_zone": job.schedule.time_zone,
        **{f"day_{day}": mask for day, mask in enumerate(hours.week) if mask},
        **half_hours_of(job, minimum_share),
        "employer_id": job.employer_id,
    }
    days = work_days(job)
    if not days:
        return Census(nobody(), {slug: nobody() for slug in job.required_skills})
    statement = _statement(days, wraps=reach.wraps)
    return _census((await session.execute(statement, values)).all(), job)


def _census(rows: Sequence[Any], job: JobFacts) -> Census:
    by_mask = {masks([slug]): slug for slug in job.required_skills}
    found = Census(nobody(), {slug: nobody() for slug in job.required_skills})
    for missing_0, missing_1, junior, far, band, people in rows:
        if missing_0 or missing_1:
            bands = found.without_skill[by_mask[missing_0, missing_1]]
        elif junior:
            bands = found.without_experience
        else:
            bands = found.beyond_radius if far else found.fit
        bands[band] += people
    return found
