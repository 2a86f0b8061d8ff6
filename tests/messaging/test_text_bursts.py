"""Several texts in a row get one answer; a single one waits a second, a tap or STOP not at all: on each database."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select

from app.dialogue.state import Ask
from app.messaging.inbox import bursts, process
from app.messaging.inbox.bursts import HOLD, HOLD_BURST, HOLD_GREETING, LARGEST_GAP, LONGEST_HOLD
from app.messaging.inbox.handle_messages import LEASE
from app.messaging.models import InboxItem
from tests.infra.killed import die, in_a_process
from tests.support.chat_player import ASHA, ChatWorld, chat
from tests.support.database import database_of
from tests.support.factories import NOW
from tests.support.inbox import Listener, arrive, text_message

SECOND = dt.timedelta(seconds=1)
GAP = HOLD / 2
"""Between texts that a phone sends together."""


def text(body: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": body}}


def tap(payload: str) -> dict[str, Any]:
    reply = {"id": payload, "title": payload}
    return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}


class Writer:
    """Somebody who writes on a clock of their own, to a product that holds texts."""

    def __init__(self, world: ChatWorld) -> None:
        self.world = world
        world.bursts = True
        self.seen = len(world.phone.received)

    async def writes(self, *bodies: str | dict[str, Any], gap: dt.timedelta = GAP) -> None:
        """Send each of these, with this time between them."""
        for number, body in enumerate(bodies):
            if number:
                await self.waits(gap)
            content = text(body) if isinstance(body, str) else body
            await self.world.deliver(self.world.message(content))

    async def waits(self, time: dt.timedelta) -> None:
        """Let time pass, with a look at the inbox at every tenth of a second."""
        until = self.world.clock_now + time
        while self.world.clock_now < until:
            self.world.clock_now = min(until, self.world.clock_now + SECOND / 10)
            await self.world.settle()

    def answers(self) -> list[str]:
        """What came since the last look."""
        new = self.world.phone.received[self.seen :]
        self.seen = len(self.world.phone.received)
        return [sent.text for _, to, sent in new if to.phone == f"+{ASHA}"]

    async def ask(self) -> str:
        return str(((await self.world.person()).state or {}).get("ask"))


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[Writer]:
    """Somebody who is registered."""
    async with chat(database_url) as world:
        await world.registered("en")
        world.clock_now += dt.timedelta(minutes=5)
        yield Writer(world)


async def test_three_texts_of_a_stranger_get_one_answer(database_url: str) -> None:
    async with chat(database_url) as world:
        asha = Writer(world)
        await asha.writes("hi", "mera naam Asha", "cook hoon")
        assert asha.answers() == []
        await asha.waits(HOLD_BURST)
        [answer] = asha.answers()
        assert "For English, write *English*" in answer, "their words chose a language"
        assert "did not get that" not in answer
        async with world.database.read() as session:
            query = select(InboxItem.state).order_by(InboxItem.sent_at)
            assert list(await session.scalars(query)) == ["handled"] * 3


async def test_each_answer_of_a_burst_is_kept_and_only_the_open_question_is_asked(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        asha = Writer(world)
        for payload in ("language:en", "consent:yes"):
            await asha.writes("hi") if not world.phone.received else None
            await asha.waits(HOLD_GREETING)
            await asha.writes(tap(payload))
        asha.answers()
        assert await asha.ask() == Ask.NAME
        await asha.writes("my name is Asha Patil", "waiter", "yes", "400050", "5 km")
        await asha.waits(HOLD_BURST)
        [answer] = asha.answers()
        assert "What is your name" not in answer
        assert "How far" not in answer
        assert answer.startswith("Your area: Bandra")
        assert "How many years" in answer
        await asha.writes(tap("years:3"))
        await asha.writes("weekends", "yes")
        await asha.waits(HOLD_BURST)
        [*_, done] = asha.answers()
        assert "All set, Asha Patil" in done


async def test_a_single_text_waits_a_second_and_no_longer(writer: Writer) -> None:
    await writer.writes("profile")
    await writer.waits(HOLD - SECOND / 10)
    assert writer.answers() == []
    await writer.waits(SECOND / 10)
    assert len(writer.answers()) == 1
    await writer.waits(HOLD_BURST)
    await writer.writes("hi")
    await writer.waits(HOLD_GREETING - SECOND / 10)
    assert writer.answers() == []
    await writer.waits(SECOND / 10)
    assert len(writer.answers()) == 1


@pytest.mark.parametrize(
    "content",
    [
        tap("menu:profile"),
        text("STOP"),
        text("he is threatening me"),
        {"type": "location", "location": {"latitude": 19.06, "longitude": 72.83}},
        {"type": "audio", "audio": {"id": "1", "voice": True}},
    ],
    ids=["tap", "stop", "help", "place", "voice"],
)
async def test_what_is_no_plain_text_waits_for_nothing(
    writer: Writer, content: dict[str, Any]
) -> None:
    await writer.writes(content)
    assert len(writer.answers()) == 1
    # Texts before it are read first, and are not kept waiting by it.
    await writer.writes("start")
    await writer.waits(5 * SECOND)
    writer.answers()
    await writer.writes("what does it cost?")
    assert writer.answers() == []
    await writer.writes(content)
    *before, answer = writer.answers()
    # Who says STOP gets nothing more, not even an answer that was written already.
    assert len(before) == (content != text("STOP"))
    assert all("free, now and always" in said for said in before)
    assert "free, now" not in answer


async def test_an_answer_that_quotes_an_offer_waits_for_nothing(writer: Writer) -> None:
    await writer.world.offered("Waiter")
    writer.answers()
    provider_id = writer.world.phone.received[-1][0]
    await writer.world.says("yes", context={"id": provider_id})
    [answer] = writer.answers()
    assert answer.startswith("You accepted")


async def test_nobody_waits_longer_because_they_go_on_writing(writer: Writer) -> None:
    begun = writer.world.clock_now
    answered: list[dt.datetime] = []
    for number in range(12):
        await writer.writes(f"word {number}")
        await writer.waits(SECOND)
        if writer.answers():
            answered.append(writer.world.clock_now)
    assert answered[0] - begun <= LONGEST_HOLD + SECOND


async def test_texts_that_waited_for_us_together_are_no_burst(writer: Writer) -> None:
    """After an hour without us each is answered by itself."""
    world = writer.world
    stamps = [world.clock_now, world.clock_now + LARGEST_GAP + SECOND]
    messages = []
    for stamp, body in zip(stamps, ("what does it cost?", "profile"), strict=True):
        world.clock_now = stamp
        messages.append(world.message(text(body)))
    world.clock_now += dt.timedelta(hours=1)
    await world.deliver(*messages)
    await writer.waits(HOLD_BURST)
    assert len(writer.answers()) == 2


async def test_nobody_agrees_to_a_question_of_the_same_burst(writer: Writer) -> None:
    await writer.writes("delete my data", "yes")
    await writer.waits(HOLD_BURST)
    [answer] = writer.answers()
    assert answer.startswith("Delete everything we know about you?")
    assert await writer.ask() == Ask.DELETE
    await writer.writes("yes", "thank you")
    await writer.waits(HOLD_BURST)
    [answer] = writer.answers()
    assert answer.startswith("Done: your data is deleted.")


async def test_a_burst_of_what_is_not_understood_is_one_miss(writer: Writer) -> None:
    for misses in (1, 2):
        await writer.writes("qwertz", "asdf", "yxcv")
        await writer.waits(HOLD_BURST)
        assert len(writer.answers()) == 1
        assert ((await writer.world.person()).state or {})["misses"] == misses
    assert (await writer.world.person()).paused_at is None


async def test_questions_of_a_burst_are_all_answered_in_one_message(writer: Writer) -> None:
    await writer.writes("what does it cost?", "who are you?")
    await writer.waits(HOLD_BURST)
    [answer] = writer.answers()
    assert answer.index("free, now and always") < answer.index("I am Partimer's bot")


async def test_a_timer_wakes_the_loop_when_a_hold_is_over(sqlite_database_url: str) -> None:
    database = database_of(sqlite_database_url)
    try:
        async with database.wakeups.event("inbox") as woken:
            await arrive(database, text_message(0, "profile"))
            woken.clear()
            await process.handle_due(database, lambda: NOW, 10, Listener(), bursts=True)
            woken.clear()
            begun = asyncio.get_running_loop().time()
            await asyncio.wait_for(woken.wait(), 30)
            assert asyncio.get_running_loop().time() - begun >= HOLD.total_seconds()
    finally:
        await database.close()


# ── Faults ───────────────────────────────────────────────────────────────────────────────────────


class Careful(Listener):
    """Can't bear one text, in its own way."""

    def __init__(self, bad: str, *, kill: bool = False) -> None:
        super().__init__()
        self.bad, self.kill = bad, kill

    async def handle(self, session: Any, person: Any, inbound: Any, now: dt.datetime) -> None:
        if inbound.text == self.bad:
            if self.kill:
                die()
            self.busy.clear()
            raise RuntimeError(self.bad)
        await super().handle(session, person, inbound, now)


async def states(url: str) -> dict[str, InboxItem]:
    database = database_of(url)
    async with database.read() as session:
        found = list(await session.scalars(select(InboxItem)))
    await database.close()
    return {item.message_id.rsplit(".")[-1]: item for item in found}


@pytest.mark.parametrize("bad", ["a", "b", "c"])
async def test_a_text_that_fails_takes_no_other_of_its_burst_with_it(
    database_url: str, bad: str
) -> None:
    database = database_of(database_url)
    reader = Careful(bad)
    await arrive(database, *(text_message(0, body) for body in "abc"))
    for later in (dt.timedelta(0), HOLD_BURST, *(dt.timedelta(hours=each) for each in range(1, 6))):
        while await process.handle_due(database, lambda: NOW + later, 10, reader, bursts=True):  # noqa: B023
            pass
    await database.close()
    found = await states(database_url)
    assert {body for body, item in found.items() if item.state == "handled"} == set("abc") - {bad}
    assert found[bad].state in {"waiting", "dead"}


@pytest.mark.parametrize("bad", ["a", "b", "c"])
def test_of_a_burst_whose_process_is_killed_nothing_is_lost(database_url: str, bad: str) -> None:
    clock = [NOW]

    async def begin() -> None:
        database = database_of(database_url)
        await arrive(database, *(text_message(0, body) for body in "abc"))
        await process.handle_due(database, lambda: NOW, 10, Listener(), bursts=True)
        await database.close()

    async def work(*, kill: bool) -> Listener:
        database = database_of(database_url)
        reader = Careful(bad, kill=kill)
        while await process.handle_due(database, lambda: clock[0], 10, reader, bursts=True):
            pass
        await database.close()
        return reader

    asyncio.run(begin())
    clock[0] = NOW + HOLD_BURST
    assert in_a_process(lambda: work(kill=True))
    assert {item.state for item in asyncio.run(states(database_url)).values()} == {"waiting"}
    clock[0] += LEASE
    asyncio.run(work(kill=False))
    for _ in range(5):
        clock[0] += dt.timedelta(hours=1)
        asyncio.run(work(kill=False))
    found = asyncio.run(states(database_url))
    # The one that fails now is retried; what was killed with it is handled.
    assert {body for body, item in found.items() if item.state == "handled"} == set("abc") - {bad}


async def test_two_processes_answer_a_burst_once(database_url: str) -> None:
    one, two = database_of(database_url), database_of(database_url)
    reader = Listener()
    await arrive(one, *(text_message(who, body) for who in range(20) for body in "abc"))
    await process.handle_due(one, lambda: NOW, 100, reader, bursts=True)
    later = NOW + HOLD_BURST

    async def work(database: Any) -> None:
        while await process.handle_due(database, lambda: later, 100, reader, bursts=True):
            pass

    await asyncio.gather(work(one), work(two))
    async with one.read() as session:
        waiting = await session.scalar(
            select(func.count()).select_from(InboxItem).where(InboxItem.state == "waiting")
        )
    await one.close()
    await two.close()
    assert waiting == 0
    assert reader.heard == {f"+9198111{who:05}": ["a", "b", "c"] for who in range(20)}
    assert reader.bursts == [["a", "b", "c"]] * 20


def test_a_burst_has_an_end() -> None:
    assert bursts.MOST_TEXTS < 20
    assert HOLD < HOLD_GREETING <= HOLD_BURST < LONGEST_HOLD < LEASE
