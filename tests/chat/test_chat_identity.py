"""Names come late, change, and turn out to be one person's: nothing they said is lost on the way."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.audit.models import AdminActionLog
from app.employers import phones
from app.identity import codes, users
from app.identity.codes import CodeRules
from app.identity.models import User
from app.messaging.inbox import group_commit, process, unpack
from app.messaging.models import ChatPerson, InboxItem
from app.workers.registration import NewWorker, register, register_proven
from tests.infra.counted import alerts
from tests.support.chat_events import add_account
from tests.support.chat_player import ASHA, ChatWorld, chat, count

NEW = "919811100088"
HIDDEN: dict[str, Any] = {"from": None, "from_user_id": "IN.135"}
NOBODY: dict[str, Any] = {"from": None}


def moved(**to: str) -> dict[str, Any]:
    return {"type": "system", "system": {"type": "user_changed_number", **to}}


async def states(world: ChatWorld) -> set[str]:
    async with world.database.read() as session:
        return set(await session.scalars(select(InboxItem.state)))


async def test_what_came_from_the_new_number_before_the_move_was_told_is_kept(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        before = await world.worker_id()
        first = world.message(
            {"type": "text", "text": {"body": "profile"}}, **{"from": NEW, "from_user_id": "IN.7"}
        )
        await world.deliver(world.message(moved(wa_id=NEW, user_id="IN.7")), first)
        assert await states(world) == {"handled"}
        assert await count(world, ChatPerson) == 1
        assert (await world.person()).user_id == before
        assert world.phone.received[-1][1].phone == f"+{NEW}"
        # The same told again by the id, of which nobody knows any more.
        update = {"user_id": {"previous": "IN.135", "current": "IN.7"}, "timestamp": "1795420800"}
        await world.deliver_change("user_id_update", {"user_id_update": [update]})
        assert await count(world, ChatPerson) == 1
        assert (await world.person()).user_id == before


async def test_what_changes_hands_by_a_move_wakes_whoever_handles_messages(
    sqlite_database_url: str,
) -> None:
    async with chat(sqlite_database_url) as world:
        await world.registered("en")
        told = world.message(moved(wa_id=NEW, user_id="IN.7"))
        world.clock_now += dt.timedelta(seconds=1)
        words = {"type": "text", "text": {"body": "profile"}}
        said = world.message(words, **{"from": NEW, "from_user_id": "IN.7"})
        for message in (told, said):
            change = {"field": "messages", "value": {"messages": [message]}}
            body = json.dumps({"entry": [{"changes": [change]}]}).encode()
            async with world.database.begin() as session:
                await group_commit.store_events(
                    session, [group_commit.of_whatsapp(body)], world.clock_now
                )
            await unpack.open_due(world.database, world.clock, 1, world.conversation.parse)
            world.clock_now += dt.timedelta(seconds=1)
        async with world.database.wakeups.event("inbox") as woken:
            await process.handle_due(world.database, world.clock, 1, world.conversation)
            assert await states(world) == {"handled", "waiting"}
            assert woken.is_set()


async def test_who_wrote_from_the_new_number_before_the_move_keeps_their_account(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        before = await world.worker_id()
        names = {"from": NEW, "from_user_id": "IN.7"}
        await world.deliver(world.message({"type": "text", "text": {"body": "profile"}}, **names))
        await world.deliver(world.message(moved(wa_id=NEW, user_id="IN.7")))
        assert await count(world, ChatPerson) == 1
        person = await world.person()
        assert (person.user_id, person.platform_user_id) == (before, "IN.7")
        [newcomer] = [user for user in await world.users() if user.id != before]
        assert (newcomer.phone_index, newcomer.chat_user_id) == (None, None)
        await world.deliver(world.message({"type": "text", "text": {"body": "profile"}}, **names))
        assert "Skills: Waiter" in world.phone.received[-1][2].text


async def test_who_moves_to_a_number_is_not_the_employer_it_was_proven_for(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        moved = {"type": "user_changed_number", "wa_id": ASHA}
        await world.says("hi", **{"from": NEW})
        await world.says({"type": "system", "system": moved}, **{"from": NEW})
        async with world.database.read() as session:
            assert not await phones.is_proven(session, employer_id)
        await world.says("contacts", **{"from": ASHA})
        assert "Cafe Bandra" not in world.phone.received[-1][2].text


async def test_a_code_of_the_account_that_gave_way_opens_nothing(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        asked = NewWorker(name="Squatter", phone=f"+{NEW}")
        async with world.database.begin() as session:
            await register(session, asked, CodeRules(per_day=100), "IN", now=world.clock())
        await world.settle()
        [code] = re.findall(r"\d{6}", world.phone.received[-1][2].text)
        await world.deliver(world.message(moved(wa_id=NEW)))
        assert (await world.person()).user_id is not None
        async with world.database.begin() as session:
            subject = users.index_of_phone(world.database.keyring, f"+{NEW}")
            assert not await codes.redeem(session, subject, code, now=world.clock())


@pytest.mark.parametrize(
    ("status", "to"), [("active", {"wa_id": NEW}), ("suspended", {"user_id": "IN.9"})]
)
async def test_who_moves_to_what_names_another_account_is_shown_to_an_administrator(
    database_url: str, status: str, to: dict[str, str]
) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        mover = await world.worker_id()
        async with world.database.begin() as session:
            new = NewWorker(name="Bina", phone=f"+{NEW}")
            other = await register_proven(session, new, "IN", now=world.clock())
            await session.execute(update(User).where(User.id == other).values(status=status))
        await world.says("hi", **{"from": NEW, "from_user_id": "IN.9"})
        before = alerts("two_accounts")
        for told in (moved(**to), moved(**to), moved(wa_id=NEW, user_id="IN.9")):
            await world.deliver(world.message(told))
        assert alerts("two_accounts") == before + 1
        assert await states(world) == {"handled"}
        async with world.database.read() as session:
            query = select(AdminActionLog).where(AdminActionLog.action == "worker.two_accounts")
            row = (await session.scalars(query)).one()
            assert row.target_id == str(mover)
            assert row.after == {"other_account": str(other)}
            phones_of = {user.id: user.phone_index for user in await session.scalars(select(User))}
        # Nobody took anything over.
        keys = world.database.keyring
        assert phones_of[other] == users.index_of_phone(keys, f"+{NEW}")
        assert phones_of[mover] == users.index_of_phone(keys, f"+{ASHA}")


async def test_a_new_id_is_followed_however_it_is_told(database_url: str) -> None:
    async with chat(database_url) as world:
        for tap in ("language:en", "consent:yes"):
            await world.taps(tap, **HIDDEN)
        told = {"body": "User A changed from IN.135 to IN.136", "user_id": "IN.136"}
        system = {"type": "user_changed_user_id", **told}
        await world.says({"type": "system", "system": system}, **NOBODY)
        await world.taps("name:profile", **{"from": None, "from_user_id": "IN.136"})
        update = {"user_id": {"previous": "IN.136", "current": "IN.137"}, "timestamp": "1795420800"}
        await world.deliver_change("user_id_update", {"user_id_update": [update]})
        [user] = await world.users()
        assert user.chat_user_id == "IN.137"
        assert (await world.person()).platform_user_id == "IN.137"
        assert await count(world, ChatPerson) == 1


async def test_a_message_long_on_its_way_brings_no_old_number_back(database_url: str) -> None:
    async with chat(database_url) as world:
        late = world.message(
            {"type": "text", "text": {"body": "hello"}}, **{"from": ASHA, "from_user_id": "IN.135"}
        )
        world.clock_now += dt.timedelta(days=3)
        await world.says("hi", **{"from": NEW, "from_user_id": "IN.135"})
        await world.deliver(late)
        await world.taps("language:en", **HIDDEN)
        assert world.phone.received[-1][1].phone == f"+{NEW}"
        assert await states(world) == {"handled"}


async def test_of_two_who_are_one_the_conversation_that_goes_on_is_kept(database_url: str) -> None:
    async with chat(database_url) as world:
        # Known by phone only, without having said anything; by id, in the middle of registering.
        await world.says({"type": "reaction", "reaction": {"emoji": "👍"}})
        for tap in ("language:hi", "consent:yes"):
            await world.taps(tap, **HIDDEN)
        asked = (await world.person()).state
        await world.says("Asha Kulkarni", from_user_id="IN.135")
        assert await count(world, ChatPerson) == 1
        [user] = await world.users()
        assert user.name == "Asha Kulkarni"
        assert (await world.person()).state["ask"] != asked["ask"]


async def test_what_was_written_before_a_reaction_and_comes_after_it_counts(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await world.taps("language:en")
        await world.taps("consent:yes")
        older = world.message({"type": "text", "text": {"body": "Asha Kulkarni"}})
        world.clock_now += dt.timedelta(seconds=2)
        await world.says({"type": "reaction", "reaction": {"emoji": "👍"}})
        await world.deliver(older)
        assert [user.name for user in await world.users()] == ["Asha Kulkarni"]


async def test_a_clock_that_runs_ahead_makes_nobody_deaf(database_url: str) -> None:
    async with chat(database_url) as world:
        ahead = world.clock_now + dt.timedelta(days=3_650)
        await world.says("hi", timestamp=str(int(ahead.timestamp())))
        before = len(world.phone.received)
        await world.taps("language:en")
        assert len(world.phone.received) > before


async def test_what_came_with_the_wish_to_be_forgotten_fails_nothing(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        await world.says("delete my data")
        yes = {"type": "button_reply", "button_reply": {"id": "delete:yes", "title": "Yes"}}
        content = {"type": "interactive", "interactive": yes}
        bye = [world.message({"type": "text", "text": {"body": text}}) for text in ("bye", "!")]
        await world.deliver(world.message(content), *bye)
        assert await states(world) == {"handled"}
        assert "your data is deleted" in world.phone.received[-1][2].text
        async with world.database.read() as session:
            kept = select(func.count()).where(func.length(InboxItem.body_sealed) > 60)
            assert await session.scalar(kept) == 0
