"""Places: Indian PIN codes, localities and cities, and the larger cities of the world.

Made by `scripts/build_places.py`; sources and licences stand in `data/LICENSES.md`.
"""

import csv
import gzip
import io
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from math import cos, hypot, radians
from typing import Final, Literal
from unicodedata import decimal

import numpy as np
from numpy.typing import NDArray

from app.catalogue.skills import fold

HOME: Final = "IN"
"""The country whose places are known down to the PIN code."""

_HOME_ZONE: Final = "Asia/Kolkata"

CITY_WITHIN_KM: Final = 60.0
"""Further away than this from any known city, a point has no city."""

_KM_PER_DEGREE: Final = 111.195
_QUARTER_KM: Final = 10.0
"""Two localities of one name that are nearer than this are one."""
_SURROUNDINGS_KM: Final = 30.0
"""As far from a city's centre live people who say that they are from there."""
_CENTRE_KM: Final = 2.0
"""Within this of a city's centre, nearer counts no more."""
_KEPT_NAMES: Final = 512
"""Cache size: each reader of a message asks for the same names."""
_LEAST_LETTERS: Final = 3
"""A shorter beginning fits too many places."""
_HALVES: Final = frozenset("east west north south".split())
_HALVES_IN_SHORT: Final = {"e": "east", "w": "west", "n": "north", "s": "south"}
_BETWEEN_INITIALS: Final = re.compile(r"(?<=\b[a-z]) (?=[a-z]\b)")
_MOST_INITIALS: Final = 2
_LONGEST_INITIALS: Final = 3
"""Letters of initials that stand for a name, and that are shorter than any other name that is looked for."""
_MOST_WORDS: Final = 3
"""As many words as the name of a city has within a longer text."""
SEARCHED_CHARACTERS: Final = 100
"""Of a longer text the rest is not searched for: no place, with its city, has half so long a name."""
KNOWN_TO_ALL_PEOPLE: Final = 100_000
"""A city this large is meant by its name; a village may only be called like the word."""


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
    sure: bool = True
    """False for what was not said so, but may have been meant: it has to be asked."""


@dataclass(frozen=True, slots=True)
class _Gazetteer:
    cities: list[Place]
    """The largest first."""
    pins: dict[str, list[str]]
    """Rows by PIN code: most are never asked for, so a `Place` is made only of those that are."""
    own: dict[str, list[Place]]
    """Folded names that are a city's own, today's or a former one."""
    by_name: dict[str, list[Place]]
    """Folded names of cities: those whose own name it is, then others, each the largest first."""
    names: list[str]
    """The keys of `by_name`, sorted."""
    areas: list[tuple[str, str, Place | str]]
    """Localities, folded and as written, with their PIN codes; sorted. Some have points of their own."""
    directions: NDArray[np.float64]
    people: NDArray[np.float64]


@cache
def _load() -> _Gazetteer:
    packed = files("app.catalogue").joinpath("data/places.csv.gz").read_bytes()
    cities: list[Place] = []
    pins: dict[str, list[str]] = {}
    own: dict[str, list[Place]] = {}
    others: dict[str, list[Place]] = {}
    areas: list[tuple[str, str, Place | str]] = []
    for row in csv.reader(io.StringIO(gzip.decompress(packed).decode())):
        kind, pin, name, city, state, country, latitude, longitude, zone, people, more = row
        if kind == "pin":
            pins[pin] = row
            areas += [(_key(area), area, pin) for area in (name, *more.split("|")) if area]
            continue
        if kind == "area":
            at = (float(latitude), float(longitude))
            area = Place(name, "area", *at, city, state, HOME, _HOME_ZONE, pin)
            for known in filter(None, (name, *more.split("|"))):
                areas += [(key, name, area) for key in _keys(known)]
            continue
        place = Place(
            name,
            "city",
            float(latitude),
            float(longitude),
            name,
            state or None,
            country or HOME,
            zone or _HOME_ZONE,
            None,
            int(people),
        )
        cities.append(place)
        firsts, _, rest = more.partition(";")
        for names, index in (([fold(name), *firsts.split("|")], own), (rest.split("|"), others)):
            for known in filter(None, names):
                index.setdefault(known, []).append(place)
    # What has a point of its own goes first: a PIN code's may be that of another quarter.
    areas.sort(key=lambda area: (area[0], isinstance(area[2], str), area[1]))
    by_name = {word: [*own.get(word, ()), *others.get(word, ())] for word in {**own, **others}}
    return _Gazetteer(
        cities,
        pins,
        own,
        by_name,
        sorted(by_name),
        areas,
        _directions(np.array([(p.latitude, p.longitude) for p in cities])),
        np.array([max(p.people, 1) for p in cities], dtype=np.float64),
    )


def _key(name: str) -> str:
    """Return a name as it is looked for: "K.R. Puram" and "K R Puram" are "kr puram"."""
    return _joined(fold(name))


def _joined(folded: str) -> str:
    """Return a folded name with its initials as one word, where another word stands beside them."""
    joined = _BETWEEN_INITIALS.sub("", folded)
    return joined if " " in joined else folded


def _keys(name: str) -> list[str]:
    """Return a locality's name as it is looked for, one of initials also in one word: "tnagar"."""
    key = _key(name)
    first, _, rest = key.partition(" ")
    return [key, first + rest] if rest and len(first) <= _MOST_INITIALS else [key]


@cache
def _initials() -> frozenset[str]:
    return frozenset(
        key
        for key, _, where in _load().areas
        if isinstance(where, Place) and key.isascii() and len(key) <= _LONGEST_INITIALS
    )


def is_initials(name: str) -> bool:
    """Return whether a locality is known by these initials alone: "CP", "HSR", "BKC"."""
    return _key(name[:SEARCHED_CHARACTERS]) in _initials()


def by_pin(pin: str) -> Place | None:
    """Return the place of an Indian PIN code; None if it is none or its point is not known.

    The digits may be Devanagari ones, and have spaces between them.
    """
    digits = "".join(str(decimal(c)) if c.isdecimal() else c for c in pin if not c.isspace())
    row = _load().pins.get(digits)
    if row is None:
        return None
    _, code, name, district, state, _, latitude, longitude, *_ = row
    at = (float(latitude), float(longitude))
    # What has no locality to be called after is called after its district.
    return Place(name or district, "pin", *at, district, state or None, HOME, _HOME_ZONE, code)


def by_city(name: str, country: str | None = None) -> Place | None:
    """Return the largest city of that name (in English, Hindi, or an older name), if there is one.

    A city's own name, today's or a former one, goes before another's alternative name.
    """
    found = _load().by_name.get(fold(name), ())
    return next((p for p in found if country is None or p.country == country), None)


@lru_cache(maxsize=16_384)
def city_named(text: str) -> Place | None:
    """Return the city, else the locality, that is called just so; its `name` is how it is written.

    A locality's own name goes before the alternative name of a town that few know: "Dadar" is the part
    of Mumbai, not Davrapada.
    """
    text = text[:SEARCHED_CHARACTERS]
    wanted = fold(text)
    city = by_city(text)
    if city and (city in _load().own.get(wanted, ()) or city.people >= KNOWN_TO_ALL_PEOPLE):
        return city
    called_so = (p for p in find_spelled(text) if p.kind != "pin" and fold(p.name) == wanted)
    return next(called_so, city)


def search(text: str, limit: int = 10) -> list[Place]:
    """Return the places `text` may mean, best first: a PIN code, a city, a locality.

    "Bandra West, Mumbai" is the locality in or near that city, with or without the comma, and
    "Noida Sector 62" too. Places at home come first. Of a locality nobody here knows it is at least
    the city, which is then not `sure`.
    """
    text = text[:SEARCHED_CHARACTERS]
    return (find_spelled(text) or cities_in(text))[:limit]


def find_spelled(text: str) -> list[Place]:
    """Return the places whose name is written in `text`, best first."""
    text = text[:SEARCHED_CHARACTERS]
    whole = fold(text)
    if not whole:
        return []
    if whole.replace(" ", "").isdecimal():
        place = by_pin(whole)
        return [place] if place else []
    for wanted, near in interpretations(text):
        if found := _found(wanted, near):
            return without_duplicates(found)
    return []


def cities_in(text: str) -> list[Place]:
    """Return the large cities that `text` names beside something else."""
    cities = [
        near
        for _, near in interpretations(text)
        if near and near.country == HOME and near.people >= KNOWN_TO_ALL_PEOPLE
    ]
    return [replace(city, sure=False) for city in dict.fromkeys(cities)]


def interpretations(text: str) -> Iterator[tuple[str, Place | None]]:
    """Return what `text` may say, as a folded name and the city it is in or near, the likeliest first."""
    whole = fold(text)
    first, *rest = text.split(",")
    cities = [city for part in rest if (city := by_city(part))]
    yield from ((fold(first), city) for city in cities)
    yield whole, None
    words = whole.split()
    for count in range(min(_MOST_WORDS, len(words) - 1), 0, -1):
        if city := by_city(" ".join(words[-count:])):
            yield " ".join(words[:-count]), city
            cities.append(city)
        if city := by_city(" ".join(words[:count])):
            yield " ".join(words[count:]), city
            cities.append(city)
    if rest and not cities:
        yield fold(first), None


def without_duplicates(found: Sequence[Place]) -> list[Place]:
    """Return what nobody could take for another: not the post office "Mumbai" beside the city."""
    by_name: dict[str, list[Place]] = {}
    shown: list[Place] = []
    for place in found:
        alike = by_name.setdefault(_key(place.name), [])
        if not any(_same(place, other) for other in alike):
            alike.append(place)
            shown.append(place)
    return shown


def _same(place: Place, other: Place) -> bool:
    """Return whether two places of one name are one, as far as anybody could tell."""
    large = max(place.people, other.people) >= KNOWN_TO_ALL_PEOPLE
    within = CITY_WITHIN_KM if large else _QUARTER_KM
    return (place.city, place.state) == (other.city, other.state) or km_between(
        place, other
    ) <= within


def _found(wanted: str, near: Place | None) -> list[Place]:
    """Return what has that name; "Andheri West", of which the post knows no half, is Andheri."""
    name, _, half = wanted.rpartition(" ")
    if name and half in _HALVES_IN_SHORT:
        half = _HALVES_IN_SHORT[half]
        wanted = f"{name} {half}"
    joined = _named(wanted.replace(" ", ""), near) if near is not None and name else []
    return _named(wanted, near) or joined or (_named(name, near) if half in _HALVES else [])


def _named(wanted: str, near: Place | None) -> list[Place]:
    found = _named_anywhere(wanted)
    if near is None:
        return list(found)
    return [p for p in found if km_between(p, near) <= CITY_WITHIN_KM]


@lru_cache(maxsize=_KEPT_NAMES)
def _named_anywhere(wanted: str) -> tuple[Place, ...]:
    if not wanted:
        return ()
    found = [*_load().by_name.get(wanted, ()), *_areas(_joined(wanted))]
    exact = {id(p) for p in found}
    found += [p for p in _cities_beginning(wanted) if id(p) not in exact]
    own = _load().own.get(wanted, ())
    return tuple(
        sorted(
            found,
            key=lambda p: (
                p.country != HOME,
                p not in own and _key(p.name) != _joined(wanted),
            ),
        )
    )


def _areas(wanted: str) -> Iterator[Place]:
    """Return the localities whose name begins with `wanted`, or is it where that is very short."""
    areas = _load().areas
    for at in range(bisect_left(areas, wanted, key=lambda item: item[0]), len(areas)):
        folded, name, where = areas[at]
        if not folded.startswith(wanted):
            return
        if folded != wanted and (len(wanted) < _LEAST_LETTERS or _are_initials(wanted, name)):
            continue
        if place := area(name, where):
            yield place if _says(wanted, folded) else replace(place, sure=False)


def _are_initials(wanted: str, name: str) -> bool:
    """Return whether one word is no more than the initials that a name begins with: "skp" of S.K.P. Temple."""
    return " " not in wanted and _BETWEEN_INITIALS.search(fold(name)) is not None


def _says(wanted: str, name: str) -> bool:
    """Return whether who writes `wanted` names this place, and not only the beginning of a word of it."""
    return name == wanted or (wanted.isascii() and name.startswith(f"{wanted} "))


def area(name: str, where: Place | str) -> Place | None:
    """Return a locality by its name, and its PIN code where it has no point of its own."""
    if isinstance(where, Place):
        return where
    place = by_pin(where)
    return replace(place, name=name, kind="area") if place else None


def _cities_beginning(wanted: str) -> list[Place]:
    if len(wanted) < _LEAST_LETTERS:
        return []
    gazetteer = _load()
    found: list[Place] = []
    for at in range(bisect_left(gazetteer.names, wanted), len(gazetteer.names)):
        name = gazetteer.names[at]
        if not name.startswith(wanted):
            break
        sure = _says(wanted, name)
        found += [p if sure else replace(p, sure=False) for p in gazetteer.by_name[name]]
    return sorted(dict.fromkeys(found), key=lambda p: -p.people)


def names_at_home() -> Iterator[tuple[str, Place | str, str]]:
    """Return every name of a place in this country, folded and as written, with the city or PIN code."""
    gazetteer = _load()
    for folded, places in gazetteer.by_name.items():
        for place in places:
            if place.country == HOME:
                yield folded, place, place.name
    for folded, name, where in gazetteer.areas:
        yield folded, where, name


def km_between(one: Place, other: Place) -> float:
    """Return how far two places are from each other, well enough for those of one country."""
    shrink = cos(radians((one.latitude + other.latitude) / 2))
    east = (one.longitude - other.longitude + 180) % 360 - 180
    return hypot(one.latitude - other.latitude, east * shrink) * _KM_PER_DEGREE


def _directions(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points on the unit sphere: of two, the product is the cosine of the angle between them."""
    latitude, longitude = np.radians(degrees).T
    level = np.cos(latitude)
    around = np.array([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)])
    return np.ascontiguousarray(around.T)


def _closeness(latitude: float, longitude: float) -> NDArray[np.float64]:
    """Return how close each city is to a point: the cosine of the angle between them."""
    here = _directions(np.array([[latitude, longitude]]))[0]
    closeness: NDArray[np.float64] = _load().directions @ here
    return closeness


def nearest_city(latitude: float, longitude: float) -> Place | None:
    """Return the city a point belongs to; None in the middle of nowhere.

    By attraction, people ÷ distance²: Bandra is in Mumbai, although Dharavi is nearer, but Thane is
    in Thane.
    """
    gazetteer = _load()
    closeness = _closeness(latitude, longitude)
    around = np.flatnonzero(closeness >= cos(radians(CITY_WITHIN_KM / _KM_PER_DEGREE)))
    if not around.size:
        return None
    distances = np.degrees(np.arccos(np.minimum(closeness[around], 1))) * _KM_PER_DEGREE
    attraction = gazetteer.people[around] / np.maximum(distances, _CENTRE_KM) ** 2
    most = int(attraction.argmax())
    return gazetteer.cities[around[most]] if attraction[most] > 0 else None


def cities_around(latitude: float, longitude: float, km: float, limit: int) -> list[Place]:
    """Return cities, towns and quarters within so many kilometres of a point, the largest first."""
    gazetteer = _load()
    closeness = _closeness(latitude, longitude)
    around = np.flatnonzero(closeness >= cos(radians(km / _KM_PER_DEGREE)))
    largest = around[np.argsort(-gazetteer.people[around], kind="stable")][:limit]
    return [gazetteer.cities[int(number)] for number in largest]


@cache
def _localities() -> tuple[list[Place], NDArray[np.float64]]:
    """Return the localities of this country with their points, as degrees; only maps ask for them."""
    gazetteer = _load()
    found = [where for _, _, where in gazetteer.areas if isinstance(where, Place)]
    found += filter(None, map(by_pin, gazetteer.pins))
    unique = list(
        {(place.name, place.latitude, place.longitude): place for place in found}.values()
    )
    return unique, np.array([(place.latitude, place.longitude) for place in unique])


def localities_around(latitude: float, longitude: float, km: float, limit: int) -> list[Place]:
    """Return localities of this country within so many kilometres of a point, the nearest first."""
    known, points = _localities()
    north = (points[:, 0] - latitude) * _KM_PER_DEGREE
    east = (points[:, 1] - longitude) * _KM_PER_DEGREE * cos(radians(latitude))
    apart = np.hypot(north, east)
    around = np.flatnonzero(apart <= km)
    nearest = around[np.argsort(apart[around], kind="stable")][:limit]
    return [known[int(number)] for number in nearest]


def warm_up_localities() -> None:
    """Read the localities now, so that the first map does not wait for them."""
    _localities()


def people_around(latitude: float, longitude: float) -> int:
    """Return how many people the largest city within its surroundings has."""
    gazetteer = _load()
    around = _closeness(latitude, longitude) >= cos(radians(_SURROUNDINGS_KM / _KM_PER_DEGREE))
    return int(gazetteer.people[around].max(initial=0))


def time_zone_at(latitude: float, longitude: float) -> str:
    """Return the IANA time zone of the city nearest to a point.

    Right wherever people live; within a few kilometres of a border between zones it may be the
    neighbour's, and at sea it is that of the nearest coast.
    """
    return _load().cities[int(_closeness(latitude, longitude).argmax())].time_zone


@cache
def main_time_zone(country: str) -> str:
    """Return the time zone of a country's largest city, UTC for a country without a known one."""
    return next((p.time_zone for p in _load().cities if p.country == country), "UTC")
