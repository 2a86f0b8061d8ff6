"""Places: Indian PIN codes, localities and cities, and the larger cities of the world.

Made by `scripts/build_places.py`; sources and licences stand in `data/LICENSES.md`.
"""

import csv
import gzip
import io
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.catalogue.skills import fold

HOME: Final = "IN"
"""The country whose places are known down to the PIN code."""

CITY_WITHIN_KM: Final = 60.0
"""Further away than this from any known city, a point has no city."""

_KM_PER_DEGREE: Final = 111.195
_CENTRE_KM: Final = 2.0
"""Within this of a city's centre, nearer counts no more."""
_LEAST_LETTERS: Final = 3
"""A shorter beginning fits too many cities."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point people have a name for, in WGS 84 degrees."""

    name: str
    kind: Literal["pin", "area", "city"]
    """`area` is the locality of a PIN code, found by its name instead of its number."""
    latitude: float
    longitude: float
    city: str
    """The city, or for a PIN code the district."""
    state: str | None
    country: str
    """ISO 3166."""
    time_zone: str
    """IANA name."""
    pin: str | None = None
    people: int = 0


@dataclass(frozen=True, slots=True)
class _Gazetteer:
    cities: list[Place]
    pins: dict[str, Place]
    by_name: dict[str, list[Place]]
    """Folded names of cities, the largest city first."""
    names: list[str]
    """The keys of `by_name`, sorted."""
    areas: list[tuple[str, Place]]
    """Folded localities of PIN codes, sorted."""
    coordinates: NDArray[np.float64]
    people: NDArray[np.float64]


@cache
def _load() -> _Gazetteer:
    packed = files("app.catalogue").joinpath("data/places.csv.gz").read_bytes()
    cities: list[Place] = []
    pins: dict[str, Place] = {}
    by_name: dict[str, list[Place]] = {}
    areas: list[tuple[str, Place]] = []
    for row in csv.reader(io.StringIO(gzip.decompress(packed).decode())):
        kind, pin, name, city, state, country, latitude, longitude, zone, people, folded = row
        at = (float(latitude), float(longitude))
        if kind == "pin":
            place = Place(name, "pin", *at, city, state or None, country, "Asia/Kolkata", pin)
            pins[pin] = place
            if folded:
                areas.append((folded, place))
            continue
        place = Place(name, "city", *at, city, None, country, zone, None, int(people))
        cities.append(place)
        for known in folded.split("|"):
            by_name.setdefault(known, []).append(place)
    areas.sort(key=lambda item: item[0])
    return _Gazetteer(
        cities,
        pins,
        by_name,
        sorted(by_name),
        areas,
        np.array([(p.latitude, p.longitude) for p in cities]),
        np.array([max(p.people, 1) for p in cities], dtype=np.float64),
    )


def by_pin(pin: str) -> Place | None:
    """Return the place of an Indian PIN code; None if it is none or its point is not known."""
    digits = "".join(c for c in pin if not c.isspace())
    return _load().pins.get(digits)


def by_city(name: str, country: str | None = None) -> Place | None:
    """Return the largest city of that name (in English, Hindi, or an older name), if there is one."""
    wanted = fold(name)
    found = _load().by_name.get(wanted, ())
    # The city's own name goes before another's alternative one.
    ranked = sorted(found, key=lambda place: (place.name.casefold() != wanted, -place.people))
    return next((p for p in ranked if country is None or p.country == country), None)


def search(text: str, limit: int = 10) -> list[Place]:
    """Return the places `text` may mean, best first: a PIN code, a city, a locality.

    "Bandra West, Mumbai" is the locality in or near that city. Places at home come first.
    """
    whole = fold(text)
    if not whole:
        return []
    if whole.replace(" ", "").isdigit():
        place = by_pin(whole)
        return [place] if place else []
    first, _, rest = text.partition(",")
    near = by_city(rest) if rest.strip() else None
    wanted = fold(first) if near else whole
    found = [*_load().by_name.get(wanted, ()), *_areas(wanted)]
    if near is not None:
        found = [p for p in found if _km(p, near) <= CITY_WITHIN_KM]
    if not found and near is not None:
        found = [near]
    found += [p for p in _cities_beginning(wanted) if p not in found]
    ranked = sorted(found, key=lambda p: (p.country != HOME, p.name.casefold() != wanted))
    return ranked[:limit]


def _areas(wanted: str) -> Iterable[Place]:
    """Return the localities whose name begins with `wanted`."""
    areas = _load().areas
    start = bisect_left(areas, wanted, key=lambda item: item[0])
    for name, place in areas[start:]:
        if not name.startswith(wanted):
            return
        yield Place(
            place.name,
            "area",
            place.latitude,
            place.longitude,
            place.city,
            place.state,
            place.country,
            place.time_zone,
            place.pin,
        )


def _cities_beginning(wanted: str) -> list[Place]:
    if len(wanted) < _LEAST_LETTERS:
        return []
    gazetteer = _load()
    found: list[Place] = []
    for name in gazetteer.names[bisect_left(gazetteer.names, wanted) :]:
        if not name.startswith(wanted):
            break
        found += gazetteer.by_name[name]
    return sorted(dict.fromkeys(found), key=lambda p: -p.people)


def _km(one: Place, other: Place) -> float:
    distances = _kms(np.array([(one.latitude, one.longitude)]), other.latitude, other.longitude)
    return float(distances[0])


def _kms(points: NDArray[np.float64], latitude: float, longitude: float) -> NDArray[np.float64]:
    """Return distances in km on a plane that touches the Earth there: right to order by, nearby."""
    east = (points[:, 1] - longitude + 180) % 360 - 180
    shrink = np.cos(np.radians((points[:, 0] + latitude) / 2))
    return np.hypot(points[:, 0] - latitude, east * shrink) * _KM_PER_DEGREE


def _nearest(latitude: float, longitude: float) -> tuple[Place, float]:
    gazetteer = _load()
    distances = _kms(gazetteer.coordinates, latitude, longitude)
    at = int(distances.argmin())
    return gazetteer.cities[at], float(distances[at])


def nearest_city(latitude: float, longitude: float) -> Place | None:
    """Return the city a point belongs to; None in the middle of nowhere.

    By attraction, people ÷ distance²: Bandra is in Mumbai, although Dharavi is nearer, but Thane is
    in Thane.
    """
    gazetteer = _load()
    distances = _kms(gazetteer.coordinates, latitude, longitude)
    attraction = gazetteer.people / np.maximum(distances, _CENTRE_KM) ** 2
    attraction[distances > CITY_WITHIN_KM] = 0
    at = int(attraction.argmax())
    return gazetteer.cities[at] if attraction[at] > 0 else None


def time_zone_at(latitude: float, longitude: float) -> str:
    """Return the IANA time zone of the city nearest to a point.

    Right wherever people live; within a few kilometres of a border between zones it may be the
    neighbour's, and at sea it is that of the nearest coast.
    """
    return _nearest(latitude, longitude)[0].time_zone


@cache
def main_time_zone(country: str) -> str:
    """Return the time zone of a country's largest city, UTC for a country without a known one."""
    return next((p.time_zone for p in _load().cities if p.country == country), "UTC")
