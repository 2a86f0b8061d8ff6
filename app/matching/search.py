"""The index search: which workers could come to a job, from one narrow index.

Every condition is a relaxation of the rules in `rules`: it may let somebody through who turns out not
to fit, and never loses anybody who does.
"""

import math
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    case,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)

from app.catalogue.skills import masks
from app.core.geo import KM_PER_DEGREE, MAX_TRAVEL_KM, keys_around
from app.core.week import bits
from app.matching.models import WorkerMatch
from app.matching.rules import JobFacts
from app.offers.models import JobMatch
from app.workers.models import Block

DISTANCE_SLACK: Final = 1.01
"""On squared distances: covers what treating a piece of the sphere as flat gets wrong (see below)."""

_FLAT_DEGREES: Final = 10.0
"""Within so many degrees of longitude the flat distance errs by less than the slack."""

_KEYS_STEP: Final = 16
"""Searches ask for a multiple of so many cells, so that few different statements get prepared."""

DAY_COLUMNS: Final = tuple(getattr(WorkerMatch, f"d{day}") for day in range(7))

SEARCH_COLUMNS: Final = (
    # As the driver gives it: making thousands of UUIDs takes longer than finding them.
    type_coerce(WorkerMatch.worker_id, String(32)).label("worker_id"),
    WorkerMatch.latitude,
    WorkerMatch.longitude,
    WorkerMatch.max_km,
    WorkerMatch.experience,
    WorkerMatch.skills_0,
    WorkerMatch.skills_1,
    *DAY_COLUMNS,
    WorkerMatch.time_zone,
)


def near_and_able(job: JobFacts) -> Select[Any]:
    """The workers who may be near enough, able, and free at some time of the job.

    Without those who were offered it before or blocked its employer.
    """
    return select(*SEARCH_COLUMNS).where(
        WorkerMatch.geo_key.in_(_padded(keys_around(job.point, job.radius_km))),
        WorkerMatch.active == true(),
        WorkerMatch.experience >= job.min_experience_years,
        *_has_skills(job),
        *_near(job),
        _free_some_time(job),
        WorkerMatch.worker_id.not_in(_out_of_the_question(job)),
    )


def _out_of_the_question(job: JobFacts) -> CompoundSelect[Any]:
    """Whoever was offered this job before, whatever came of it, and whoever blocked its employer."""
    offered = select(JobMatch.worker_id).where(JobMatch.job_id == job.id)
    blocking = select(Block.worker_id).where(Block.employer_id == job.employer_id)
    return offered.union_all(blocking)


def _padded(keys: list[int]) -> list[int]:
    return keys + keys[-1:] * (-len(keys) % _KEYS_STEP)


def _has_skills(job: JobFacts) -> list[ColumnElement[bool]]:
    columns = (WorkerMatch.skills_0, WorkerMatch.skills_1)
    required = masks(sorted(job.required_skills))
    return [
        column.bitwise_and(mask) == mask
        for column, mask in zip(columns, required, strict=True)
        if mask
    ]


def _near(job: JobFacts) -> list[ColumnElement[bool]]:
    """Squared distance on a flat map, in square kilometres, against both limits.

    A lower bound of the true one, up to the slack: north and south of the job by the difference of
    latitudes, east and west by that of longitudes at the shorter of the two parallels possible. With
    d the distance in radii, sin(d/2) <= d/2, and sin(x) >= x (1 - x^2 / 6); for the 500 km and 10
    degrees allowed here the squares fall short by 0.05 % and 0.26 %. Where a search reaches nearer to
    a pole than that, longitudes are left to the cells.
    """
    reach_km = MAX_TRAVEL_KM if job.radius_km is None else min(job.radius_km, MAX_TRAVEL_KM)
    reach = reach_km / KM_PER_DEGREE
    shortest = math.cos(math.radians(min(90.0, abs(job.point.latitude) + reach)))
    north = (WorkerMatch.latitude - job.point.latitude) * KM_PER_DEGREE
    squared: ColumnElement[Any] = north * north
    if shortest > 0 and reach / shortest <= _FLAT_DEGREES:
        narrowing = math.sqrt(math.cos(math.radians(job.point.latitude)) * shortest)
        east = _degrees_east(job, reach / shortest) * (KM_PER_DEGREE * narrowing)
        squared += east * east
    near = [squared <= WorkerMatch.max_km * WorkerMatch.max_km * DISTANCE_SLACK + 1e-6]
    if job.radius_km is not None:
        near.append(squared <= job.radius_km * job.radius_km * DISTANCE_SLACK + 1e-6)
    return near


def _degrees_east(job: JobFacts, reach: float) -> ColumnElement[Any]:
    east: ColumnElement[Any] = WorkerMatch.longitude - job.point.longitude
    if abs(job.point.longitude) + reach + 1 < 180:
        return east
    # Across the antimeridian the short way round is the other one.
    return case((func.abs(east) > 180, literal(360.0) - func.abs(east)), else_=func.abs(east))


def _free_some_time(job: JobFacts) -> ColumnElement[bool]:
    """A shared half hour, or another clock, by which half hours say nothing."""
    week = bits(job.schedule.slots)
    shared = [
        column.bitwise_and(mask) != 0
        for column, mask in zip(DAY_COLUMNS, week, strict=True)
        if mask
    ]
    return or_(WorkerMatch.time_zone != job.schedule.time_zone, *shared)
