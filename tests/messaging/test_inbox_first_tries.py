"""A lone message's first try is counted by the transaction that stores it, as safely as by one of its own."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.rules import MAX_LOST
from app.database.session import Database
from app.messaging.inbox.handle_messages import LEASE, Round, handle_items, release
from app.messaging.inbox.unpack import EVENTS, open_due
from app.messaging.models import ChatPerson, InboxItem, WebhookEvent
from tests.infra.killed import in_a_process
from tests.messaging.test_inbox_attempts import ASHA, Clock, Picky, items
from tests.support.database import database_of
from tests.support.factories import NOW
from tests.support.inbox import Listener, arrive, states, text_message

pytestmark = pytest.mark.usefixtures("quiet_log")

EARLIER = str(int(NOW.timestamp()) - 1)
SECOND = dt.timedelta(seconds=1)


async def opened(database: Database, clock: Clock, listener: Listener) -> Round:
    """A round that opened what is there, and has handled nothing yet."""
    this = Round(clock, listener)
    await open_due(database, clock, 10, listener.parse, this.begin)
    return this


async def test_a_lone_message_costs_no_transaction_for_its_try(database: Database) -> None:
    commits = 0

    def count(_connection: Any) -> None:
        nonlocal commits
        commits += 1

    picky = Picky(database, Clock())
    await arrive(database, text_message(0, "hi"))
    event.listen(database.engine.sync_engine, "commit", count)
    try:
        while await picky.round():
            pass
    finally:
        event.remove(database.engine.sync_engine, "commit", count)
    assert picky.counted == [1], "it was committed before"
    # PostgreSQL counts the webhook's try by a statement that needs no transaction around it.
    assert commits == (2 if database.is_postgresql else 3)
    [item] = (await items(database)).values()
    assert (item.state, item.attempts, item.lease_until) == ("handled", 1, None)


def test_a_lone_message_that_kills_its_reader_is_counted_and_parked(database_url: str) -> None:
    clock = Clock()

    async def work(*, kill: bool = True) -> None:
        database = database_of(database_url)
        picky = Picky(database, clock, **({"poison": "kill"} if kill else {}))
        while await picky.round():
            pass
        await database.close()

    async def begin() -> None:
        database = database_of(database_url)
        await arrive(database, text_message(0, "poison"))
        await database.close()

    async def look() -> InboxItem:
        database = database_of(database_url)
        [item] = (await items(database)).values()
        await database.close()
        return item

    asyncio.run(begin())
    for number in range(MAX_LOST):
        assert in_a_process(work), number
        poison = asyncio.run(look())
        assert (poison.state, poison.attempts) == ("waiting", number + 1)
        assert poison.lease_until is not None
        assert number > 0 or poison.lease_until == NOW + LEASE
        assert not in_a_process(work), "while it may still be handled, nobody touches it"
        clock.now = poison.lease_until
    asyncio.run(work(kill=False))
    assert asyncio.run(look()).state == "dead"


async def test_a_process_that_ends_before_it_handles_what_it_stored_costs_no_more_than_the_lease(
    database: Database,
) -> None:
    clock = Clock()
    await arrive(database, text_message(0, "hi"))
    await opened(database, clock, Listener())
    other = Picky(database, clock)
    clock.now = NOW + LEASE - SECOND
    assert await other.round() == 0
    clock.now = NOW + LEASE
    assert await other.round() == 1
    [item] = (await items(database)).values()
    assert (item.state, item.attempts, item.lost) == ("handled", 2, 1)


async def test_a_process_that_ends_in_order_gives_the_try_back_and_says_so(
    database: Database,
) -> None:
    picky = Picky(database, Clock(), hello="hang")
    await arrive(database, text_message(0, "hello"))
    async with database.wakeups.event("inbox") as woken:
        ending = asyncio.create_task(picky.round())
        await picky.hangs.acquire()
        woken.clear()
        ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ending
        assert woken.is_set()
    [item] = (await items(database)).values()
    assert (item.attempts, item.lost, item.lease_until) == (0, 0, None)


async def test_webhooks_in_the_wrong_order_are_handled_in_the_right_one_and_counted_once(
    database: Database,
) -> None:
    picky = Picky(database, Clock())
    await arrive(database, text_message(0, "second"))
    await arrive(database, text_message(0, "first", timestamp=EARLIER))
    while await picky.round():
        pass
    assert picky.heard[ASHA] == ["first", "second"]
    assert {item.attempts for item in (await items(database)).values()} == {1}


async def test_a_message_behind_one_that_is_set_back_waits_uncounted(database: Database) -> None:
    clock = Clock()
    picky = Picky(database, clock, first=RuntimeError("no"))
    await arrive(database, text_message(0, "first", timestamp=EARLIER))
    await picky.round()
    await arrive(database, text_message(0, "second"))
    while await picky.round():
        pass
    waiting = (await items(database))["second"]
    assert (waiting.attempts, waiting.lease_until) == (0, None)
    picky.faults.clear()
    await picky.until(NOW + LEASE)
    assert picky.heard[ASHA] == ["first", "second"]


async def test_what_somebody_else_keeps_busy_is_given_back_and_looked_for_again(
    postgresql_database_url: str,
) -> None:
    database = database_of(postgresql_database_url)
    clock, listener = Clock(), Listener()
    try:
        await arrive(database, text_message(0, "hi"))
        this = await opened(database, clock, listener)
        async with database.begin() as elsewhere, database.wakeups.event("inbox") as woken:
            await elsewhere.scalar(select(ChatPerson.id).with_for_update())
            assert await handle_items(database, this, 0) == 0
            await release(database, this)
            assert woken.is_set()
        [item] = (await items(database)).values()
        assert (item.attempts, item.lease_until) == (0, None)
    finally:
        await database.close()


async def test_an_older_message_that_comes_elsewhere_goes_first_and_takes_the_stored_one_along(
    database: Database,
) -> None:
    clock = Clock()
    await arrive(database, text_message(0, "second"))
    one = await opened(database, clock, Listener())
    await arrive(database, text_message(0, "first", timestamp=EARLIER))
    other = Picky(database, clock)
    assert await other.round() == 3, "a webhook and two messages"
    assert other.heard[ASHA] == ["first", "second"]
    assert await handle_items(database, one, 0) == 0
    await release(database, one)
    assert await states(database) == {"handled": 2}


async def test_who_gives_a_try_back_leaves_another_process_its_lease(database: Database) -> None:
    await arrive(database, text_message(0, "hi"))
    one = await opened(database, Clock(), Listener())
    of_another = NOW + SECOND + LEASE
    async with database.begin() as session:
        begun = update(InboxItem).values(attempts=InboxItem.attempts + 1, lease_until=of_another)
        await session.execute(begun)
    await release(database, one)
    [item] = (await items(database)).values()
    assert (item.attempts, item.lease_until) == (1, of_another)


async def until_somebody_waits(session: AsyncSession) -> None:
    """Return when a statement of this database waits for a lock."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while not await session.scalar(waits):
        await session.execute(text("SELECT pg_stat_clear_snapshot()"))


async def test_of_two_who_begin_webhooks_at_once_one_looks_on(
    postgresql_database_url: str,
) -> None:
    """The second sees the first webhook as it was before it was begun, and must not begin the next one."""
    one, two = database_of(postgresql_database_url), database_of(postgresql_database_url)
    clock = Clock()
    try:
        await arrive(one, text_message(0, "first"))
        await arrive(one, text_message(0, "second"))
        async with one.begin() as session:
            [first, _] = await session.scalars(
                select(WebhookEvent).order_by(WebhookEvent.due_at, WebhookEvent.id)
            )
            first.attempts, first.lease_until = 1, NOW + LEASE
            await session.flush()
            beginning = asyncio.create_task(EVENTS._begin(two, clock))
            await until_somebody_waits(session)
        assert await beginning is None
        async with one.read() as session:
            found = await session.scalars(select(WebhookEvent.attempts))
            assert sorted(found) == [0, 1]
    finally:
        await one.close()
        await two.close()
