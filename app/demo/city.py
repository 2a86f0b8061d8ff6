"""The workers and jobs of the demonstration, made from `data/city.toml`; the same for the same seed."""

import datetime as dt
import random
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from app.catalogue import places

SEED: Final = 20_261_123

BRUNCH_CREW: Final = 60
"""Workers for the story's job: each run of the story uses up one."""

FIRST_PHONE: Final = 7_000_100_001
"""First phone number of the demonstration; nothing leaves the sandbox."""


_WEEKEND: Final = ("saturday", "sunday")
_LATIN_SHARE: Final = 0.8
"""Share of names in Latin letters where there is a choice."""
DEMO_PASSWORD: Final = "a demonstration password"

type Json = dict[str, Any]


@cache
def _data() -> Json:
    path = files("app.demo") / "data" / "city.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Citizen:
    """A worker to register: the request's body, the weekly hours, and the client's address."""

    body: Json
    week: list[dict[str, str]]
    address: str


@dataclass(frozen=True)
class Company:
    """An employer to register, with the jobs to post."""

    body: Json
    address: str
    jobs: list[Json] = field(default_factory=list)


@cache
def _pins(town: str) -> list[places.Place]:
    """Return the places of a town's PIN codes."""
    row = _town(town)
    codes = [
        f"{start}{number:0{6 - len(start)}d}"
        for start in row["pin_starts"]
        for number in range(10 ** (6 - len(start)))
    ]
    found = [place for code in codes if (place := places.by_pin(code)) is not None]
    centre = places.by_pin(row["centre_pin"])
    return found or ([centre] if centre else [])


def _town(name: str) -> Json:
    row: Json = next(row for row in _data()["towns"] if row["name"] == name)
    return row


def workers(count: int, run: int) -> list[Citizen]:
    """Return `count` workers; another `run` gives other people with other phones."""
    chance = random.Random(SEED + run)  # noqa: S311 - a story, not a secret
    made = _brunch_crew(chance, min(BRUNCH_CREW, count), run)
    for town in _data()["towns"]:
        pins = _pins(town["name"])
        for _ in range(min(round(count * town["share"]), count - len(made))):
            made.append(_citizen(chance, town, chance.choice(pins), run, len(made)))
    while len(made) < count:
        town = _data()["towns"][0]
        made.append(_citizen(chance, town, chance.choice(_pins(town["name"])), run, len(made)))
    return made[:count]


def _brunch_crew(chance: random.Random, count: int, run: int) -> list[Citizen]:
    """Return waiters around Bandra who are free at weekends, as the story's job needs them."""
    town = _data()["towns"][0]
    home = places.by_pin(town["centre_pin"])
    if home is None:
        return []
    crew = []
    for number in range(count):
        citizen = _citizen(chance, town, home, run, number)
        at = {
            "latitude": round(home.latitude + chance.uniform(-0.05, 0.05), 5),
            "longitude": round(home.longitude + chance.uniform(-0.01, 0.05), 5),
        }
        wants = {"skills": ["host", "waiter"] if number % 3 else ["waiter"], "location": at}
        start = chance.choice(("08:00", "09:00", "10:00", "12:00"))
        week = [{"weekday": day, "start": start, "end": "22:00"} for day in _WEEKEND]
        body = citizen.body | wants | {"max_distance_km": float(chance.choice((8, 10, 15)))}
        crew.append(Citizen(body, week, citizen.address))
    return crew


def _citizen(
    chance: random.Random, town: Json, home: places.Place, run: int, number: int
) -> Citizen:
    tongue = chance.choice(town["names"])
    _, skills, most_years = _weighted(chance, _data()["occupations"]["rows"])
    _, days, start, end = _weighted(chance, _data()["habits"]["rows"])
    known = skills.split()
    scatter = 0.008 if town.get("metro", True) else 0.02
    body = {
        "name": _name(chance, tongue),
        "phone": f"+91{FIRST_PHONE + run * 100_000 + number}",
        "consent": True,
        "language": "hi" if chance.random() < town["hindi"] else "en",
        "city": town["name"],
        "location": {
            "latitude": round(home.latitude + chance.uniform(-scatter, scatter), 5),
            "longitude": round(home.longitude + chance.uniform(-scatter, scatter), 5),
        },
        "skills": sorted(chance.sample(known, chance.randint(1, min(3, len(known))))),
        "experience_years": min(most_years, int(chance.expovariate(0.35))),
        "max_distance_km": float(chance.choice((3, 5, 5, 8, 10, 10, 15, 25))),
    }
    return Citizen(body, _week(days, start, end), _address(run, number))


def _weighted(chance: random.Random, rows: list[list[Any]]) -> list[Any]:
    return chance.choices(rows, [row[0] for row in rows])[0]


def _week(days: str, start: str, end: str) -> list[dict[str, str]]:
    return [{"weekday": day, "start": start, "end": end} for day in days.split()]


def _name(chance: random.Random, tongue: str) -> str:
    """Return a name in one script."""
    firsts, lasts = _data()["first_names"][tongue].split(), _data()["last_names"][tongue].split()
    own = [name for name in firsts if not name.isascii()]
    plain = bool(not own or chance.random() < _LATIN_SHARE)
    first = chance.choice([name for name in firsts if name.isascii() == plain])
    return f"{first} {chance.choice([name for name in lasts if name.isascii() == plain])}"


def _address(run: int, number: int) -> str:
    """Return an address of the range reserved for tests between networks (RFC 2544)."""
    host = (run * 8_192 + number) % 131_072
    return f"198.{18 + host // 65_536}.{host // 256 % 256}.{host % 256}"


def companies(jobs: int, run: int, today: dt.date) -> list[Company]:
    """Return employers who share `jobs` jobs in the coming weeks; the first job is in Bandra."""
    towns = _data()["towns"]
    chance = random.Random(SEED + 1 + run)  # noqa: S311 - a story, not a secret
    made = [_company(name, number, run) for number, name in enumerate(_data()["companies"])]
    for number in range(jobs):
        town = towns[0] if number == 0 else chance.choices(towns, [t["share"] for t in towns])[0]
        spot = (
            places.by_pin(town["centre_pin"]) if number == 0 else chance.choice(_pins(town["name"]))
        )
        if spot is not None:
            made[number % len(made)].jobs.append(_job(chance, number, town, spot, today))
    return made


def _company(name: str, number: int, run: int) -> Company:
    return Company(
        {
            "company_name": name,
            "contact_name": "Meera Nair",
            "email": f"demo{run}.{number}@example.com",
            "password": DEMO_PASSWORD,
            "city": "Mumbai",
        },
        _address(run, 8_000 + number),
    )


def _job(
    chance: random.Random, number: int, town: Json, spot: places.Place, today: dt.date
) -> Json:
    jobs = _data()["jobs"]
    job = jobs[0] if number == 0 else chance.choice(jobs)
    # From next Monday, so that every weekday of the shift is still ahead.
    starts_on = today + dt.timedelta(days=7 - today.weekday())
    return {
        "title": job["title"],
        "description": f"{job['title']} in {spot.name}, {town['name']}. Meals included. Please be on time.",
        "category": job["category"],
        "location": {"latitude": spot.latitude, "longitude": spot.longitude},
        "city": town["name"],
        "starts_on": starts_on.isoformat(),
        "ends_on": (starts_on + dt.timedelta(weeks=6)).isoformat(),
        "time_zone": "Asia/Kolkata",
        "slots": _week(job["days"], job["start"], job["end"]),
        "positions": job["positions"],
        "required_skills": job["required"],
        "preferred_skills": job["preferred"],
        "radius_km": None,
        "salary": {"amount": job["pay"], "currency": "INR", "per": "hour"},
    }
