"""Each person's messages one after another, people side by side, and nobody kept waiting by another."""

import asyncio
import datetime as dt
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select, text

from app.database.session import Database
from app.messaging.inbound import Inbound, InboundKind, Parsed
from app.messaging.inbox import process
from app.messaging.inbox.handle_messages import IN_A_ROW
from app.messaging.models import ChatPerson, WebhookEvent
from app.providers.whatsapp.webhook import parse
from tests.support.database import database_of
from tests.support.factories import NOW
from tests.support.inbox import Listener, arrive, clock, states, text_message

pytestmark = pytest.mark.both_databases  # who claims a message is settled by the database

PEOPLE = 20
EACH = 6


class Interrupted(Listener):
    """While it reads the first webhook, another process stores one, looks for work, and is refused it."""

    def __init__(self, database_url: str) -> None:
        super().__init__()
        self.url = database_url
        self.others: list[int] = []

    def parse(self, body: bytes) -> Parsed:
        if not self.others:
            other = Thread(target=lambda: asyncio.run(self.elsewhere()))
            other.start()
            other.join()
        return parse(body)

    async def elsewhere(self) -> None:
        database = database_of(self.url)
        await arrive(database, text_message(2, "second"))
        self.others.append(await process.handle_due(database, clock, 100, Listener()))
        await database.close()


async def test_what_arrives_while_the_last_webhook_is_opened_waits_for_no_poll(
    postgresql_database_url: str,
) -> None:
    database = database_of(postgresql_database_url)
    await arrive(database, text_message(1, "first"))
    listener = Interrupted(postgresql_database_url)
    await process.handle_due(database, clock, 100, listener)
    assert listener.others == [0]
    assert sorted(listener.heard.values()) == [["first"], ["second"]]
    await database.close()


async def test_four_consumers_keep_each_persons_order(postgresql_database_url: str) -> None:
    databases = [database_of(postgresql_database_url) for _ in range(4)]
    listener = Listener()
    arrived = asyncio.Event()

    async def consume(database: Database) -> None:
        while True:
            last_look = arrived.is_set()
            while await process.handle_due(database, clock, 100, listener):
                pass
            if last_look and set(await states(database)) == {"handled"}:
                return
            await asyncio.sleep(0)

    async def produce() -> None:
        for number in range(EACH):
            for start in range(0, PEOPLE, 3):
                batch = [
                    text_message(who, str(number)) for who in range(start, min(start + 3, PEOPLE))
                ]
                await arrive(databases[0], *batch)
                if number % 2:
                    await arrive(databases[0], *reversed(batch))  # some of it twice
        arrived.set()

    try:
        await asyncio.gather(produce(), *(consume(database) for database in databases))
        everything = [str(number) for number in range(EACH)]
        assert len(listener.heard) == PEOPLE
        assert all(heard == everything for heard in listener.heard.values()), listener.heard
        assert listener.most_at_once > 1
        assert await states(databases[0]) == {"handled": PEOPLE * EACH}
    finally:
        for database in databases:
            await database.close()


async def test_what_came_second_is_not_heard_while_the_first_is_still_taken_apart(
    postgresql_database_url: str,
) -> None:
    one, two = database_of(postgresql_database_url), database_of(postgresql_database_url)
    listener = Listener()
    try:
        await arrive(one, text_message(0, "0"), text_message(1, "0"))
        await process.handle_due(one, clock, 10, listener)
        await arrive(one, text_message(0, "1"), text_message(1, "1"))
        await arrive(one, text_message(1, "2"))
        async with two.begin() as session:
            held = ChatPerson.phone_index == one.keyring.index("+919811100000", "phone")
            await session.scalar(select(ChatPerson.id).where(held).with_for_update())
            opening = asyncio.create_task(process.handle_due(one, clock, 10, listener))
            waits = text(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            while not await session.scalar(waits):
                await session.execute(text("SELECT pg_stat_clear_snapshot()"))
            assert await process.handle_due(two, clock, 10, listener) == 0
        await opening
        assert listener.heard["+919811100001"] == ["0", "1", "2"]
    finally:
        await one.close()
        await two.close()


class Deaf(Listener):
    """Can't bear one person."""

    async def handle(
        self, session: Any, person: ChatPerson, inbound: Inbound, now: dt.datetime
    ) -> None:
        if inbound.phone_from == "+919811100000":
            raise RuntimeError("not this one")
        await super().handle(session, person, inbound, now)


async def test_who_can_not_be_handled_keeps_nobody_waiting_however_much_they_wrote(
    database_url: str,
) -> None:
    database = database_of(database_url)
    try:
        await arrive(database, *(text_message(0, str(number)) for number in range(30)))
        deaf = Deaf()
        await process.handle_due(database, clock, 10, deaf)
        await arrive(database, text_message(1, "hi"))
        await process.handle_due(database, clock, 10, deaf)
        assert deaf.heard == {"+919811100001": ["hi"]}
    finally:
        await database.close()


async def test_who_writes_without_end_takes_turns(database_url: str) -> None:
    database = database_of(database_url)
    try:
        listener = Listener()
        await arrive(database, *(text_message(0, f"{number:02}") for number in range(IN_A_ROW + 5)))
        async with database.wakeups.event("inbox") as woken:
            assert await process.handle_due(database, clock, 100, listener) == 1 + IN_A_ROW
            assert woken.is_set()
        assert await process.handle_due(database, clock, 100, listener) == 5
        heard = listener.heard["+919811100000"]
        assert heard == sorted(heard)
    finally:
        await database.close()


class Careless(Listener):
    """Reads what no database can keep, as a parser with a mistake would."""

    def parse(self, body: bytes) -> Parsed:
        read = parse(body)
        bad = Inbound("wamid.\0bad\ud800", InboundKind.TEXT, NOW, phone_from="+919811100003")
        return Parsed([read.messages[0], bad, *read.messages[1:]], [], [], [])


async def test_one_message_that_can_not_be_stored_is_set_aside_alone(database_url: str) -> None:
    database = database_of(database_url)
    try:
        careless = Careless()
        await arrive(database, text_message(1, "before"), text_message(2, "after"))
        while await process.handle_due(database, clock, 10, careless):
            pass
        assert careless.heard == {"+919811100001": ["before"], "+919811100002": ["after"]}
        async with database.read() as session:
            [event] = await session.scalars(select(WebhookEvent))
        assert (event.state, event.attempts) == ("handled", 1)
        assert (event.error or "").startswith("1 set aside: ")
    finally:
        await database.close()
