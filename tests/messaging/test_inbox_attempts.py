"""What people send and can't be handled: tried for a day, then parked; nobody else waits, nobody is left alone."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.attempts.rules import (
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    MAX_ATTEMPTS_OF_BAD_DATA,
    MAX_LOST,
    SPREAD,
    pause_after,
)
from app.core.ids import new_id
from app.database.session import Database
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.inbox import handle_messages, process
from app.messaging.inbox.handle_messages import BLOCKING_TRIES, LEASE
from app.messaging.inbox.unpack import LEASE as OPENING_LEASE
from app.messaging.inbox.unpack import open_due
from app.messaging.models import ITEM, PARAMS, ChatPerson, InboxItem, OutboxMessage, WebhookEvent
from app.texts import catalogue
from tests.infra.counted import alerts
from tests.infra.killed import die, in_a_process
from tests.support.database import database_of
from tests.support.factories import NOW
from tests.support.inbox import Listener, arrive, states, text_message

pytestmark = pytest.mark.usefixtures("quiet_log")

ASHA = "+919811100000"
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
LONGEST_WAIT = LONGEST_PAUSE * (1 + SPREAD)
"""Within which whatever is set back is tried again, however its pauses are spread."""


def last_try(jitter: float) -> dt.datetime:
    """When the last try is made of what is tried at once and always fails."""
    pauses = (pause_after(number, jitter) for number in range(1, MAX_ATTEMPTS))
    return NOW + sum(pauses, dt.timedelta())


class Clock:
    """An instant that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


class Picky(Listener):
    """Can't bear some texts, in its own way; notes when which one was tried."""

    def __init__(self, database: Database, clock: Clock, **faults: Any) -> None:
        super().__init__()
        self.database, self.clock, self.faults = database, clock, faults
        self.tried: list[tuple[str, dt.datetime]] = []
        self.counted: list[int] = []
        """How many tries of the message the database knew of while it was handled."""
        self.hangs = asyncio.Semaphore(0)
        """Released by each message that hangs."""

    async def handle(
        self, session: Any, person: ChatPerson, inbound: Inbound, now: dt.datetime
    ) -> None:
        self.tried.append((inbound.text, now))
        async with self.database.read() as other:
            query = select(InboxItem.attempts).where(InboxItem.message_id == inbound.message_id)
            self.counted.append(await other.scalar(query) or 0)
        fault = self.faults.get(inbound.text)
        if fault == "hang":
            self.hangs.release()
            await asyncio.Event().wait()
        if fault == "kill":
            die()
        if fault is not None:
            raise fault
        await super().handle(session, person, inbound, now)

    async def round(self) -> int:
        return await process.handle_due(self.database, self.clock, 100, self)

    async def until(self, end: dt.datetime) -> None:
        """Let time pass, looking for work whenever some is due."""
        await self.round()
        while (due := await self.next_due()) is not None and due <= end:
            self.clock.now = due
            while await self.round():
                pass
        self.clock.now = end

    async def next_due(self) -> dt.datetime | None:
        """When something is to be tried again."""
        async with self.database.read() as session:
            found = [
                await session.scalar(
                    select(func.min(of.due_at)).where(
                        of.state == "waiting", of.due_at > self.clock.now
                    )
                )
                for of in (InboxItem, WebhookEvent)
            ]
        return min((due for due in found if due is not None), default=None)


async def items(database: Database) -> dict[str, InboxItem]:
    """The messages by their text."""
    async with database.read() as session:
        found = await session.scalars(select(InboxItem).order_by(InboxItem.sent_at))
        return {item.message_id.rsplit(".")[-1]: item for item in found}


async def told(database: Database) -> list[str]:
    """What people were told, in words."""
    async with database.read() as session:
        rows = await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        return [str(database.keyring.open_json(row.params_sealed, PARAMS)["text"]) for row in rows]


def words(text: str, language: str = "en") -> str:
    return catalogue.render_chat(language, text).text


async def test_a_try_is_counted_and_committed_before_the_message_is_handled(
    database: Database,
) -> None:
    picky = Picky(database, Clock())
    await arrive(database, text_message(0, "one"), text_message(0, "two"), text_message(1, "three"))
    while await picky.round():
        pass
    assert sorted(text for text, _ in picky.tried) == ["one", "three", "two"]
    assert picky.counted == [1, 1, 1]
    assert {(item.attempts, item.lease_until) for item in (await items(database)).values()} == {
        (1, None)
    }


async def test_a_message_that_fails_for_hours_is_handled_in_the_end(database: Database) -> None:
    clock = Clock()
    picky = Picky(database, clock, hello=RuntimeError("the platform is away"))
    await arrive(database, text_message(0, "hello"))
    await picky.until(NOW + 5 * HOUR)
    pauses = [
        (later - earlier).total_seconds()
        for (_, earlier), (_, later) in zip(picky.tried, picky.tried[1:], strict=False)
    ]
    assert pauses == sorted(pauses)
    assert len(picky.tried) < MAX_ATTEMPTS
    del picky.faults["hello"]
    await picky.until(picky.clock.now + LONGEST_WAIT)
    assert picky.heard[ASHA] == ["hello"]
    assert await states(database) == {"handled": 1}


async def test_a_message_that_never_works_is_parked_after_a_day_with_an_alert(
    database: Database,
) -> None:
    before = alerts("inbox_dead")
    picky = Picky(database, Clock(), hello=RuntimeError("never"))
    await arrive(database, text_message(0, "hello"))
    await picky.until(last_try(0) - MINUTE)
    assert await states(database) == {"waiting": 1}
    await picky.until(last_try(1))
    item = (await items(database))["hello"]
    assert (item.state, item.error, item.attempts) == ("dead", "RuntimeError", MAX_ATTEMPTS)
    assert len(picky.tried) == MAX_ATTEMPTS
    assert alerts("inbox_dead") == before + 1


async def test_what_can_not_be_read_is_parked_sooner(database: Database) -> None:
    picky = Picky(database, Clock())
    await arrive(database, text_message(0, "hello"), text_message(1, "neighbour"))
    await open_due(database, picky.clock, 10, picky.parse)
    broken = update(InboxItem).where(InboxItem.message_id == "wamid.0.hello")
    async with database.begin() as session:
        await session.execute(broken.values(body_sealed=b"no seal of ours"))
    await picky.until(NOW + 20 * MINUTE)
    item = (await items(database))["hello"]
    assert (item.state, item.error) == ("dead", "SealBroken")
    assert item.attempts == MAX_ATTEMPTS_OF_BAD_DATA
    assert picky.heard == {"+919811100001": ["neighbour"]}
    assert words("message_waits") in await told(database)


@pytest.mark.parametrize("shape", ["[1, 2]", '{"kind": "nonsense"}', "{}", "null"])
async def test_a_body_of_another_shape_keeps_no_neighbour_waiting(
    database: Database, shape: str
) -> None:
    picky = Picky(database, Clock())
    await arrive(database, text_message(0, "hello"), text_message(1, "neighbour"))
    await open_due(database, picky.clock, 10, picky.parse)
    sealed = database.keyring.seal(shape, ITEM)
    broken = update(InboxItem).where(InboxItem.message_id == "wamid.0.hello")
    async with database.begin() as session:
        await session.execute(broken.values(body_sealed=sealed))
    await picky.until(NOW + 20 * MINUTE)
    assert await states(database) == {"dead": 1, "handled": 1}


async def test_the_next_messages_wait_a_minute_and_then_overtake(database: Database) -> None:
    picky = Picky(database, Clock(), first=RuntimeError("no"))
    await arrive(
        database, text_message(0, "first"), text_message(0, "second"), text_message(0, "third")
    )
    for _ in range(BLOCKING_TRIES - 1):
        await picky.round()
        assert picky.heard == {}, "they are kept in order"
        picky.clock.now = (await items(database))["first"].due_at
    assert picky.clock.now - NOW < 2 * MINUTE
    await picky.round()
    await picky.round()
    assert picky.heard[ASHA] == ["second", "third"]
    del picky.faults["first"]
    await picky.until(NOW + 10 * MINUTE)
    assert picky.heard[ASHA] == ["second", "third", "first"]
    assert await states(database) == {"handled": 3}


async def test_who_is_overtaken_hears_of_it_once_an_hour_in_their_language(
    database: Database,
) -> None:
    picky = Picky(database, Clock(), **{text: RuntimeError("no") for text in ("a", "b", "c")})
    await arrive(database, text_message(0, "a"))
    await picky.round()
    async with database.begin() as session:
        await session.execute(update(ChatPerson).values(language="hi"))
    await arrive(database, text_message(0, "b"))
    await picky.until(NOW + 25 * MINUTE)
    assert await told(database) == [words("message_waits", "hi")]
    picky.clock.now += HOUR
    await arrive_at(database, picky.clock.now, "c")
    await picky.until(picky.clock.now + 5 * MINUTE)
    assert await told(database) == [words("message_waits", "hi")] * 2


async def arrive_at(database: Database, now: dt.datetime, text: str) -> None:
    message = text_message(0, text, timestamp=str(int(now.timestamp())))
    await arrive(database, message)


@pytest.mark.parametrize("why", ["stopped_at", "paused_at"])
async def test_who_stopped_messages_or_talks_to_a_human_is_not_told(
    database: Database, why: str
) -> None:
    picky = Picky(database, Clock(), a=RuntimeError("no"))
    await arrive(database, text_message(0, "a"))
    await picky.round()
    async with database.begin() as session:
        await session.execute(update(ChatPerson).values({why: NOW}))
    await picky.until(NOW + 10 * MINUTE)
    assert await told(database) == []


async def test_a_message_that_hangs_is_set_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handle_messages, "HANDLING_SECONDS", 2)
    picky = Picky(database, Clock(), hello="hang")
    await arrive(database, text_message(0, "hello"), text_message(1, "neighbour"))
    await picky.round()
    item = (await items(database))["hello"]
    assert (item.state, item.error, item.lease_until) == ("waiting", "TimeoutError", None)
    assert item.due_at > NOW
    assert picky.heard == {"+919811100001": ["neighbour"]}


async def test_a_message_under_the_lease_of_another_process_is_left_to_it(
    database: Database,
) -> None:
    """Whoever looked before the lease was there comes as far as this, past what `ITEMS_DUE` leaves out."""
    picky = Picky(database, Clock())
    await arrive(database, text_message(0, "hi"))
    await open_due(database, lambda: NOW, 10, picky.parse)
    async with database.read() as session:
        [head] = await handle_messages._heads(session, NOW, 10)
    assert await handle_messages._begin(
        database, handle_messages.Round(lambda: NOW, picky), [head]
    ) == [head]

    async def takes(now: dt.datetime) -> bool:
        return await handle_messages._begin_again(
            database, handle_messages.Round(lambda: now, picky), head
        )

    assert not await takes(NOW + LEASE - dt.timedelta(seconds=1))
    assert await takes(NOW + LEASE)
    assert [(item.attempts, item.lost) for item in (await items(database)).values()] == [(2, 1)]


async def test_a_process_that_ends_in_order_gives_its_tries_back(database: Database) -> None:
    picky = Picky(database, Clock(), hello="hang", neighbour="hang")
    await arrive(database, text_message(0, "hello"), text_message(1, "neighbour"))
    ending = asyncio.create_task(picky.round())
    for _ in range(2 if database.is_postgresql else 1):  # SQLite handles one after another
        await picky.hangs.acquire()
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    left = (await items(database)).values()
    assert [(item.attempts, item.lost, item.lease_until) for item in left] == [(0, 0, None)] * 2
    picky.faults.clear()
    await picky.round()
    assert await states(database) == {"handled": 2}


def test_a_message_that_kills_its_reader_is_parked_and_takes_nobody_with_it(
    database_url: str,
) -> None:
    """Each try in a process of its own, which is killed while it handles the message."""
    clock = Clock()
    kills = alerts("inbox_dead")

    async def work(*, kill: bool = True) -> None:
        database = database_of(database_url)
        picky = Picky(database, clock, **({"poison": "kill"} if kill else {}))
        while await picky.round():
            pass
        await database.close()

    async def begin() -> None:
        database = database_of(database_url)
        # More than are handled side by side, and two of the same person behind the poison.
        await arrive(
            database,
            *(text_message(who, "hi") for who in range(1, 12)),
            *(text_message(0, text) for text in ("poison", "x", "y")),
        )
        await database.close()

    async def look() -> tuple[dict[str, InboxItem], list[str]]:
        database = database_of(database_url)
        found = await items(database), await told(database)
        await database.close()
        return found

    asyncio.run(begin())
    for number in range(MAX_LOST):
        assert in_a_process(work), number
        poison = asyncio.run(look())[0]["poison"]
        assert (poison.state, poison.attempts) == ("waiting", number + 1)
        assert poison.lease_until is not None
        assert not in_a_process(work), "while it may still be handled, nobody touches it"
        clock.now = poison.lease_until
    # Here, so that the alert is counted in this process; what is parked is handled no more.
    asyncio.run(work(kill=False))
    found, heard = asyncio.run(look())
    assert found["poison"].state == "dead"
    assert alerts("inbox_dead") == kills + 1
    assert {item.state for text, item in found.items() if text != "poison"} == {"handled"}
    assert max(item.attempts for text, item in found.items() if text != "poison") <= 2
    assert heard == [words("message_parked")]
    assert clock.now - NOW < 10 * MINUTE


class Blind(Picky):
    """Can't read some webhooks."""

    def parse(self, body: bytes) -> Any:
        for text, fault in self.faults.items():
            if text.encode() in body:
                if fault == "kill":
                    die()
                raise fault
        return super().parse(body)


async def events(database: Database) -> list[WebhookEvent]:
    async with database.read() as session:
        return list(await session.scalars(select(WebhookEvent).order_by(WebhookEvent.id)))


async def test_a_webhook_s_try_is_counted_before_it_is_opened(database: Database) -> None:
    counted: list[int] = []

    class Watching(Picky):
        def parse(self, body: bytes) -> Any:
            counted.append(0)
            return super().parse(body)

    picky = Watching(database, Clock())
    for number in range(3):
        await arrive(database, text_message(number, "hi"))
    while await picky.round():
        pass
    assert len(counted) == 3
    assert [(e.state, e.attempts, e.lease_until) for e in await events(database)] == [
        ("handled", 1, None)
    ] * 3


async def test_a_webhook_that_fails_is_tried_for_a_day_and_keeps_no_other_waiting(
    database: Database,
) -> None:
    picky = Blind(database, Clock(), poison=RuntimeError("no"))
    await arrive(database, text_message(0, "poison"))
    await arrive(database, text_message(1, "hi"))
    await picky.until(NOW + 5 * HOUR)
    assert picky.heard == {"+919811100001": ["hi"]}
    assert {(event.state) for event in await events(database)} == {"handled", "waiting"}
    picky.faults.clear()
    await picky.until(picky.clock.now + LONGEST_WAIT)
    assert picky.heard[ASHA] == ["poison"]


def test_a_webhook_that_kills_its_reader_is_parked_and_the_next_are_opened(
    database_url: str,
) -> None:
    clock = Clock()
    before = alerts("inbox_dead")

    async def work(*, kill: bool = True) -> None:
        database = database_of(database_url)
        picky = Blind(database, clock, **({"poison": "kill"} if kill else {}))
        while await picky.round():
            pass
        await database.close()

    async def begin() -> None:
        database = database_of(database_url)
        for who, text in enumerate(("poison", "hi", "hi")):
            await arrive(database, text_message(who, text))
        await database.close()

    async def look() -> list[WebhookEvent]:
        database = database_of(database_url)
        found = await events(database)
        await database.close()
        return found

    asyncio.run(begin())
    for number in range(MAX_LOST):
        assert in_a_process(work)
        poison = asyncio.run(look())[0]
        assert (poison.state, poison.attempts) == ("waiting", number + 1)
        assert poison.lease_until is not None
        clock.now = poison.lease_until
    assert clock.now - NOW <= 13 * OPENING_LEASE
    asyncio.run(work(kill=False))
    assert [event.state for event in asyncio.run(look())] == ["dead", "handled", "handled"]
    assert alerts("inbox_dead") == before + 1


async def test_another_process_waits_for_the_one_that_opens_so_that_order_is_kept(
    database: Database,
) -> None:
    """One began to open the first webhook and may still be at it: the second is not opened before."""
    clock = Clock()
    await arrive(database, text_message(0, "first"))
    await arrive(database, text_message(0, "second"))
    async with database.begin() as session:
        first = (await session.scalars(select(WebhookEvent).order_by(WebhookEvent.due_at))).first()
        assert first is not None
        first.attempts, first.lease_until = 1, NOW + OPENING_LEASE
    picky = Picky(database, clock)
    assert await picky.round() == 0
    clock.now += LEASE
    while await picky.round():
        pass
    assert len(picky.heard[ASHA]) == 2


async def test_a_note_of_a_new_phone_that_fails_is_told_to_nobody(database: Database) -> None:
    clock = Clock()
    picky = Picky(database, clock)
    await arrive(database, text_message(0, "hi"))
    await picky.round()
    async with database.begin() as session:
        person = (await session.scalars(select(ChatPerson))).one()
        moved = Inbound("wamid.moved", InboundKind.MOVED, NOW, phone_from=ASHA)
        session.add(
            InboxItem(
                id=new_id(),
                channel="whatsapp",
                message_id="wamid.0.moved",
                person_id=person.id,
                body_sealed=database.keyring.seal_json(moved.as_json(), ITEM),
                state="waiting",
                due_at=NOW,
                sent_at=NOW,
                received_at=NOW,
            )
        )
    picky.faults[""] = RuntimeError("no")
    await picky.until(NOW + 5 * MINUTE)
    assert (await items(database))["moved"].attempts >= BLOCKING_TRIES
    assert await told(database) == []
