"""Other ways to ask a database who is near, on the same rows, by the driver alone.

Each returns what the application's search returns, so that only the way of finding differs.
"""

import math
import sqlite3
from dataclasses import dataclass
from typing import Any, Self

import asyncpg

from app.catalogue.skills import masks
from app.core.week import bits
from app.database.engines import parse_url
from app.matching.rules import JobFacts

_COLUMNS = (
    "worker_id, latitude, longitude, max_km, experience, skills_0, skills_1, "
    "d0, d1, d2, d3, d4, d5, d6, time_zone"
)

_PLAIN = (
    "CREATE TABLE rival_plain AS SELECT * FROM worker_match",
    "CREATE INDEX rival_plain_at ON rival_plain (latitude, longitude)",
)
_SERVICE_BOX = (
    """CREATE TABLE rival_box AS SELECT *, box(
    point(longitude - max_km / (111.19 * cos(radians(latitude))), latitude - max_km / 111.19),
    point(longitude + max_km / (111.19 * cos(radians(latitude))), latitude + max_km / 111.19)
) AS area FROM worker_match""",
    f"CREATE INDEX rival_box_area ON rival_box USING gist (area) INCLUDE (active, {_COLUMNS})",
)
_EARTH = (
    "CREATE EXTENSION IF NOT EXISTS cube",
    "CREATE EXTENSION IF NOT EXISTS earthdistance",
    "CREATE TABLE rival_earth AS SELECT *, ll_to_earth(latitude, longitude) AS place FROM worker_match",
    "CREATE INDEX rival_earth_place ON rival_earth USING gist (place)",
)
_POSTGIS = (
    "CREATE EXTENSION IF NOT EXISTS postgis",
    """CREATE TABLE rival_geography AS SELECT *,
    ST_SetSRID(ST_MakePoint(longitude, latitude), 4326)::geography AS place FROM worker_match""",
    "CREATE INDEX rival_geography_place ON rival_geography USING gist (place)",
)
_THERE = "SELECT count(*) FROM pg_available_extensions WHERE name = $1"


async def build(url: str) -> None:
    """Build the tables and indexes of the rivals beside a filled `worker_match`: of a million rows this takes a minute.

    earthdistance and PostGIS only where they are there, and on SQLite the bounding box alone.
    """
    if url.startswith("sqlite"):
        with sqlite3.connect(parse_url(url).database or "") as here:
            for statement in (*_PLAIN, "ANALYZE rival_plain"):
                here.execute(statement)
        here.close()
        return
    there = await asyncpg.connect(url)
    try:
        wanted = [*_PLAIN, *_SERVICE_BOX]
        for extension, statements in (("earthdistance", _EARTH), ("postgis", _POSTGIS)):
            if await there.fetchval(_THERE, extension):
                wanted += statements
        for statement in (*wanted, "VACUUM ANALYZE"):
            await there.execute(statement)
    finally:
        await there.close()


@dataclass
class Rival:
    """One way, ready to be asked."""

    name: str
    connection: asyncpg.Connection | sqlite3.Connection
    query: str
    arguments: list[Any]

    async def ask(self) -> list[Any]:
        """The rows that may fit."""
        if isinstance(self.connection, sqlite3.Connection):
            named = {f"p{number}": value for number, value in enumerate(self.arguments, start=1)}
            return self.connection.execute(self.query.replace("$", ":p"), named).fetchall()
        rows: list[Any] = await self.connection.fetch(self.query, *self.arguments)
        return rows


class Rivals:
    """The rivals on one database, which `build` has built, and the queries for a job."""

    def __init__(
        self, connections: list[asyncpg.Connection | sqlite3.Connection], built: set[str]
    ) -> None:
        self._connections = connections
        self._built = built

    @classmethod
    async def on(cls, url: str, postgis_url: str | None = None) -> Self:
        """Connect to them; `postgis_url` is another database of the same people, on a server that has PostGIS."""
        if url.startswith("sqlite"):
            return cls([sqlite3.connect(parse_url(url).database or "")], {"rival_plain"})
        servers = [await asyncpg.connect(each) for each in (url, postgis_url) if each]
        known = "SELECT relname FROM pg_class WHERE relname LIKE 'rival_%' AND relkind = 'r'"
        built = {row["relname"] for server in servers for row in await server.fetch(known)}
        return cls([*servers], built)

    async def close(self) -> None:
        """Close the connections."""
        for connection in self._connections:
            if isinstance(connection, sqlite3.Connection):
                connection.close()
            else:
                await connection.close()

    async def of(self, job: JobFacts) -> list[Rival]:
        """Return each rival's question about a job."""
        connection, last = self._connections[0], self._connections[-1]
        largest_km = "SELECT max(max_km) FROM rival_plain"
        if isinstance(connection, sqlite3.Connection) or isinstance(last, sqlite3.Connection):
            [[km]] = self._connections[0].execute(largest_km).fetchall()
            return [_bounding_box(self._connections[0], job, km)]
        km = await connection.fetchval(largest_km)
        rivals = [_bounding_box(connection, job, km), _service_box(connection, job)]
        if "rival_earth" in self._built:
            rivals.append(_earthdistance(connection, job, km))
        if "rival_geography" in self._built:
            rivals.append(_within(last, job, km))
        return rivals


def _able(job: JobFacts, first: int, *, sqlite: bool = False) -> tuple[str, list[Any]]:
    skills = masks(sorted(job.required_skills))
    week = bits(job.schedule.slots)
    integer = "" if sqlite else "::bigint"
    conditions = ["active", f"experience >= {job.min_experience_years}"]
    arguments: list[Any] = []

    def bound(value: int) -> str:
        arguments.append(value)
        return f"${first + len(arguments) - 1}{integer}"

    for column, mask in zip(("skills_0", "skills_1"), skills, strict=True):
        if mask:
            asked = bound(mask)
            conditions.append(f"{column} & {asked} = {asked}")
    shared = [f"d{day} & {bound(mask)} <> 0" for day, mask in enumerate(week) if mask]
    conditions.append("(" + " OR ".join(shared) + ")")
    return " AND ".join(conditions), arguments


def _bounding_box(
    connection: asyncpg.Connection | sqlite3.Connection, job: JobFacts, largest_km: float
) -> Rival:
    """Everybody in the box around the job that the farthest traveller needs, by an index of place."""
    sqlite = isinstance(connection, sqlite3.Connection)
    able, arguments = _able(job, 7, sqlite=sqlite)
    north, east = job.point.latitude, job.point.longitude
    up = largest_km / 111.19
    aside = up / math.cos(math.radians(north))
    query = (
        f"SELECT {_COLUMNS} FROM rival_plain WHERE latitude BETWEEN $1 AND $2 "
        "AND longitude BETWEEN $3 AND $4 "
        "AND (latitude - $5) * (latitude - $5) * 12364.0 "
        "+ (longitude - $6) * (longitude - $6) * "
        f"{12364.0 * math.cos(math.radians(north)) ** 2} <= max_km * max_km * 1.01 AND {able}"
    )
    box = [north - up, north + up, east - aside, east + aside, north, east]
    return Rival("bounding box", connection, query, box + arguments)


def _service_box(connection: asyncpg.Connection, job: JobFacts) -> Rival:
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


def _earthdistance(connection: asyncpg.Connection, job: JobFacts, largest_km: float) -> Rival:
    able, arguments = _able(job, 4)
    query = (
        f"SELECT {_COLUMNS} FROM rival_earth "
        "WHERE earth_box(ll_to_earth($2, $1), $3) @> place "
        f"AND earth_distance(ll_to_earth($2, $1), place) <= max_km * 1000 AND {able}"
    )
    place = [job.point.longitude, job.point.latitude, largest_km * 1_000]
    return Rival("earthdistance GiST", connection, query, place + arguments)


def _within(connection: asyncpg.Connection, job: JobFacts, largest_km: float) -> Rival:
    """Everybody within reach by PostGIS: an index can't be asked for a distance of each row, so the farthest's is."""
    able, arguments = _able(job, 4)
    here = "ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography"
    query = (
        f"SELECT {_COLUMNS} FROM rival_geography WHERE ST_DWithin(place, {here}, $3) "
        f"AND ST_DWithin(place, {here}, max_km * 1010) AND {able}"
    )
    place = [job.point.longitude, job.point.latitude, largest_km * 1_010]
    return Rival("ST_DWithin", connection, query, place + arguments)
