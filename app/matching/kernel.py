"""Arithmetic on many workers at once, in NumPy. Bounds and filters only: `rules` decides.

NumPy takes longer to import than the rest of the application together, so nothing imports this module
while the application starts; `candidates` does, on the first match.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.core.geo import EARTH_RADIUS_KM, Point

HALF_HOURS_PER_DAY: Final = 48

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]


def haversine_km_many(origin: Point, latitudes: Floats, longitudes: Floats) -> Floats:
    """`geo.haversine_km` from one place to many, in kilometres; equal to it but for rounding."""
    lat = np.radians(latitudes)
    origin_lat = math.radians(origin.latitude)
    sin_lat = np.sin((lat - origin_lat) / 2)
    sin_lon = np.sin(np.radians(longitudes - origin.longitude) / 2)
    h = sin_lat**2 + math.cos(origin_lat) * np.cos(lat) * sin_lon**2
    distances: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0)))
    return distances


def minutes_bound(days: Integers, half_hours: tuple[int, ...]) -> Integers:
    """The most minutes of a job that each worker can be free for.

    `days` has one row a worker and seven columns of 48 bits (`week.bits`), `half_hours` the job's
    minutes in each of the week's 336 half hours. Only half hours in which the job has work are read.
    """
    bound: Integers = np.zeros(len(days), dtype=np.int64)
    for index, minutes in enumerate(half_hours):
        if minutes:
            day, bit = divmod(index, HALF_HOURS_PER_DAY)
            bound += (days[:, day] >> bit & 1) * minutes
    return bound
