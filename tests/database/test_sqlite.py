"""SQLite as it is used while serving: nobody's wait holds up everybody, and nothing is left half done."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.crypto import Keyring
from app.database.session import Database
from app.database.sqlite_dialect import InlineDialect
from app.messaging.channel import ChannelRegistry
from app.messaging.inbox import process
from app.messaging.outbox import delivery
from app.payments import events
from tests.infra import disk
from tests.infra.run import wait_until

ADD = text("INSERT INTO notes (words) VALUES ('kept')")
MANY = 40
COUNT = text("SELECT count(*) FROM notes")


@pytest.fixture
async def database(sqlite_database_url: str) -> AsyncIterator[Database]:
    made = Database(sqlite_database_url, Keyring("a secret that is long enough for a test"))
    async with made.begin() as session:
        await session.execute(text("CREATE TABLE notes (words TEXT)"))
    yield made
    await made.close()


async def count(database: Database) -> int:
    async with database.read() as session:
        found: int = (await session.scalars(COUNT)).one()
        return found


def waits(database: Database) -> bool:
    dialect = database.engine.dialect
    assert isinstance(dialect, InlineDialect)
    return dialect.mark.any_other()


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


async def test_what_is_committed_survives_a_power_cut(sqlite_database_url: str) -> None:
    with disk.waiting():
        database = Database(sqlite_database_url, Keyring("a secret that is long enough for a test"))
        async with database.begin() as session:
            assert await session.scalar(text("PRAGMA synchronous")) == 2  # FULL
            assert await session.scalar(text("PRAGMA journal_mode")) == "wal"
        await database.close()


async def test_while_another_process_writes_a_writer_waits_and_everybody_else_goes_on(
    database: Database, sqlite_database_url: str
) -> None:
    with closing(sqlite3.connect(file_of(sqlite_database_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def write() -> None:
            async with database.begin() as session:
                await session.execute(ADD)

        writer = asyncio.create_task(write())
        for _ in range(5):  # each read is a turn of the event loop that the writer does not hold up
            assert await count(database) == 0
        assert not writer.done()
        other.execute("COMMIT")
        await writer
    assert await count(database) == 1


async def test_a_process_that_writes_without_a_pause_lets_another_one_in(
    database: Database, sqlite_database_url: str
) -> None:
    """After hours away thousands of waves are due at once, and each process has a loop that sends them."""
    other = Database(sqlite_database_url, Keyring("a secret that is long enough for a test"))
    long_write = text(
        "INSERT INTO notes WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
        " SELECT max(i) FROM n"
    )
    done = {"many": 0, "few": 0}

    async def write(at: Database, name: str, enough: int) -> None:
        while done["many"] < MANY and done[name] < enough:
            async with at.begin() as session:
                await session.execute(long_write)
            done[name] += 1

    async def few() -> None:
        await write(other, "few", MANY)
        await other.close()

    async with database.begin() as session:
        began = asyncio.create_task(asyncio.to_thread(asyncio.run, few()))
        await session.execute(long_write)
        await asyncio.to_thread(wait_until, lambda: waits(database), "the other one waits")
    await write(database, "many", MANY)
    await began
    assert done["few"] >= MANY // 4


async def test_a_write_cancelled_while_it_waits_ends_with_its_wait_and_leaves_nothing_locked(
    database: Database, sqlite_database_url: str
) -> None:
    with closing(sqlite3.connect(file_of(sqlite_database_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def write() -> None:
            async with database.begin() as session:
                await session.execute(ADD)

        writer = asyncio.create_task(write())
        await count(database)
        writer.cancel()
        await count(database)
        await count(database)
        assert not writer.done()  # a thread still has its connection: it must not be used meanwhile
        other.execute("COMMIT")
        with pytest.raises(asyncio.CancelledError):
            await writer
        other.execute("BEGIN IMMEDIATE")  # the one cancelled holds no lock
        other.execute("ROLLBACK")
    assert await count(database) == 0


async def test_a_commit_cancelled_under_way_is_whole_or_not_at_all(database: Database) -> None:
    done = 0
    for turn in range(20):

        async def write() -> None:
            async with database.begin() as session:
                await session.execute(ADD)
                await session.execute(ADD)

        writer = asyncio.create_task(write())
        for _ in range(turn % 7):
            await asyncio.sleep(0)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        done = await count(database)
        assert done % 2 == 0
    async with database.begin() as session:  # the connection is fit for the next
        await session.execute(ADD)
    assert await count(database) == done + 1


async def test_what_sqlite_refuses_is_told_as_any_database_tells_it(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.begin() as session:
            await session.execute(text("INSERT INTO nowhere VALUES (1)"))
    async with database.begin() as session:
        await session.execute(ADD)
    assert await count(database) == 1


async def test_many_writers_take_turns(database: Database) -> None:
    async def write() -> None:
        async with database.begin() as session:
            await session.execute(ADD)

    await asyncio.gather(*(write() for _ in range(60)))
    assert await count(database) == 60


async def test_loops_with_nothing_to_do_wait_for_no_writer(database: Database) -> None:
    now = dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC)
    nothing: Any = None  # no channel, no handler: nobody is asked
    rounds = (
        delivery.send_due(database, ChannelRegistry({}), lambda: now, 100),
        process.handle_due(database, lambda: now, 100, nothing),
        events.handle_due(database, lambda: now, 100, {"stripe": nothing, "razorpay": nothing}),
    )
    async with database.begin(), asyncio.timeout(5):
        assert [await each for each in rounds] == [0, 0, 0]
