"""How many people fit a job, and how many more would with one requirement less: counts by the index alone.

One statement over a covering index counts everybody who misses at most one requirement, by which one they
miss and by how far away they live. No row leaves the database, and nobody's profile is read. So days off, accepted
jobs, reached caps and minutes within half hours are not looked at: the number is what the search calls those
"who fit as far as the index tells".

Where a job requires skills, the rows of one of them are counted, all of them. Where everybody has to be looked at (a
job without skills, or who would fit without the only one) and that is more than `ENOUGH` people, only one cell in so
many is counted, from near to far, and stands for the others.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

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

from app.catalogue.skills import SKILLS, masks
from app.core.geo import MAX_TRAVEL_KM, skill_keys
from app.matching.forecast_bands import BAND_EDGES_KM
from app.matching.hours import hours_of
from app.matching.rules import DEFAULT_WEIGHTS, JobFacts
from app.matching.search import (
    ANYBODY,
    BY_SKILL,
    DISTANCE_SLACK,
    SHUT_OUT,
    half_hours_of,
    in_cells,
    rarest,
    reach_of,
    shared_half_hours,
    squared_km,
    within,
    work_days,
)

WIDER: Final = 2.0
"""How many times the job's radius is looked at, for who would fit if it were larger."""

ENOUGH: Final = 20_000
"""So many people are looked at where everybody has to be: some milliseconds, and counts to a few parts in a hundred."""
_PROBE: Final = 16
"""The people of one cell in so many are counted, to see how many there are."""

type Bands = list[int]
"""How many people, by band of distance (`forecast_bands`)."""


def nobody() -> Bands:
    """Return bands without anybody."""
    return [0] * (len(BAND_EDGES_KM) + 1)


@dataclass(frozen=True, slots=True)
class _Alike:
    """People who miss the same, and live as far away."""

    missing: tuple[int, int]
    """Masks of the required skills that they lack."""
    is_junior: bool
    is_far: bool
    band: int
    people: int


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

    def add(self, alike: _Alike, required_skills: Collection[str]) -> None:
        """Count people where they belong."""
        if any(alike.missing):
            missed = next(slug for slug in required_skills if masks([slug]) == alike.missing)
            bands = self.without_skill[missed]
        elif alike.is_junior:
            bands = self.without_experience
        else:
            bands = self.beyond_radius if alike.is_far else self.fit
        bands[alike.band] += alike.people


@cache
def _statement(filed: Table, days: tuple[int, ...], *, wraps: bool) -> Select[Any]:
    """Return the statement for work on these weekdays: of the others nothing need be read."""
    worker = filed.c
    # What is computed here is computed once a row: a subquery with an offset is not taken apart.
    around = (
        select(
            squared_km(worker, wraps=wraps).label("squared"),
            *(
                ((mask := bindparam(name, type_=BigInteger)) - column.bitwise_and(mask)).label(to)
                for column, name, to in (
                    (worker.skills_0, "skills_0", "missing_0"),
                    (worker.skills_1, "skills_1", "missing_1"),
                )
            ),
            worker.experience,
            worker.max_km,
            worker.worker_id,
            shared_half_hours(worker, days).label("shared"),
        )
        .where(*in_cells(filed))
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
            within(around, around.squared),
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
    found = Census(nobody(), {slug: nobody() for slug in job.required_skills})
    if not work_days(job):
        return found
    skill = rarest(job.required_skills)
    wider = None if job.radius_km is None else min(job.radius_km * WIDER, MAX_TRAVEL_KM)
    for each in await _count(session, job, wider, skill, minimum_share):
        found.add(each, job.required_skills)
    if skill is not None and any(masks([skill])):
        # Whoever lacks the skill whose rows were counted has no row there, but one by the next, or among everybody.
        others = rarest(job.required_skills - {skill})
        for each in await _count(session, job, job.radius_km, others, minimum_share):
            if each.missing == masks([skill]):
                found.add(each, job.required_skills)
    return found


async def _count(
    session: AsyncSession,
    job: JobFacts,
    radius_km: float | None,
    skill: str | None,
    minimum_share: float,
) -> list[_Alike]:
    """Count who misses at most one requirement within that radius: of those with this skill, or of everybody."""
    filed = ANYBODY if skill is None else BY_SKILL
    cells, each_for = await _cells(session, job, radius_km, skill)
    reach = reach_of(job.point, radius_km)
    wider_km, own_km = (MAX_TRAVEL_KM if km is None else km for km in (radius_km, job.radius_km))
    hours = hours_of(job.schedule)
    required = masks(sorted(job.required_skills))
    values: Mapping[str, Any] = reach.values | {
        "keys": cells,
        "wider_squared": wider_km * wider_km * DISTANCE_SLACK + 1e-6,
        "radius_squared": own_km * own_km * DISTANCE_SLACK + 1e-6,
        "experience": job.min_experience_years,
        "skills_0": required[0],
        "skills_1": required[1],
        "time_zone": job.schedule.time_zone,
        **{f"day_{day}": mask for day, mask in enumerate(hours.week) if mask},
        **half_hours_of(job, minimum_share),
        "employer_id": job.employer_id,
    }
    statement = _statement(filed, work_days(job), wraps=reach.wraps)
    return [
        _Alike((missing_0, missing_1), bool(junior), bool(far), band, people * each_for)
        for missing_0, missing_1, junior, far, band, people in await session.execute(
            statement, values
        )
    ]


_HOW_MANY: Final = select(func.count()).where(*in_cells(ANYBODY))


async def _cells(
    session: AsyncSession, job: JobFacts, radius_km: float | None, skill: str | None
) -> tuple[list[int], int]:
    """Return the cells to count, and for how many cells each of them stands."""
    from app.matching.rings import near_to_far

    cells = near_to_far(replace(job, radius_km=radius_km), DEFAULT_WEIGHTS)
    if skill is not None:
        return skill_keys(SKILLS[skill].bit, cells), 1
    people: int = (
        await session.execute(_HOW_MANY, {"keys": _every(cells, _PROBE)})
    ).scalar_one() * _PROBE
    step = -(-people // ENOUGH)
    return (cells, 1) if step <= 1 else (_every(cells, step), step)


def _every(cells: Sequence[int], step: int) -> list[int]:
    """Return one of each `step` cells, from the middle of the first step on."""
    return [*cells[step // 2 :: step]]
