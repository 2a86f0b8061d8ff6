"""Made-up people in cities, always the same for the same size: two worlds.

`crowded` is harder than any country: forty cities, a quarter of everybody in one metro. `real` has the cities of
India by how many people live in them, the homes of a small one closer together.
"""

import csv
import datetime as dt
import gzip
import io
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import batched
from typing import Any, Final, Literal
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Table, create_engine, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places
from app.catalogue.skills import SKILLS
from app.core.geo import Point
from app.core.ids import new_id
from app.core.week import Slot
from app.database.engines import parse_url
from app.database.schema import load_models
from app.employers.models import Employer
from app.identity.models import User
from app.jobs.models import Job, JobSlot
from app.workers.models import Worker, WorkerAvailability

NOW: Final = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
MONDAY: Final = dt.date(2026, 11, 23)
METRO: Final = Point(19.076, 72.8777)
CITIES: Final = 40
SPREAD_DEGREES: Final = 0.12
"""Standard deviation of homes around their city's centre, about 13 km."""
TRAVELS_KM: Final = (3.0, 5.0, 8.0, 10.0, 15.0, 25.0)
TOWN: Final = "Ratnagiri"
"""A small town on the coast, with no larger one near it."""
_BATCH: Final = 5_000

type World = Literal["crowded", "real"]
type Person = tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]
"""The rows of a user, of their profile, and of their hours."""


@dataclass(frozen=True)
class _Home:
    """A city: its centre, and how far from it people live."""

    centre: Point
    spread: float
    """Standard deviation, in degrees."""
    share: float
    """How many live there, in any unit."""


def _homes(world: World, chance: random.Random) -> list[_Home]:
    if world == "crowded":
        centres = [METRO] + [
            Point(chance.uniform(9, 31), chance.uniform(70, 92)) for _ in range(CITIES - 1)
        ]
        return [_Home(at, SPREAD_DEGREES, 1 / (rank + 1)) for rank, at in enumerate(centres)]
    cities = [*_cities_at_home()]
    largest = max(people for _, people in cities)
    return [
        _Home(at, max(0.015, SPREAD_DEGREES * math.sqrt(people / largest)), people)
        for at, people in cities
    ]


def _cities_at_home() -> Iterator[tuple[Point, int]]:
    packed = files("app.catalogue").joinpath("data/places.csv.gz").read_bytes()
    for row in csv.reader(io.StringIO(gzip.decompress(packed).decode())):
        kind, _, _, _, _, country, latitude, longitude, _, people, _ = row
        if kind == "city" and not country and int(people or 0) > 0:
            yield Point(float(latitude), float(longitude)), int(people)


def rounds_of(workers: int, world: World) -> Iterator[list[Person]]:
    """Make up everybody, some thousand at a time."""
    chance = random.Random(workers)
    homes = _homes(world, chance)
    shares = [home.share for home in homes]
    for numbers in batched(range(workers), _BATCH):
        drawn = chance.choices(homes, shares, k=len(numbers))
        yield [_person(chance, number, home) for number, home in zip(numbers, drawn, strict=True)]


def populate(url: str, workers: int, world: World = "crowded") -> None:
    """Fill an empty database that has its tables with that many workers, one employer and two jobs."""
    load_models()
    parsed = parse_url(url)
    rounds = rounds_of(workers, world)
    if parsed.drivername == "postgresql":
        with psycopg.connect(url) as copying:
            for people in rounds:
                for model, rows in rows_of(people):
                    copy_into(copying, model, rows)
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"))
    else:
        engine = create_engine(parsed.set(drivername="sqlite"))
        with engine.begin() as connection:
            for people in rounds:
                for model, rows in rows_of(people):
                    connection.execute(insert(model), rows)
    with engine.begin() as connection:
        add_market(connection)
    engine.dispose()


def copy_into(connection: psycopg.Connection[Any], model: Any, rows: list[dict[str, Any]]) -> None:
    """Write rows by COPY, which takes a third of what INSERT does."""
    columns = list(model.__table__.columns)
    names = ", ".join(column.name for column in columns)
    statement = f"COPY {model.__tablename__} ({names}) FROM STDIN"
    with connection.cursor().copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row([_value(column, row) for column in columns])


def rows_of(people: list[Person]) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """Return the rows of these people, by model, in the order in which they refer to each other."""
    yield User, [user for user, _, _ in people]
    yield Worker, [profile for _, profile, _ in people]
    yield WorkerAvailability, [slot for _, _, slots in people for slot in slots]


def _value(column: Any, row: dict[str, Any]) -> Any:
    if column.name in row:
        value = row[column.name]
    elif column.default is None:
        return None
    else:
        value = column.default.arg if column.default.is_scalar else column.default.arg(None)
    return Jsonb(value) if isinstance(value, list | dict) else value


def _person(chance: random.Random, number: int, home: _Home) -> Person:
    worker_id = new_id()
    user = {
        "id": worker_id,
        "role": "worker",
        "status": "active",
        "name": f"Worker {number}",
        "phone_index": f"index-{number}",
        "created_at": NOW,
        "updated_at": NOW,
    }
    profile = {
        "id": worker_id,
        "city": "City",
        "latitude": home.centre.latitude + chance.gauss(0, home.spread),
        "longitude": home.centre.longitude + chance.gauss(0, home.spread),
        "max_distance_km": chance.choice(TRAVELS_KM),
        "skills": _skills(chance),
        "experience_years": chance.randint(0, 10),
        "time_zone": "Asia/Kolkata",
        "answered": chance.randint(0, 20),
        "missed": chance.randint(0, 5),
        "created_at": NOW,
        "updated_at": NOW,
    }
    slots = [
        {
            "worker_id": worker_id,
            "weekday": slot.weekday,
            "starts": dt.time(slot.start // 60, slot.start % 60),
            "ends": dt.time(slot.end // 60, slot.end % 60),
        }
        for slot in _week(chance)
    ]
    return user, profile, slots


def _skills(chance: random.Random) -> list[str]:
    known = list(SKILLS)
    skills = set(chance.sample(known, chance.randint(1, 4)))
    return sorted(skills | {"waiter"} if chance.random() < 0.1 else skills)


def _week(chance: random.Random) -> Iterator[Slot]:
    start = chance.choice((8, 12, 16, 17, 18)) * 60
    hours = chance.choice((4, 5, 6))
    for weekday in chance.sample(range(7), chance.randint(2, 6)):
        yield Slot(weekday, start, (start + hours * 60) % 1_440)


JOB_ID: Final = UUID(int=2)
TOWN_JOB_ID: Final = UUID(int=3)
EMPLOYER_ID: Final = UUID(int=1)


def add_market(connection: Connection) -> None:
    """A job in the middle of the metro and one like it in a town: Friday and Saturday evenings.

    Only the worker's own travel limits the distance.
    """
    town = places.by_city(TOWN)
    if town is None:
        raise AssertionError(f"{TOWN} is not in the catalogue")
    who = {"id": EMPLOYER_ID, "created_at": NOW, "updated_at": NOW}
    user = {"role": "employer", "status": "active", "name": "Meera", "email": "meera@example.com"}
    connection.execute(insert(User), who | user)
    connection.execute(insert(Employer), who | {"company_name": "Cafe"})
    shifts = {"starts": dt.time(17), "ends": dt.time(21)}
    for job_id, at in ((JOB_ID, METRO), (TOWN_JOB_ID, Point(town.latitude, town.longitude))):
        connection.execute(insert(Job), _job(job_id, at))
        for weekday in (4, 5):
            connection.execute(insert(JobSlot), {"job_id": job_id, "weekday": weekday} | shifts)


def _job(job_id: UUID, at: Point) -> dict[str, Any]:
    return {
        "id": job_id,
        "employer_id": EMPLOYER_ID,
        "status": "published",
        "title": "Evening waiter",
        "description": "Serve dinner.",
        "category": "hospitality",
        "latitude": at.latitude,
        "longitude": at.longitude,
        "starts_on": MONDAY,
        "ends_on": None,
        "time_zone": "Asia/Kolkata",
        "positions": 5,
        "required_skills": ["waiter"],
        "preferred_skills": ["bartender"],
        "min_experience_years": 1,
        "radius_km": None,
        "accept_limit": 10,
        "created_at": NOW,
        "updated_at": NOW,
    }


async def the_job(session: AsyncSession, job_id: UUID = JOB_ID) -> Job:
    """The job in the metro, or that in the town."""
    return await session.get_one(Job, job_id)


def tables() -> list[Table]:
    """Every table of the application."""
    return list(load_models().sorted_tables)
