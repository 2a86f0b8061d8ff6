"""Who fits a job, how well, why, and how many are asked: pure rules over plain facts.

Every number a worker or employer sees about a match is made here. The database finds candidates by
looser means (cells, half hours, bounds); these rules decide.
"""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.core.geo import Point, coarse_km, haversine_km
from app.matching.hours import Availability, JobHours, Schedule, hours_of
from app.messaging.quiet_hours import QUIET_FROM, QUIET_TO, QuietPeriod, quiet_until, rested

EXPERIENCE_FULL_YEARS: Final = 5
"""Years beyond what a job asks for that count in full; more makes no better waiter."""


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What matching knows of a worker."""

    id: UUID
    point: Point
    max_distance_km: float
    availability: Availability
    skills: frozenset[str]
    experience_years: int
    reliability: float
    """0 to 100; see `app.workers.rules`."""


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What matching knows of a job."""

    id: UUID
    employer_id: UUID
    point: Point
    radius_km: float | None
    """None: only the worker's own travel counts."""
    schedule: Schedule
    required_skills: frozenset[str]
    preferred_skills: frozenset[str]
    min_experience_years: int
    employer_verified: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts; only proportions matter. ValueError if negative or all zero."""

    distance: float
    availability: float
    skills: float
    experience: float
    reliability: float

    def __post_init__(self) -> None:
        values = [getattr(self, field.name) for field in fields(self)]
        if any(not 0 <= value < float("inf") for value in values):
            raise ValueError("a weight must be a finite number, not below zero")
        if self.total <= 0:
            raise ValueError("at least one weight must be above zero")

    @property
    def total(self) -> float:
        """The sum of all."""
        return self.distance + self.availability + self.skills + self.experience + self.reliability


DEFAULT_WEIGHTS: Final = Weights(30, 30, 20, 10, 10)

MINIMUM_SHARE: Final = 0.5
"""Share of a job's minutes that a worker must be free for, unless the policy says otherwise."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The five parts of a score, each 0 to 100, rounded to one decimal."""

    distance: float
    availability: float
    skills: float
    experience: float
    reliability: float


@dataclass(frozen=True, slots=True)
class Score:
    """How well a worker fits: 0 to 100, rounded to one decimal, and what it is made of."""

    total: float
    parts: Parts
    distance_km: float
    free_minutes: int
    """Of the job's minutes in its window; see `hours`."""
    job_minutes: int


class ReasonKind(StrEnum):
    """What speaks for an offer; the texts for people live in the message catalogues."""

    DISTANCE = "distance"
    """`km`: float, one decimal."""
    HOURS = "hours"
    """`percent`: int, the share of the job's hours that the worker is free for."""
    SKILLS = "skills"
    """`slugs`: the job's required and preferred skills that the worker has."""
    EXPERIENCE = "experience"
    """`years`: int, of a worker who has at least what the job asks for; never 0."""
    VERIFIED = "verified"
    """The employer's identity was checked."""
    WIDER_RADIUS = "wider_radius"
    """Nothing that speaks for it: they live beyond the job's radius, which was widened (`widening`)."""
    LESS_EXPERIENCE = "less_experience"
    """The same, with fewer years than were asked for."""


@dataclass(frozen=True, slots=True)
class OfferReason:
    """One reason as data, to be written in the reader's language."""

    kind: ReasonKind
    params: Mapping[str, float | int | Sequence[str]]


def limit_km(max_distance_km: float, radius_km: float | None) -> float:
    """How far apart worker and job may be: the worker's own travel and the job's radius bind both."""
    return max_distance_km if radius_km is None else min(max_distance_km, radius_km)


def enough(free_minutes: int, job_minutes: int, minimum_share: float) -> bool:
    """Whether somebody free for so many of the job's minutes can be offered it.

    At least one minute, even where no minimum is set: nobody is asked to work when they can't at all.
    """
    # Rounding of a share such as 0.55 must not turn away who has exactly that.
    return free_minutes > 0 and free_minutes >= minimum_share * job_minutes - 1e-6


@dataclass(frozen=True, slots=True)
class Fit:
    """What eligibility and score share; the costliest part of both."""

    distance_km: float
    free_minutes: int
    hours: JobHours


def fit_of(worker: WorkerFacts, job: JobFacts) -> Fit:
    """Return the distance between worker and job, and how much of its hours they are free for."""
    hours = hours_of(job.schedule)
    distance_km = haversine_km(worker.point, job.point)
    return Fit(distance_km, hours.free(worker.availability), hours)


class Exclusion(StrEnum):
    """A rule that keeps a worker from being asked; each is raised in one place, `misfits` or `refusals`."""

    DISTANCE = "distance"
    """`km`: how far apart they are; `limit_km`: how far at most."""
    SKILLS = "skills"
    """`slugs`: required skills that the worker lacks."""
    EXPERIENCE = "experience"
    """`years` of the worker, `needed` by the job."""
    HOURS = "hours"
    """`free_minutes` of the job's `job_minutes`, and the least `minutes` it takes."""
    NOT_ACTIVE = "not_active"
    """The account is pending, suspended or erased."""
    STOPPED = "stopped"
    """The worker sent STOP."""
    NO_LOCATION = "no_location"
    ALREADY_OFFERED = "already_offered"
    """This job was offered to them before, whatever came of it."""
    BLOCKS_EMPLOYER = "blocks_employer"
    BLOCKED_BY_EMPLOYER = "blocked_by_employer"
    WEEKLY_CAP = "weekly_cap"
    """`offers` within seven days, `cap`: the most there may be."""
    EMPLOYER_CAP = "employer_cap"
    """The same, of this job's employer alone."""
    ASLEEP = "asleep"
    """Their quiet hours last until the job is over."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A rule that keeps this worker from being asked, and what it saw."""

    rule: Exclusion
    facts: Mapping[str, float | int | Sequence[str]]


def misfits(
    worker: WorkerFacts, job: JobFacts, minimum_share: float, fit: Fit
) -> Iterator[Excluded]:
    """Yield each rule by which the worker does not fit the job; none means that they do.

    The search looks for the first, an explanation for all.
    """
    limit = limit_km(worker.max_distance_km, job.radius_km)
    if fit.distance_km > limit:
        yield Excluded(Exclusion.DISTANCE, {"km": fit.distance_km, "limit_km": limit})
    if not job.required_skills <= worker.skills:
        lacking = tuple(sorted(job.required_skills - worker.skills))
        yield Excluded(Exclusion.SKILLS, {"slugs": lacking})
    if worker.experience_years < job.min_experience_years:
        years = {"years": worker.experience_years, "needed": job.min_experience_years}
        yield Excluded(Exclusion.EXPERIENCE, years)
    if not enough(fit.free_minutes, fit.hours.minutes, minimum_share):
        least = max(1, math.ceil(minimum_share * fit.hours.minutes - 1e-6))
        minutes = {"free_minutes": fit.free_minutes, "job_minutes": fit.hours.minutes}
        yield Excluded(Exclusion.HOURS, minutes | {"minutes": least})


def distance_part(distance_km: float, limit: float) -> float:
    """100 next door, falling in a straight line to 0 at the furthest that both sides allow."""
    return _bounded(100 * (1 - distance_km / limit)) if limit > 0 else 100.0


def availability_part(free_minutes: float, job_minutes: float) -> float:
    """The share of the job's minutes that the worker is free for."""
    return _bounded(100 * free_minutes / job_minutes) if job_minutes > 0 else 0.0


def skills_part(preferred_had: int, preferred: int) -> float:
    """The share of preferred skills; 100 where none is preferred. Required ones all have anyway."""
    return 100 * preferred_had / preferred if preferred else 100.0


def experience_part(years: int, min_years: int) -> float:
    """50 for just what is asked, 10 more for each year beyond, full at five."""
    beyond = min(max(years - min_years, 0), EXPERIENCE_FULL_YEARS)
    return 50 + 50 * beyond / EXPERIENCE_FULL_YEARS


def weigh(parts: Parts, weights: Weights) -> float:
    """The weighted mean of the parts as shown, one decimal: a reader can add it up again."""
    mean = (
        parts.distance * weights.distance
        + parts.availability * weights.availability
        + parts.skills * weights.skills
        + parts.experience * weights.experience
        + parts.reliability * weights.reliability
    ) / weights.total
    return round(_bounded(mean), 1)


def score(worker: WorkerFacts, job: JobFacts, weights: Weights, fit: Fit) -> Score:
    """Return how well a worker who fits at all fits the job; `fit` is their `fit_of`."""
    limit = limit_km(worker.max_distance_km, job.radius_km)
    preferred_had = len(job.preferred_skills & worker.skills)
    parts = Parts(
        distance=round(distance_part(fit.distance_km, limit), 1),
        availability=round(availability_part(fit.free_minutes, fit.hours.minutes), 1),
        skills=round(skills_part(preferred_had, len(job.preferred_skills)), 1),
        experience=round(experience_part(worker.experience_years, job.min_experience_years), 1),
        reliability=round(_bounded(worker.reliability), 1),
    )
    total = weigh(parts, weights)
    return Score(total, parts, fit.distance_km, fit.free_minutes, fit.hours.minutes)


def coarse(
    scored: Score, worker: WorkerFacts, job: JobFacts, weights: Weights = DEFAULT_WEIGHTS
) -> Score:
    """The score as an employer sees it: of the coarse distance, in its part and in the total."""
    limit = limit_km(worker.max_distance_km, job.radius_km)
    distance = round(distance_part(coarse_km(scored.distance_km), limit), 1)
    parts = replace(scored.parts, distance=distance)
    return replace(scored, total=weigh(parts, weights), parts=parts)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An eligible worker and how well they fit."""

    worker: WorkerFacts
    score: Score

    @property
    def place(self) -> tuple[float, float, UUID]:
        """Sorts candidates best first: the higher score, then the nearer, then the older account.

        Ids are UUIDv7, which sort by time, so no two are alike and the order depends on nothing else.
        """
        return (-self.score.total, self.score.distance_km, self.worker.id)


def rank(
    workers: Iterable[WorkerFacts],
    job: JobFacts,
    weights: Weights = DEFAULT_WEIGHTS,
    minimum_share: float = MINIMUM_SHARE,
) -> list[Candidate]:
    """The eligible among the workers, best first; the same for any order they come in."""
    candidates = []
    for worker in workers:
        fit = fit_of(worker, job)
        if next(misfits(worker, job, minimum_share, fit), None) is None:
            candidates.append(Candidate(worker, score(worker, job, weights, fit)))
    return sorted(candidates, key=lambda candidate: candidate.place)


def why(worker: WorkerFacts, job: JobFacts, scored: Score) -> list[OfferReason]:
    """What speaks for this offer, the most telling first; only what is true and known."""
    reasons = [OfferReason(ReasonKind.DISTANCE, {"km": round(scored.distance_km, 1)})]
    if scored.job_minutes:
        percent = 100 * scored.free_minutes // scored.job_minutes
        reasons.append(OfferReason(ReasonKind.HOURS, {"percent": percent}))
    if matching := sorted((job.required_skills | job.preferred_skills) & worker.skills):
        reasons.append(OfferReason(ReasonKind.SKILLS, {"slugs": tuple(matching)}))
    if worker.experience_years > 0:
        reasons.append(OfferReason(ReasonKind.EXPERIENCE, {"years": worker.experience_years}))
    if job.employer_verified:
        reasons.append(OfferReason(ReasonKind.VERIFIED, {}))
    return reasons


def offers_to_send(open_places: int, fresh_open_offers: int, wave_factor: int = 2) -> int:
    """How many more people to ask now: `wave_factor` for each open place, less who may still answer.

    `fresh_open_offers` are the unanswered offers of the last wave interval; an older one no longer
    holds anybody back. A full job asks nobody.
    """
    return max(0, wave_factor * max(0, open_places) - max(0, fresh_open_offers))


def next_wave_at(
    now: dt.datetime,
    open_places: int,
    interval: dt.timedelta,
    closes_at: dt.datetime | None,
    quiet: QuietPeriod | None = None,
) -> dt.datetime | None:
    """When to ask more people: one interval on; None once full, or once the job is over by then.

    The interval rests in `quiet` hours.
    """
    then = rested(quiet, now, interval)
    if open_places <= 0 or (closes_at is not None and then >= closes_at):
        return None
    return then


def waves_rest(
    time_zone: str, closes_at: dt.datetime | None, now: dt.datetime
) -> QuietPeriod | None:
    """The hours in which a job's waves rest; None for a job that is over before the next morning.

    Those hours are the usual ones, where the job is: most people near it sleep then.
    """
    quiet = QuietPeriod(QUIET_FROM, QUIET_TO, time_zone)
    morning = quiet_until(quiet, now)
    if morning is not None and closes_at is not None and closes_at <= morning:
        return None
    return quiet


def _bounded(value: float) -> float:
    return max(0.0, min(100.0, value))
