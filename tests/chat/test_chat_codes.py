"""A sign-in code by writing in the chat: for who holds the phone, whatever strangers do in its name."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from app.identity import codes, sign_in
from app.identity.models import OneTimeCode, Session
from app.identity.sessions import DatabaseSessions
from app.identity.sign_in import InvalidCredentials
from app.messaging.conversations import queries
from app.messaging.models import OutboxMessage
from tests.support.app_harness import running_world
from tests.support.assertions import ok
from tests.support.chat_events import add_account, mailed_code
from tests.support.chat_player import ASHA, ChatWorld
from tests.support.database import database_of
from tests.support.sign_in import code_login

PHONE = f"+{ASHA}"
ENOUGH = "several codes already"


@asynccontextmanager
async def chat(url: str, *, registered: bool = True) -> AsyncIterator[ChatWorld]:
    database = database_of(url)
    try:
        world = ChatWorld(database)
        if registered:
            await world.registered("en")
        yield world
    finally:
        await database.close()


def last(world: ChatWorld) -> str:
    return world.phone.received[-1][2].text


def code_in(world: ChatWorld) -> str:
    text = last(world)
    assert "verification code" in text
    return text[1:7]


async def signs_in(world: ChatWorld, code: str, address: str = "192.0.2.1") -> bool:
    """As the edge does it: a wrong guess that was counted is kept."""
    async with world.database.begin() as session:
        try:
            await sign_in.with_code(
                session, DatabaseSessions(), PHONE, code, now=world.clock(), address=address
            )
        except InvalidCredentials:
            return False
    return True


def wrong(code: str, offset: int) -> str:
    return f"{(int(code) + offset) % 10**6:06}"


@pytest.mark.parametrize("word", ["code", "Login", "OTP please", "कोड", "otp bhejo"])
async def test_who_writes_for_a_code_gets_one_that_is_good_once(
    sqlite_database_url: str, word: str
) -> None:
    async with chat(sqlite_database_url) as world:
        await world.says(word)
        code = code_in(world)
        assert await signs_in(world, code)
        assert not await signs_in(world, code)


async def test_such_a_code_is_good_for_five_minutes_and_kept_as_a_hash(
    sqlite_database_url: str,
) -> None:
    async with chat(sqlite_database_url) as world:
        await world.says("code")
        code = code_in(world)
        async with world.database.read() as session:
            row = (await session.scalars(select(OneTimeCode))).one()
            assert code not in row.code_hash
            # Neither what our team reads of the chat nor what is kept of the message tells it.
            person = await world.person()
            ids = queries.ids_of_lines(session, person)
            found = [tuple(one) for one in await session.execute(select(ids.c.id, ids.c.ours))]
            lines = await queries.list_lines(session, found)
            assert not any(code in (line.text or "") for line in lines)
            kind = OutboxMessage.kind == "sign_in_code"
            assert await session.scalar(select(func.count()).where(kind)) == 1
        world.clock_now += codes.LIFETIME
        assert not await signs_in(world, code)


async def test_one_has_five_in_an_hour_also_of_messages_that_come_at_once(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        asked = [world.message({"type": "text", "text": {"body": "code"}}) for _ in range(7)]
        before = len(world.phone.received)
        await asyncio.gather(*(world.deliver(message) for message in asked))
        for _ in asked:
            # One person is sent so many messages in so many seconds; the rest follows.
            world.clock_now += dt.timedelta(seconds=7)
            await world.settle()
        told = [sent.text for _, _, sent in world.phone.received[before:]]
        assert sum("verification code" in text for text in told) == codes.CHAT_CODES_PER_HOUR
        assert sum(ENOUGH in text for text in told) == 2
        async with world.database.read() as session:
            issued = await session.scalar(select(func.count()).select_from(OneTimeCode))
        assert issued == codes.CHAT_CODES_PER_HOUR
        world.clock_now += dt.timedelta(hours=1)
        await world.says("code")
        assert await signs_in(world, code_in(world))


async def test_of_racing_sign_ins_with_one_code_one_wins(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.says("code")
        code = code_in(world)
        won = await asyncio.gather(*(signs_in(world, code, f"192.0.2.{n}") for n in range(12)))
        assert won.count(True) == 1
        async with world.database.read() as session:
            assert await session.scalar(select(func.count()).select_from(Session)) == 1


async def test_a_dozen_guessers_at_once_have_fifty_looks_and_few_leave_the_owner_in(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await world.says("code")
        code = code_in(world)
        for first in (1, 31):
            guesses = range(first, first + 30)
            won = await asyncio.gather(
                *(signs_in(world, wrong(code, n), f"198.51.100.{n % 12}") for n in guesses)
            )
            assert not any(won)
        async with world.database.read() as session:
            tries = await session.scalar(select(OneTimeCode.strange_tries))
        assert tries == codes.CHAT_TRIES
        assert not await signs_in(world, code)
        # Four strangers who spend a minute's guesses each leave it open.
        await world.says("code")
        code = code_in(world)
        for number in range(40):
            assert not await signs_in(world, wrong(code, number + 1), f"203.0.113.{number % 4}")
        assert await signs_in(world, code)


async def test_it_comes_after_stop_and_while_a_human_is_wanted(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        await world.says("human")
        await world.says("otp")
        assert await signs_in(world, code_in(world))
        assert (await world.person()).paused_at is not None
        await world.says("STOP")
        await world.says("code")
        assert await signs_in(world, code_in(world))
        assert (await world.person()).stopped_at is not None


async def test_who_has_no_account_yet_gets_none(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url, registered=False) as world:
        await world.says("code")
        assert "Namaste" in last(world)
        await world.taps("language:en")
        await world.says("code")
        assert "not yet" in last(world)
        async with world.database.read() as session:
            assert await session.scalar(select(func.count()).select_from(OneTimeCode)) == 0


async def test_who_is_suspended_gets_none(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        await world.suspended()
        await world.says("code")
        assert "suspended" in last(world)


async def test_a_company_proves_its_phone_and_asks_for_a_sign_in_code_by_the_same_word(
    sqlite_database_url: str,
) -> None:
    async with chat(sqlite_database_url, registered=False) as world:
        await add_account(world, "Cafe Bandra", proven=False)
        await world.says("hi")
        await world.says("yes")
        first = mailed_code(world.phone.received)
        await world.says("new code")
        newest = mailed_code(world.phone.received)
        assert newest != first
        await world.says(newest)
        await world.says("code")
        assert "is your verification code" in last(world)
        assert newest not in last(world)


def test_two_strangers_who_spend_a_phones_codes_keep_nobody_out(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    with running_world(sqlite_database_url, tmp_path, rate_limits="on") as world:
        phone = str(world.worker(slots=()).phone)
        for number in (2, 3):
            way = httpx.HTTPTransport(local_address=f"127.0.0.{number}")
            with httpx.Client(base_url=world.url, transport=way) as stranger:
                asked = [stranger.post("/api/auth/otp", json={"phone": phone}) for _ in range(4)]
                assert asked[-1].status_code == 429
        assert world.http.post("/api/auth/otp", json={"phone": phone}).status_code == 429
        world.says(phone, "code")
        assert ok(code_login(world, phone, world.code_for(phone)))["user"]["role"] == "worker"
