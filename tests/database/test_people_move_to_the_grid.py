"""What an older version kept of people moves to the grid, on both databases."""

import datetime as dt
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from app.core.geo import Point, key_for_worker
from tests.database.test_migrations import alembic, connected, empty_url

__all__ = ["empty_url"]

BEFORE = "0015"
NOW = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
HOME = {"latitude": 19.0578912, "longitude": 72.8281234}
KEPT = {"latitude": 19.06, "longitude": 72.83}
_PLAIN: dict[type, Any] = {
    str: "x",
    int: 1,
    float: 1.0,
    bool: True,
    bytes: b"x",
    uuid.UUID: uuid.UUID(int=7),
    dt.datetime: NOW,
    dt.date: NOW.date(),
    dt.time: dt.time(9),
    dict: {},
    list: [],
}


def add(connection: sa.Connection, name: str, **values: Any) -> None:
    """A row of a table as it is now, its other columns filled with anything."""
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    row = {}
    for column in table.c:
        if column.name in values:
            row[column.name] = values[column.name]
        elif not column.nullable and column.server_default is None:
            row[column.name] = _any(column.type)
        if isinstance(row.get(column.name), uuid.UUID):
            column.type = sa.Uuid()
    connection.execute(table.insert(), row)


def _any(kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, sa.CHAR):  # an id, as SQLite keeps it
        return uuid.UUID(int=7)
    try:
        return _PLAIN[kind.python_type]
    except NotImplementedError:
        return uuid.UUID(int=7)


@pytest.mark.parametrize("state", ["new_place", "job_title"])
def test_existing_places_move_to_the_grid_with_the_index(empty_url: str, state: str) -> None:
    person, company, job = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
    pinned = {"ask": state, "draft": {"at": list(HOME.values())}}
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), BEFORE)
        for who, role in ((person, "worker"), (company, "employer")):
            add(connection, "users", id=who, role=role, status="active", language="en")
        add(connection, "workers", id=person, skills=[], **HOME)
        nowhere = uuid.UUID(int=4)
        add(connection, "users", id=nowhere, role="worker", status="active", language="en")
        add(connection, "workers", id=nowhere, skills=[])
        key = key_for_worker(Point(**HOME), 5)
        add(connection, "worker_match", worker_id=person, geo_key=key, max_km=5.0, **HOME)
        add(connection, "employers", id=company)
        add(connection, "jobs", id=job, employer_id=company, required_skills=[], **HOME)
        why = [{"kind": "distance", "km": 2.13}, {"kind": "hours", "percent": 80}]
        ids = {"job_id": job, "worker_id": person, "employer_id": company}
        add(connection, "job_matches", **ids, distance_km=2.1334, why=why)
        add(connection, "chat_people", state=pinned)
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), "head")
    with connected(empty_url) as connection:
        found = rows(connection, "workers", "latitude", "longitude")
        assert set(found) == {tuple(KEPT.values()), (None, None)}
        index = rows(connection, "worker_match", "geo_key", "latitude", "longitude")
        assert index == [(key_for_worker(Point(**KEPT), 5), *KEPT.values())]
        # Where a job is, is a company's business.
        assert rows(connection, "jobs", "latitude", "longitude") == [tuple(HOME.values())]
        ((distance_km, why),) = rows(connection, "job_matches", "distance_km", "why")
        assert distance_km == 2.0
        assert why == [{"kind": "distance", "km": 2.0}, {"kind": "hours", "percent": 80}]
        ((kept,),) = rows(connection, "chat_people", "state")
        moved = state == "new_place"
        assert kept["draft"]["at"] == list((KEPT if moved else HOME).values())


def rows(connection: sa.Connection, name: str, *columns: str) -> list[tuple[Any, ...]]:
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    return [tuple(row) for row in connection.execute(sa.select(*(table.c[c] for c in columns)))]
