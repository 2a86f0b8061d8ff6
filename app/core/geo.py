"""Points on the Earth, distances, and the cells by which workers near a job are found.

Distances are great-circle distances on a sphere of the IUGG mean radius (R1 = 6371.0088 km; Moritz,
"Geodetic Reference System 1980", 2000), by the haversine formula. Against the ellipsoid they are off
by at most 0.6 %, far less than the difference between a straight line and a road.

A worker's cell is one integer made of their maximum travel and their place. A job looks for the few cells
in which a worker could be who would travel to it: an equality search on one index, on any database.

* The *tier* is one of `TIERS`: the smallest and finest that holds the worker's maximum travel. Larger tiers have
  larger cells, so a job looks for about as many in each: seventy where cells are fine, ten where few people are.
* A *row* is a band of latitude of the tier's height, counted from the South Pole.
* A *column* is a part of that band, counted eastward from 180° W. A band has fewer columns toward the
  poles, so that cells stay about as wide as high. Columns wrap round at the antimeridian.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

EARTH_RADIUS_KM: Final = 6371.0088
KM_PER_DEGREE: Final = math.pi * EARTH_RADIUS_KM / 180
MAX_TRAVEL_KM: Final = 500
"""The furthest a worker can say they travel, and the largest radius of a job."""

GRID_DEGREES: Final = 0.005
"""Distance of two grid lines: about 550 m from north to south, at most that from west to east."""
_GRID_PER_DEGREE: Final = 200

_SLACK_DEGREES: Final = 1e-6
"""About 11 cm: more than any rounding of the search box, so that none loses a worker."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in WGS 84 degrees. Raises `ValueError` outside ±90 and ±180 or when not finite."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        # Written so that NaN, which compares false to everything, is refused too.
        if not -90 <= self.latitude <= 90:
            raise ValueError("latitude must lie between -90 and 90")
        if not -180 <= self.longitude <= 180:
            raise ValueError("longitude must lie between -180 and 180")


@dataclass(frozen=True, slots=True)
class Tier:
    """Workers who travel up to ``max_km``, filed in cells of ``1 / cells_per_degree`` degrees."""

    max_km: int
    cells_per_degree: float

    @property
    def rows(self) -> int:
        """How many bands of latitude this tier has."""
        return round(180 * self.cells_per_degree)


TIERS: Final = (
    Tier(5, 20),
    Tier(10, 10),
    Tier(25, 4),
    Tier(50, 2),
    Tier(100, 1),
    Tier(200, 0.5),
    Tier(MAX_TRAVEL_KM, 0.2),
    # Finer cells of the first four, in which most people are filed: a search looks from near to far, and reads little
    # beyond what it needs. Rows written before them are found by the numbers above, until `reindex` writes them anew.
    Tier(5, 80),
    Tier(10, 40),
    Tier(25, 16),
    Tier(50, 8),
)
"""By the number that stands in a cell's key: a number keeps its meaning."""
_IN_USE: Final = (7, 8, 9, 10, 4, 5, 6)
"""Tiers in which workers are filed now, the smallest first."""


def on_grid(point: Point) -> Point:
    """Return the nearest grid point, which is all that is stored of a person's place. Idempotent.

    With many jobs of different place and reach an employer can find the point that matching uses. So that point
    is nobody's home: it is up to 400 m away, and shared by everybody in its cell.
    """
    return Point(on_grid_line(point.latitude), on_grid_line(point.longitude))


def on_grid_line(degrees: float) -> float:
    """Return the nearest multiple of `GRID_DEGREES`, with three decimals."""
    return round(round(degrees * _GRID_PER_DEGREE) / _GRID_PER_DEGREE, 3)


def haversine_km(a: Point, b: Point) -> float:
    """Return the great-circle distance in kilometres."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    sin_lat = math.sin((lat_b - lat_a) / 2)
    sin_lon = math.sin(math.radians(b.longitude - a.longitude) / 2)
    h = sin_lat * sin_lat + math.cos(lat_a) * math.cos(lat_b) * sin_lon * sin_lon
    # Rounding can push h a hair over 1 for antipodes, where asin would fail.
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def geo_key(tier: int, row: int, col: int) -> int:
    """Return a cell as an integer below 2**51: tier, then row and column with 24 bits each."""
    return tier << 48 | row << 24 | col


SKILL_SHIFT: Final = 52
"""Bits of a cell's number, with room to spare for tiers; a skill's stands before them."""


def skill_keys(bit: int, cells: Sequence[int]) -> list[int]:
    """Return these cells as the rows of one skill are filed by, in the same order; `bit` is below 2,047."""
    first = (bit + 1) << SKILL_SHIFT
    return [first | cell for cell in cells]


def tier_of(max_distance_km: float) -> int:
    """The tier of a worker who travels that far; ValueError beyond `MAX_TRAVEL_KM` or below 0."""
    if not 0 <= max_distance_km <= MAX_TRAVEL_KM:
        raise ValueError(f"travel must lie between 0 and {MAX_TRAVEL_KM} km")
    return next(number for number in _IN_USE if max_distance_km <= TIERS[number].max_km)


def key_for_worker(point: Point, max_distance_km: float) -> int:
    """Return the cell of a worker who lives at `point` and travels `max_distance_km`."""
    tier = tier_of(max_distance_km)
    row = _row(tier, point.latitude)
    columns = _columns(tier, row)
    return geo_key(tier, row, _column(columns, point.longitude) % columns)


def keys_around(job: Point, radius_km: float | None) -> list[int]:
    """Return every cell that can hold a worker who would travel to `job`, sorted.

    The distance has to be within the worker's maximum travel and ``radius_km`` (None: any). Some workers in these
    cells live too far away, so an exact check has to follow.
    """
    keys: set[int] = set()
    for cells in rows_around(job, radius_km):
        keys.update(cells.keys)
    return sorted(keys)


@dataclass(frozen=True, slots=True)
class CellRow:
    """Neighbouring cells of one tier in one band of latitude, from west to east."""

    tier: int
    row: int
    columns: int
    """How many there are round the Earth."""
    west: int
    """The first one's column before wrapping."""
    span: int
    """How many they are."""

    @property
    def keys(self) -> list[int]:
        """The cells' keys."""
        first = geo_key(self.tier, self.row, 0)
        return [first | (self.west + step) % self.columns for step in range(self.span)]

    @property
    def south(self) -> float:
        """The latitude of the southern edge; the northern one is a cell's height away."""
        return self.row / TIERS[self.tier].cells_per_degree - 90

    @property
    def north(self) -> float:
        """The latitude of the northern edge."""
        return (self.row + 1) / TIERS[self.tier].cells_per_degree - 90


def rows_around(job: Point, radius_km: float | None) -> Iterator[CellRow]:
    """Yield the cells of `keys_around` in rows."""
    for number, tier in enumerate(TIERS):
        reach_km = tier.max_km if radius_km is None else min(tier.max_km, radius_km)
        reach = reach_km / KM_PER_DEGREE + _SLACK_DEGREES
        south, north = job.latitude - reach, job.latitude + reach
        half_width = _half_width(job.latitude, reach)
        for row in range(_row(number, max(south, -90)), _row(number, min(north, 90)) + 1):
            columns = _columns(number, row)
            west = _column(columns, job.longitude - half_width)
            east = _column(columns, job.longitude + half_width)
            yield CellRow(number, row, columns, west, min(east - west + 1, columns))


def _half_width(latitude: float, reach: float) -> float:
    """Return the degrees of longitude that a circle of ``reach`` degrees spans to either side.

    The circle's easternmost point lies poleward of its centre, at asin(sin reach / cos latitude)
    (Matuschek, "Finding points within a distance of a latitude/longitude", 2010). A circle that holds
    a pole spans all longitudes.
    """
    if abs(latitude) + reach >= 90:
        return 180.0
    sine = math.sin(math.radians(reach)) / math.cos(math.radians(latitude))
    return min(180.0, math.degrees(math.asin(min(1.0, sine))) + _SLACK_DEGREES)


def _row(tier: int, latitude: float) -> int:
    # Addition and multiplication round monotonously, so a worker inside the box has a row inside it.
    return min(int((latitude + 90) * TIERS[tier].cells_per_degree), TIERS[tier].rows - 1)


def _column(columns: int, longitude: float) -> int:
    """Return the column before wrapping: below 0 or past the last across the antimeridian."""
    return math.floor((longitude + 180) / 360 * columns)


@lru_cache(maxsize=32_768)
def _columns(tier: int, row: int) -> int:
    """Return the number of columns of a row: at its wider edge a cell is at least as wide as high."""
    per_degree = TIERS[tier].cells_per_degree
    south = row / per_degree - 90
    north = south + 1 / per_degree
    widest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    return max(1, math.floor(360 * per_degree * math.cos(math.radians(widest)) + 1e-9))


def coarse_km(distance_km: float) -> float:
    """Return a distance as employers see it: to half a kilometre, about the size of a grid cell."""
    return round(2 * distance_km) / 2
