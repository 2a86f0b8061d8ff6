"""Webhooks come in any order: what a person did last is what counts, and nothing safe is dropped."""

import datetime as dt
from typing import Any

import pytest

from app.identity.models import UserStatus
from app.messaging.models import ChatPerson
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from tests.chat.test_chat_identity import moved
from tests.support.chat_player import ASHA, ChatWorld, chat, count

ELSEWHERE, LATEST = "919811100041", "919811100042"


def tap(payload: str) -> dict[str, Any]:
    reply = {"id": payload, "title": payload[:20]}
    return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}


def text(body: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": body}}


async def late_by_a_minute(world: ChatWorld, first: dict[str, Any], then: dict[str, Any]) -> None:
    """Send two messages a minute apart; the second is delivered first."""
    older = world.message(first)
    world.clock_now += dt.timedelta(minutes=1)
    await world.deliver(world.message(then))
    await world.deliver(older)


async def test_an_older_change_of_number_undoes_no_newer_one(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        known: dict[str, Any] = {"from_user_id": "IN.135"}
        await world.says("profile", **known)
        await late_by_a_minute(world, moved(wa_id=ELSEWHERE) | known, moved(wa_id=LATEST) | known)
        await world.says("profile", **{"from": None, **known})
        assert world.phone.received[-1][1].phone == f"+{LATEST}"
        [user] = await world.users()
        assert (await world.person()).user_id == user.id


@pytest.mark.parametrize(
    ("first", "then", "stopped"), [("STOP", "START", False), ("START", "STOP", True)]
)
async def test_of_stop_and_start_the_newer_counts(
    sqlite_database_url: str, first: str, then: str, stopped: bool
) -> None:
    async with chat(sqlite_database_url) as world:
        await world.registered("en")
        await world.says(first)
        await late_by_a_minute(world, text(first), text(then))
        assert ((await world.person()).stopped_at is not None) == stopped


@pytest.mark.parametrize(
    ("by_phone", "by_id", "stopped"), [("STOP", "START", False), ("START", "STOP", True)]
)
async def test_of_two_who_are_one_the_newer_stop_or_start_counts(
    database_url: str, by_phone: str, by_id: str, stopped: bool
) -> None:
    async with chat(database_url) as world:
        hidden: dict[str, Any] = {"from": None, "from_user_id": "IN.135"}
        await world.says("STOP")
        await world.says(by_phone)
        await world.says("STOP", **hidden)
        await world.says(by_id, **hidden)
        await world.says({"type": "reaction", "reaction": {"emoji": "👍"}}, from_user_id="IN.135")
        assert await count(world, ChatPerson) == 1
        assert ((await world.person()).stopped_at is not None) == stopped


async def test_a_merge_forgets_no_call_for_help(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        await world.registered("en")
        await world.says("human")
        hidden: dict[str, Any] = {"from": None, "from_user_id": "IN.135"}
        await world.says("he is threatening me", **hidden)
        await world.says({"type": "reaction", "reaction": {"emoji": "👍"}}, from_user_id="IN.135")
        assert await count(world, ChatPerson) == 1
        assert (await world.person()).paused_why == "safety"


async def test_a_stop_that_comes_late_is_still_one(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        await world.registered("en")
        await late_by_a_minute(world, text("STOP"), text("profile"))
        assert (await world.person()).stopped_at is not None


async def test_an_older_yes_erases_nobody_who_asks_now(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        await world.registered("en")
        await world.says("STOP")
        await late_by_a_minute(world, text("yes"), text("delete my data"))
        [user] = await world.users()
        assert user.status == UserStatus.ACTIVE


async def test_an_older_no_takes_no_newer_yes_back(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        offer_id = await world.offered("Waiter")
        await late_by_a_minute(
            world, tap(f"offer:{offer_id}:reject"), tap(f"offer:{offer_id}:accept")
        )
        async with world.database.read() as session:
            assert (await session.get_one(JobMatch, offer_id)).status == OfferStatus.ACCEPTED
        # Taking it back is said in so many words, and counts whenever it comes.
        await late_by_a_minute(world, tap(f"offer:{offer_id}:withdraw"), text("thanks"))
        async with world.database.read() as session:
            assert (await session.get_one(JobMatch, offer_id)).status == OfferStatus.WITHDRAWN


@pytest.mark.parametrize(
    ("words", "reply"), [("delete my data", "delete"), ("human", "team"), ("police", "112")]
)
async def test_what_must_not_be_lost_is_answered_however_late(
    sqlite_database_url: str, words: str, reply: str
) -> None:
    async with chat(sqlite_database_url) as world:
        await world.registered("en")
        await late_by_a_minute(world, text(words), text("profile"))
        assert reply in world.phone.received[-1][2].text.casefold()


async def test_an_older_choice_about_marketing_changes_no_newer_one(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        now = int(world.clock_now.timestamp())
        for value, at in (("resume", now), ("stop", now - 3_600)):
            item = {
                "wa_id": ASHA,
                "category": "marketing_messages",
                "value": value,
                "timestamp": at,
            }
            await world.deliver_change("user_preferences", {"user_preferences": [item]})
        assert (await world.person()).no_marketing_at is None


async def test_an_impossible_time_loses_no_neighbour(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        await world.registered("en")
        before = len(world.phone.received)
        for stamp in ("99999999999999999999", "1e400", "-1e30", "nan"):
            broken = world.message(text("hi"), timestamp=stamp)
            await world.deliver(broken, world.message(text("profile")))
            before += 1
            assert len(world.phone.received) == before, stamp
