"""What arrives together is kept together, and each is acknowledged for itself; on both databases."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from app.core.crypto import Keyring
from app.database.session import Database
from app.messaging.inbox.group_commit import (
    MOST_BYTES,
    MOST_TOGETHER,
    GroupCommit,
    of_whatsapp,
    store_events,
)
from app.messaging.models import EVENT, WebhookEvent

NOW = dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC)
RING = Keyring("a secret of the tests, long enough")

REFUSED = hashlib.sha256(b"refused").hexdigest()
REFUSE_ON_SQLITE = [
    f"""
    CREATE TRIGGER refuse BEFORE INSERT ON webhook_events WHEN NEW.event_id = '{REFUSED}'
    BEGIN SELECT RAISE(ABORT, 'refused'); END
    """
]
REFUSE_ON_POSTGRESQL = [
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$",
    f"""
    CREATE TRIGGER refuse BEFORE INSERT ON webhook_events FOR EACH ROW
    WHEN (NEW.event_id = '{REFUSED}') EXECUTE FUNCTION refuse()
    """,
]


class Door:
    """GroupCommit at a database, and what stands in it. Each statement has a moment of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.moments = 0
        self.group_commit = GroupCommit(database, self._clock)

    def _clock(self) -> dt.datetime:
        self.moments += 1
        return NOW + dt.timedelta(seconds=self.moments)

    def arrive(self, *bodies: bytes) -> list[asyncio.Task[None]]:
        """All of them at once."""
        return [asyncio.create_task(self.group_commit.store(of_whatsapp(body))) for body in bodies]

    async def kept(self) -> list[bytes]:
        """Return the bodies, in the order in which they will be opened."""
        query = select(WebhookEvent.body_sealed).order_by(WebhookEvent.due_at, WebhookEvent.id)
        async with self.database.read() as session:
            return [RING.open(sealed, EVENT).encode() for sealed in await session.scalars(query)]

    @asynccontextmanager
    async def nothing_is_kept(self) -> AsyncIterator[None]:
        """Somebody else writes while the block runs."""
        async with self.database.begin() as session:
            if self.database.is_postgresql:
                await session.execute(text("LOCK TABLE webhook_events IN SHARE MODE"))
            yield


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Door]:
    database = Database(database_url, RING)
    made = Door(database)
    yield made
    await made.group_commit.close()
    await database.close()


async def some_turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def outcomes(tasks: Sequence[asyncio.Task[None]]) -> list[str]:
    return [
        "waits" if not task.done() else "gone" if task.cancelled() else "kept" for task in tasks
    ]


async def test_what_arrives_together_is_kept_in_order_by_few_statements(door: Door) -> None:
    bodies = [b"%d" % number for number in range(MOST_TOGETHER + 2)]
    async with door.database.wakeups.event("inbox") as woken:
        await asyncio.gather(*door.arrive(*bodies, b"0", b"101"))
        assert woken.is_set()
        woken.clear()
        await asyncio.gather(*door.arrive(b"7", b"7"))
        assert not woken.is_set()
    assert await door.kept() == bodies
    assert door.moments == 3


async def test_a_statement_holds_no_more_than_its_bytes(door: Door) -> None:
    large = [bytes([letter]) * (MOST_BYTES // 2 + 1) for letter in b"ab"]
    await asyncio.gather(*door.arrive(*large, b"small"))
    assert await door.kept() == [*large, b"small"]
    assert door.moments == 2


async def test_who_goes_away_takes_nobody_along(door: Door) -> None:
    async with door.nothing_is_kept():
        begun = door.arrive(b"goes while it is being kept", b"beside it")
        await some_turns()
        waiting = door.arrive(b"goes while it waits", b"behind it")
        await some_turns()
        begun[0].cancel()
        waiting[0].cancel()
        await some_turns()
        assert outcomes(begun + waiting) == ["gone", "waits", "gone", "waits"]
    await asyncio.gather(begun[1], waiting[1])
    assert {b"beside it", b"behind it"} <= set(await door.kept())


async def test_nothing_is_acknowledged_before_its_commit(door: Door) -> None:
    async with door.nothing_is_kept():
        tasks = door.arrive(b"one", b"two")
        await some_turns()
        tasks += door.arrive(b"three")
        await some_turns()
        assert outcomes(tasks) == ["waits"] * 3
        await door.group_commit.close()
        await some_turns()
        assert outcomes(tasks) == ["gone"] * 3
    assert await door.kept() == []


async def test_what_the_database_refuses_fails_alone(door: Door) -> None:
    on_postgresql = door.database.is_postgresql
    async with door.database.begin() as session:
        for statement in REFUSE_ON_POSTGRESQL if on_postgresql else REFUSE_ON_SQLITE:
            await session.execute(text(statement))
    one, two, three = door.arrive(b"one", b"refused", b"three")
    await asyncio.gather(one, three)
    with pytest.raises(SQLAlchemyError, match="refused"):
        await two
    assert sorted(await door.kept()) == [b"one", b"three"]
    await door.group_commit.store(of_whatsapp(b"four"))


async def test_one_that_hangs_holds_up_nobody_for_long(postgresql_database_url: str) -> None:
    database = Database(postgresql_database_url, RING)
    door = Door(database)
    try:
        async with database.begin() as elsewhere:
            await store_events(elsewhere, [of_whatsapp(b"same")], NOW)
            (hanging,) = door.arrive(b"same")
            await some_turns()
            await asyncio.gather(*door.arrive(b"other"))
            assert outcomes([hanging]) == ["waits"]
        await hanging
        assert sorted(await door.kept()) == [b"other", b"same"]
    finally:
        await door.group_commit.close()
        await database.close()
