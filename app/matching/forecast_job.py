"""A forecast for a job that is not published yet: nobody is asked, nothing is kept."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import MAX_TRAVEL_KM
from app.core.ids import new_id
from app.jobs import rules as job_rules
from app.jobs.job_text import JobSalary, JobText
from app.jobs.models import Job
from app.matching.census import WIDER, Bands, Census, count_fitting, nobody
from app.matching.hours import Schedule, remaining
from app.matching.load import job_facts
from app.matching.responses import Responses
from app.matching.rules import JobFacts, waves_rest
from app.messaging.quiet_hours import QuietPeriod, rested, waking_time
from app.policy import policy
from app.policy.policy import Policy

if TYPE_CHECKING:
    from app.matching.forecast import Pace
    from app.matching.forecast_calibration import Calibration

HORIZON: Final = dt.timedelta(days=7)
"""A forecast looks no farther ahead: who was not found within a week is found by changing the job."""
LATER: Final = dt.timedelta(days=7)
"""How much later a start is tried: the same weekday."""
WORTH_TELLING: Final = 0.005
"""A lever is told that makes filling so much likelier, or lets more people fit."""


@dataclass(frozen=True, slots=True)
class Lever:
    """A change of the job, and what would come of it."""

    field: str
    """The field of `JobText`."""
    before: Any
    after: Any
    workers_that_fit: int
    chance_to_fill: float


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes from now by which it has happened with a chance of 50 and of 90 %; None: never so likely."""

    p50: int | None
    p90: int | None


@dataclass(frozen=True, slots=True)
class JobForecast:
    """What is to be expected if the job were published now."""

    workers_that_fit: int
    expected_accepts: float
    chance_to_fill: float
    first_accept: Minutes
    fill: Minutes | None
    """None where it is not even as likely as not."""
    levers: Sequence[Lever]
    """What would help, the best first."""
    from_history: bool
    """Whether people's answers here were looked at; else what is usual."""


async def forecast_job(
    session: AsyncSession, employer_id: UUID, text: JobText, now: dt.datetime
) -> JobForecast:
    """Forecast how a job with this text would fill. Raises `Invalid`, naming every field that is wrong.

    The text is what `jobs.posting.create` takes.
    """
    text = text.normalized()
    text.check()
    from app.matching.asking_facts import find_curves
    from app.matching.forecast_history import find_calibration
    from app.matching.learned_responses import LearnedResponses

    in_force = await policy.current(session)
    responses = LearnedResponses(await find_curves(session))
    calibration = await find_calibration(session)
    share = in_force.matching.minimum_availability_share
    facts = _facts(text, employer_id, now)
    census = Census(nobody())
    if facts.schedule.ends_on is None or facts.schedule.first_day <= facts.schedule.ends_on:
        census = await count_fitting(session, facts, share)
    return _forecast(census, text, now, in_force, responses, calibration)


async def chances_at_publication(
    session: AsyncSession, jobs: Sequence[tuple[Job, dt.datetime]]
) -> dict[UUID, float]:
    """Return the chances to fill of jobs that were published then, by the model alone; what all need is read once."""
    from app.matching.asking_facts import find_curves
    from app.matching.forecast import chance_to_fill
    from app.matching.learned_responses import LearnedResponses

    in_force = await policy.current(session)
    responses = LearnedResponses(await find_curves(session))
    chances = {}
    for job, at in jobs:
        facts = await job_facts(session, job, at)
        census = await count_fitting(session, facts, in_force.matching.minimum_availability_share)
        _, minutes_left = _waking_until(job.closes_at, job.time_zone, at)
        pace = _pace(in_force, job.positions)
        chances[job.id] = chance_to_fill(census.fit, job.positions, minutes_left, pace, responses)
    return chances


def _pace(in_force: Policy, positions: int) -> "Pace":
    from app.matching.forecast import Pace

    waves = in_force.waves
    return Pace(waves.offers_per_open_place * positions, waves.interval_minutes)


def _facts(text: JobText, employer_id: UUID, now: dt.datetime) -> JobFacts:
    schedule = Schedule(
        tuple(sorted(text.slots)), text.starts_on, text.ends_on, text.time_zone or "UTC"
    )
    return JobFacts(
        id=new_id(),
        employer_id=employer_id,
        point=text.location,
        radius_km=text.radius_km,
        schedule=remaining(schedule, now),
        required_skills=frozenset(text.required_skills),
        preferred_skills=frozenset(text.preferred_skills),
        min_experience_years=text.min_experience_years,
    )


def _forecast(
    census: Census,
    text: JobText,
    now: dt.datetime,
    in_force: Policy,
    responses: Responses,
    calibration: "Calibration",
) -> JobForecast:
    """Read a forecast off the counts: pure."""
    from app.matching.forecast import ENOUGH_SEEN, chance_to_fill, expectation

    quiet, minutes_left = _time_for(text, now)
    pace = _pace(in_force, text.positions)
    seen = expectation(
        census.fit,
        text.positions,
        minutes_left,
        pace,
        responses,
        most_accepts=in_force.waves.choice_factor * text.positions,
    )
    likely = calibration.of(seen.chance_to_fill)

    def chance(bands: Bands, **how: Any) -> float:
        by_model = chance_to_fill(
            bands, places=text.positions, pace=pace, responses=responses, **how
        )
        return calibration.of(by_model)

    levers = _levers(census, text, now, minutes_left, chance)
    told = [
        lever
        for lever in levers
        if lever.workers_that_fit > seen.workers_that_fit
        or lever.chance_to_fill > likely + WORTH_TELLING
    ]
    told.sort(key=lambda lever: (-lever.chance_to_fill, -lever.workers_that_fit))
    # No moment is told by which it is likelier to have happened than it is to happen at all.
    moments = ((seen.fill.p50, 0.5), (seen.fill.p90, 0.9))
    fill = Minutes(
        *(_by_the_clock(m if likely >= share else None, quiet, now) for m, share in moments)
    )
    first = seen.first_accept
    return JobForecast(
        workers_that_fit=seen.workers_that_fit,
        expected_accepts=seen.expected_accepts,
        chance_to_fill=likely,
        first_accept=Minutes(*(_by_the_clock(m, quiet, now) for m in (first.p50, first.p90))),
        fill=None if fill.p50 is None else fill,
        levers=told,
        from_history=responses.seen >= ENOUGH_SEEN,
    )


def _time_for(text: JobText, now: dt.datetime) -> tuple[QuietPeriod | None, float]:
    """Return the hours in which the job's waves rest, and the waking minutes there are to fill it."""
    zone = text.time_zone or "UTC"
    closes = job_rules.closes_at(text.slots, text.starts_on, text.ends_on, zone)
    return _waking_until(closes, zone, now)


def _waking_until(
    closes: dt.datetime | None, zone: str, now: dt.datetime
) -> tuple[QuietPeriod | None, float]:
    end = now + HORIZON if closes is None else min(closes, now + HORIZON)
    quiet = waves_rest(zone, closes, now)
    return quiet, waking_time(quiet, now, end).total_seconds() / 60


def _by_the_clock(minutes: float | None, quiet: QuietPeriod | None, now: dt.datetime) -> int | None:
    if minutes is None:
        return None
    then = rested(quiet, now, dt.timedelta(minutes=minutes))
    return round((then - now).total_seconds() / 60)


def _levers(
    census: Census,
    text: JobText,
    now: dt.datetime,
    minutes_left: float,
    chance: Callable[..., float],
) -> list[Lever]:
    """Return each change of one field that could help, whether it does or not."""

    def lever(field: str, before: Any, after: Any, more: Bands, **how: Any) -> Lever:
        bands = [had + added for had, added in zip(census.fit, more, strict=True)]
        likely = chance(bands, **{"minutes_left": minutes_left} | how)
        return Lever(field, before, after, sum(bands), likely)

    none_more = nobody()
    found = [
        lever(
            "required_skills",
            list(text.required_skills),
            [slug for slug in text.required_skills if slug != without],
            more,
        )
        for without, more in census.without_skill.items()
    ]
    if text.min_experience_years:
        years = text.min_experience_years
        found.append(lever("min_experience_years", years, 0, census.without_experience))
    if text.radius_km is not None and text.radius_km < MAX_TRAVEL_KM:
        wider = min(text.radius_km * WIDER, MAX_TRAVEL_KM)
        found.append(lever("radius_km", text.radius_km, wider, census.beyond_radius))
    if text.salary is not None:
        raised = _raised(text.salary)
        found.append(lever("salary", text.salary, raised, none_more, more_pay=True))
    later = replace(
        text,
        starts_on=text.starts_on + LATER,
        ends_on=None if text.ends_on is None else text.ends_on + LATER,
    )
    _, more_minutes = _time_for(later, now)
    found.append(
        lever("starts_on", text.starts_on, later.starts_on, none_more, minutes_left=more_minutes)
    )
    return found


def _raised(pay: JobSalary) -> JobSalary:
    """Return the pay a tenth higher, in whole units of money where it is more than one."""
    from app.matching.forecast import PAY_STEP

    raised = pay.amount * (1 + PAY_STEP)
    unit = 100 if pay.amount >= 1_000 else 1
    return replace(pay, amount=round(raised / unit) * unit)
