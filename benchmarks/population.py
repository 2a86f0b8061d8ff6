"""Made-up people: a country of cities, the largest a dense metro, always the same for the same size."""

import datetime as dt
import random
from collections.abc import Iterator
from itertools import batched
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table, create_engine, insert
from sqlalchemy.ext.asyncio import AsyncSession

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
_BATCH: Final = 5_000


def populate(url: str, workers: int) -> None:
    """Fill an empty database that has its tables with that many workers, one employer and one job."""
    load_models()
    parsed = parse_url(url)
    driver = "postgresql+psycopg" if parsed.drivername == "postgresql" else "sqlite"
    engine = create_engine(parsed.set(drivername=driver))
    chance = random.Random(workers)
    centres = [METRO] + [
        Point(chance.uniform(9, 31), chance.uniform(70, 92)) for _ in range(CITIES - 1)
    ]
    shares = [1 / (rank + 1) for rank in range(CITIES)]
    with engine.begin() as connection:
        for numbers in batched(range(workers), _BATCH):
            homes = chance.choices(centres, shares, k=len(numbers))
            _insert(
                connection,
                [
                    _person(chance, number, home)
                    for number, home in zip(numbers, homes, strict=True)
                ],
            )
        _market(connection)
    engine.dispose()


def _person(
    chance: random.Random, number: int, home: Point
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
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
        "latitude": home.latitude + chance.gauss(0, SPREAD_DEGREES),
        "longitude": home.longitude + chance.gauss(0, SPREAD_DEGREES),
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


def _insert(connection: Connection, people: list[tuple[Any, Any, Any]]) -> None:
    for table, rows in (
        (User, [user for user, _, _ in people]),
        (Worker, [profile for _, profile, _ in people]),
        (WorkerAvailability, [slot for _, _, slots in people for slot in slots]),
    ):
        connection.execute(insert(table), rows)


JOB_ID: Final = UUID(int=2)
EMPLOYER_ID: Final = UUID(int=1)


def _market(connection: Connection) -> None:
    """One job in the middle of the metro: Friday and Saturday evenings, the worker's own travel."""
    who = {"id": EMPLOYER_ID, "created_at": NOW, "updated_at": NOW}
    user = {"role": "employer", "status": "active", "name": "Meera", "email": "meera@example.com"}
    connection.execute(insert(User), who | user)
    connection.execute(insert(Employer), who | {"company_name": "Cafe"})
    connection.execute(
        insert(Job),
        {
            "id": JOB_ID,
            "employer_id": EMPLOYER_ID,
            "status": "published",
            "title": "Evening waiter",
            "description": "Serve dinner.",
            "category": "hospitality",
            "latitude": METRO.latitude,
            "longitude": METRO.longitude,
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
        },
    )
    times = {"starts": dt.time(17), "ends": dt.time(21)}
    for weekday in (4, 5):
        connection.execute(insert(JobSlot), {"job_id": JOB_ID, "weekday": weekday} | times)


async def the_job(session: AsyncSession) -> Job:
    """The one job there is."""
    return await session.get_one(Job, JOB_ID)


def tables() -> list[Table]:
    """Every table of the application."""
    return list(load_models().sorted_tables)
