"""The cells around a job, each with the best score that anybody in it can reach: nearest and best first.

Imports NumPy, so nothing imports this while the application starts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.core.geo import (
    EARTH_RADIUS_KM,
    KM_PER_DEGREE,
    MAX_TRAVEL_KM,
    TIERS,
    CellRow,
    Point,
    rows_around,
)
from app.matching.rules import JobFacts, Weights

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

FIRST: Final = 48
"""Cells of the first ring: about as many as a search for ten people in a large city needs."""
_GROWTH: Final = 4
NOBODY: Final = -1.0


@dataclass(frozen=True, slots=True)
class Ring:
    """Some cells, and what nobody outside of this ring and those before can exceed."""

    keys: list[int]
    rest: list[int]
    """The cells that no ring had yet."""
    beyond: float
    """The best score, 0 to 100, that anybody in those can reach; `NOBODY` where there are none."""


def rings(job: JobFacts, weights: Weights, *, at_once: bool = False) -> Iterator[Ring]:
    """Yield every cell that can hold somebody who would come, in rings of falling bounds, or `at_once` in one.

    A bound takes everything but distance as perfect. The cell is as near as its nearest corner or edge, and
    whoever lives in it travels as far as its tier allows.
    """
    keys, bounds = _near_to_far(job, weights)
    start, size = 0, len(keys) if at_once else FIRST
    while start < len(keys):
        end = min(start + size, len(keys))
        beyond = float(bounds[end]) if end < len(keys) else NOBODY
        yield Ring(keys[start:end].tolist(), keys[end:].tolist(), beyond)
        start, size = end, size * _GROWTH


def near_to_far(job: JobFacts, weights: Weights) -> list[int]:
    """Return every cell that can hold somebody who would come, the best bound first."""
    keys: list[int] = _near_to_far(job, weights)[0].tolist()
    return keys


def _near_to_far(job: JobFacts, weights: Weights) -> tuple[Integers, Floats]:
    keys, bounds = bounds_of(job, weights)
    order = np.lexsort((keys, -bounds))
    return keys[order], bounds[order]


def bounds_of(job: JobFacts, weights: Weights) -> tuple[Integers, Floats]:
    """Return the keys of the cells around a job, and the best score that anybody in each can reach."""
    rows = [*rows_around(job.point, job.radius_km)]
    keys = np.array([key for row in rows for key in row.keys], dtype=np.int64)
    spans = np.array([row.span for row in rows])
    limits = [min(TIERS[row.tier].max_km, _limit(job)) for row in rows]
    reach_km = np.maximum(np.repeat(np.array(limits, dtype=np.float64), spans), 1e-9)
    part = 100 * np.clip(1 - least_km(job.point, rows, spans) / reach_km, 0, 1)
    others = 100 * (weights.total - weights.distance)
    bounds: Floats = (part * weights.distance + others) / weights.total
    return keys, bounds


def _limit(job: JobFacts) -> float:
    return MAX_TRAVEL_KM if job.radius_km is None else job.radius_km


def least_km(point: Point, rows: Sequence[CellRow], spans: Integers) -> Floats:
    """Return how near to the point anybody in each cell can live, in kilometres: never too much.

    Whoever lives in another band of latitude has at least to cross the latitudes between, whoever lives east or
    west at least to reach the cell's nearer meridian, which is nearest at a right angle.
    """
    south = np.repeat(np.array([row.south for row in rows]), spans)
    north = np.repeat(np.array([row.north for row in rows]), spans)
    north_km = np.maximum(0, np.maximum(south - point.latitude, point.latitude - north))
    width = np.repeat(np.array([360 / row.columns for row in rows]), spans)
    first = np.repeat(np.array([row.west for row in rows]), spans)
    step = np.arange(len(width)) - np.repeat(np.cumsum(spans) - spans, spans)
    middle = (first + step + 0.5) * width - 180
    apart = np.abs((middle - point.longitude + 180) % 360 - 180)
    east = np.minimum(np.maximum(0, apart - width / 2), 90)
    right_angle = np.arcsin(np.cos(np.radians(point.latitude)) * np.sin(np.radians(east)))
    nearest = np.maximum(north_km * KM_PER_DEGREE, right_angle * EARTH_RADIUS_KM)
    # A hair less, so that no rounding puts a cell farther than somebody in it.
    least: Floats = np.maximum(0, nearest - 1e-3)
    return least
