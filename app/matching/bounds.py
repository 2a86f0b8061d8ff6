"""Upper bounds of many scores at once, from what the index search returns.

Imports NumPy, which takes longer than the rest of the application's start: only `candidates` imports
this, on the first match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from app.catalogue.skills import masks
from app.matching.hours import hours_of
from app.matching.kernel import Floats, haversine_km_many, minutes_bound
from app.matching.rules import EXPERIENCE_FULL_YEARS, JobFacts, Weights


@dataclass(frozen=True, slots=True)
class Bounds:
    """Workers who may fit, in falling order of the best score that they can reach."""

    ids: list[UUID | str]
    """As the driver gave them; a string is one in hexadecimal."""
    scores: list[float]
    """0 to 100, before any rounding."""


def bounds(rows: Sequence[Any], job: JobFacts, weights: Weights, minimum_share: float) -> Bounds:
    """Bound the scores of the rows of `search.near_and_able`; leave out who cannot fit.

    Distance, skills and experience are what they are; free hours at most what the half hours promise;
    reliability, which the index does not hold, at most 100.
    """
    if not rows:
        return Bounds([], [])
    ids, latitudes, longitudes, max_km, years, skills_0, skills_1, *rest = zip(*rows, strict=True)
    days, zones = rest[:7], rest[7]
    distances = haversine_km_many(job.point, np.array(latitudes), np.array(longitudes))
    limits = np.array(max_km, dtype=np.float64)
    if job.radius_km is not None:
        limits = np.minimum(limits, job.radius_km)

    hours = hours_of(job.schedule)
    minutes = minutes_bound(np.array(days, dtype=np.int64).T, hours.half_hours)
    elsewhere = np.array([zone != job.schedule.time_zone for zone in zones])
    free = np.where(elsewhere, hours.minutes, minutes)

    # The exact test comes later; a hair of tolerance, so that no rounding anticipates it.
    possible = (distances <= limits * (1 + 1e-9) + 1e-6) & (
        free >= max(1.0, minimum_share * hours.minutes - 1e-6)
    )
    reachable: Floats = np.maximum(limits, 1e-9)
    totals = (
        100 * np.clip(1 - distances / reachable, 0, 1) * weights.distance
        + 100 * (free / max(hours.minutes, 1)) * weights.availability
        + _skills(skills_0, skills_1, job) * weights.skills
        + _experience(years, job) * weights.experience
        + 100 * weights.reliability
    ) / weights.total
    order = np.lexsort((distances, -totals))
    order = order[possible[order]]
    return Bounds([ids[i] for i in order.tolist()], totals[order].tolist())


def _skills(skills_0: Sequence[int], skills_1: Sequence[int], job: JobFacts) -> Any:
    if not job.preferred_skills:
        return 100.0
    preferred = masks(sorted(job.preferred_skills))
    had = np.bitwise_count(np.array(skills_0, dtype=np.int64) & preferred[0]) + np.bitwise_count(
        np.array(skills_1, dtype=np.int64) & preferred[1]
    )
    # `bitwise_count` gives bytes: a hundred times three of them would be 44.
    return 100.0 * had.astype(np.float64) / len(job.preferred_skills)


def _experience(years: Sequence[int], job: JobFacts) -> Floats:
    beyond = np.clip(
        np.array(years, dtype=np.float64) - job.min_experience_years, 0, EXPERIENCE_FULL_YEARS
    )
    part: Floats = 50 + 50 * beyond / EXPERIENCE_FULL_YEARS
    return part


class Unread:
    """Workers who may fit and whose facts are not read yet, the best bound first; each once."""

    def __init__(self, job: JobFacts, weights: Weights, minimum_share: float) -> None:
        self._judged_by = (job, weights, minimum_share)
        self._people: list[tuple[float, UUID | str]] = []
        self._seen: set[UUID | str] = set()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._people)

    def add(self, rows: Sequence[Any]) -> int:
        """Add those of the search's rows who may fit; return how many."""
        found = bounds(rows, *self._judged_by)
        # A worker who moves while we look can be found twice.
        new = [
            (score, worker_id)
            for score, worker_id in zip(found.scores, found.ids, strict=True)
            if worker_id not in self._seen
        ]
        self._seen.update(worker_id for _, worker_id in new)
        # Each part is in order already, and sorting keeps the order of equals.
        self._people = sorted(self._people + new, key=_bound, reverse=True)
        return len(new)

    def bound_of(self, place: int) -> float:
        """Return the bound of the worker at that place, 0 the best; below 0 where there is none."""
        return self._people[place][0] if place < len(self._people) else -1.0

    def take(self, size: int) -> list[UUID | str]:
        """Take the best `size` away."""
        taken, self._people = self._people[:size], self._people[size:]
        return [worker_id for _, worker_id in taken]


def _bound(person: tuple[float, UUID | str]) -> float:
    return person[0]
