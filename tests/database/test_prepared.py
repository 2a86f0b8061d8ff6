"""Statements past SQLAlchemy: the same rows and the same errors as through it, on both databases."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from app.core.crypto import Keyring
from app.core.ids import new_id
from app.database.due import Due
from app.database.fast_reads import Prepared, PreparedInsert
from app.database.session import Database
from app.database.statements import is_one_of, json_rows, rows_changed, table
from app.database.wakeups import wake_loops
from app.messaging.models import WebhookEvent

NOW = dt.datetime(2026, 11, 25, 9, 30, 0, 123456, tzinfo=dt.UTC)
EVENTS = table(WebhookEvent).c


class Event(NamedTuple):
    id: UUID
    kind: str
    attempts: int
    due_at: dt.datetime


OF_KIND = Prepared(
    select(EVENTS.id, EVENTS.kind, EVENTS.attempts, EVENTS.due_at)
    .where(EVENTS.kind == bindparam("kind"), EVENTS.due_at <= bindparam("now"))
    .order_by(EVENTS.attempts),
    Event,
)
KEEP = PreparedInsert(
    WebhookEvent,
    *("id", "provider", "event_id", "kind", "body_sealed", "state", "attempts", "set_aside"),
    *("due_at", "received_at"),
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, Keyring("a secret of the tests, long enough"))
    yield made
    await made.close()


async def keep(database: Database, event_id: str, attempts: int = 0) -> bool:
    async with database.single() as session:
        row = {
            "id": new_id(),
            "provider": "whatsapp",
            "event_id": event_id,
            "kind": "batch",
            "body_sealed": b"sealed",
            "state": "waiting",
            "attempts": attempts,
            "set_aside": 0,
            "due_at": NOW,
            "received_at": NOW,
        }
        kept = await KEEP.run(session, [row]) == 1
        if kept:
            wake_loops(session, "inbox")
        return kept


async def test_a_row_is_added_once_and_wakes_whoever_waits_for_it(database: Database) -> None:
    async with database.wakeups.event("inbox") as woken:
        assert await keep(database, "one")
        assert woken.is_set()
        woken.clear()
        assert not await keep(database, "one")
        assert not woken.is_set()


async def test_rows_are_the_same_in_a_reader_and_in_a_transaction(database: Database) -> None:
    for attempts in (2, 1):
        await keep(database, f"event {attempts}", attempts)
    async with database.read() as session:
        read = await OF_KIND.all(session, kind="batch", now=NOW)
        assert await OF_KIND.one_or_none(session, kind="none", now=NOW) is None
    assert [(row.attempts, row.due_at, row.due_at.tzinfo) for row in read] == [
        (1, NOW, dt.UTC),
        (2, NOW, dt.UTC),
    ]
    async with database.begin() as session:
        assert await OF_KIND.all(session, kind="batch", now=NOW) == read
        await rows_changed(session, table(WebhookEvent).delete())
        assert await OF_KIND.all(session, kind="batch", now=NOW) == []


async def test_what_belongs_to_each_row_comes_with_it(database: Database) -> None:
    class Told(NamedTuple):
        told: str

    for attempts in (1, 2):
        await keep(database, f"event {attempts}", attempts)
    rows = Prepared(select(json_rows(EVENTS.kind, EVENTS.attempts).label("told")), Told)
    async with database.read() as session:
        row = await rows.one_or_none(session)
    assert row is not None
    assert row.told.replace(" ", "") in {'[["batch",1],["batch",2]]', '[["batch",2],["batch",1]]'}


async def test_a_lost_connection_is_replaced_and_a_wrong_value_told_in_sqlalchemys_words(
    postgresql_database_url: str,
) -> None:
    database = Database(postgresql_database_url, Keyring("a secret of the tests, long enough"))
    killer = await asyncpg.connect(postgresql_database_url)
    try:
        async with database.read() as session:
            assert await OF_KIND.all(session, kind="batch", now=NOW) == []
        await killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with database.read() as session:
            assert await OF_KIND.all(session, kind="batch", now=NOW) == []
        assert await keep(database, "after")
        with pytest.raises(SQLAlchemyError):
            async with database.read() as session:
                await OF_KIND.all(session, kind="\0", now=NOW)
    finally:
        await killer.close()
        await database.close()


def test_a_query_with_other_columns_than_its_rows_is_refused() -> None:
    with pytest.raises(TypeError, match="other fields"):
        Prepared(select(EVENTS.kind), Event)


async def test_other_processes_are_told_what_became_due_also_at_the_last_moment(
    postgresql_database_url: str,
) -> None:
    heard: list[str] = []
    database = Database(postgresql_database_url, Keyring("a secret of the tests, long enough"))
    listener = await asyncpg.connect(postgresql_database_url)
    try:
        await listener.add_listener("partimer_wake", lambda *told: heard.append(str(told[-1])))
        for number in range(3):
            async with database.begin() as session:
                wake_loops(session, f"loop{number}")
    finally:
        await database.close()
        await listener.fetch("SELECT 1")  # what was sent before is here by now
        await listener.close()
    assert sorted(",".join(heard).split(",")) == ["loop0", "loop1", "loop2"]


async def test_whether_something_is_there_is_asked_in_one_statement(database: Database) -> None:
    waits = is_one_of(EVENTS.state, ["waiting", "dead"])
    due = Due(waits, EVENTS.due_at <= bindparam("now"))
    await keep(database, "one")
    before = NOW - dt.timedelta(microseconds=1)
    assert await due.any_due(database, NOW)
    assert not await due.any_due(database, before)
