"""Other ways to ask PostgreSQL who is near, on the same rows, by the driver alone.

Each returns what the application's search returns, so that only the way of finding differs.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

from app.catalogue.skills import masks
from app.core.week import bits
from app.matching.rules import JobFacts

_COLUMNS = (
    "worker_id, latitude, longitude, max_km, experience, skills_0, skills_1, "
    "d0, d1, d2, d3, d4, d5, d6, time_zone"
)

_SERVICE_BOX = """
CREATE TABLE rival_box AS
SELECT *, box(
    point(longitude - max_km / (111.19 * cos(radians(latitude))), latitude - max_km / 111.19),
    point(longitude + max_km / (111.19 * cos(radians(latitude))), latitude + max_km / 111.19)
) AS area FROM worker_match;
"""


@dataclass
class Rival:
    """One way, ready to be asked."""

    name: str
    connection: asyncpg.Connection
    query: str
    arguments: list[Any]

    async def ask(self) -> list[Any]:
        """The rows that may fit."""
        rows: list[Any] = await self.connection.fetch(self.query, *self.arguments)
        return rows


async def prepare(url: str, job: JobFacts) -> list[Rival]:
    """Build the rivals' tables and indexes and return them; earthdistance only where it is there."""
    connection = await asyncpg.connect(url)
    rivals = [await _service_box(connection, job)]
    if await connection.fetchval(
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'earthdistance'"
    ):
        rivals.append(await _earthdistance(connection, job))
    await connection.execute("VACUUM ANALYZE")
    return rivals


def _able(job: JobFacts, first: int) -> tuple[str, list[Any]]:
    skills = masks(sorted(job.required_skills))
    week = bits(job.schedule.slots)
    conditions = ["active", f"experience >= {job.min_experience_years}"]
    arguments: list[Any] = []
    for column, mask in zip(("skills_0", "skills_1"), skills, strict=True):
        if mask:
            arguments.append(mask)
            number = first + len(arguments) - 1
            conditions.append(f"{column} & ${number}::bigint = ${number}::bigint")
    shared = []
    for day, mask in enumerate(week):
        if mask:
            arguments.append(mask)
            shared.append(f"d{day} & ${first + len(arguments) - 1}::bigint <> 0")
    conditions.append("(" + " OR ".join(shared) + ")")
    return " AND ".join(conditions), arguments


async def _service_box(connection: asyncpg.Connection, job: JobFacts) -> Rival:
    await connection.execute(_SERVICE_BOX)
    await connection.execute(
        f"CREATE INDEX rival_box_area ON rival_box USING gist (area) INCLUDE (active, {_COLUMNS})"
    )
    able, arguments = _able(job, 3)
    flat = (
        "power((latitude - $2) * 111.195, 2) "
        "+ power((longitude - $1) * 111.195 * cos(radians($2)), 2) <= max_km * max_km * 1.01"
    )
    query = (
        f"SELECT {_COLUMNS} FROM rival_box "
        f"WHERE area @> box(point($1, $2), point($1, $2)) AND {able} AND {flat}"
    )
    place = [job.point.longitude, job.point.latitude]
    return Rival("service-box GiST", connection, query, place + arguments)


async def _earthdistance(connection: asyncpg.Connection, job: JobFacts) -> Rival:
    await connection.execute("CREATE EXTENSION IF NOT EXISTS cube")
    await connection.execute("CREATE EXTENSION IF NOT EXISTS earthdistance")
    await connection.execute(
        "CREATE TABLE rival_earth AS "
        "SELECT *, ll_to_earth(latitude, longitude) AS place FROM worker_match"
    )
    await connection.execute("CREATE INDEX rival_earth_place ON rival_earth USING gist (place)")
    able, arguments = _able(job, 4)
    query = (
        f"SELECT {_COLUMNS} FROM rival_earth "
        "WHERE earth_box(ll_to_earth($2, $1), $3) @> place "
        f"AND earth_distance(ll_to_earth($2, $1), place) <= max_km * 1000 AND {able}"
    )
    largest = await connection.fetchval("SELECT max(max_km) * 1000 FROM worker_match")
    place = [job.point.longitude, job.point.latitude, largest]
    return Rival("earthdistance GiST", connection, query, place + arguments)
