"""Who writes is known once, whatever the platform tells of them; what they send counts once."""

import asyncio
import datetime as dt
import json
from typing import Any

from sqlalchemy import select

from app.identity.models import Consent
from app.jobs.models import Job
from app.messaging.inbox import group_commit, process
from app.messaging.models import ChatPerson, InboxItem, OutboxMessage, WebhookEvent
from app.offers.models import JobMatch
from app.workers.models import WorkerAvailability
from tests.support.chat_player import ASHA, ChatWorld, chat, count


async def offer_status(world: ChatWorld, offer_id: Any) -> str:
    async with world.database.read() as session:
        return (await session.get_one(JobMatch, offer_id)).status


async def test_several_first_messages_at_once_make_one_worker(database_url: str) -> None:
    async with chat(database_url) as world:
        bodies = []
        for number in range(6):
            value = {
                "messages": [world.message({"type": "text", "text": {"body": f"hi {number}"}})]
            }
            bodies.append(json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode())

        async def arrive(body: bytes) -> None:
            async with world.database.begin() as session:
                await group_commit.store_events(
                    session, [group_commit.of_whatsapp(body)], world.clock()
                )
            await process.handle_due(world.database, world.clock, 100, world.conversation)

        await asyncio.gather(*(arrive(body) for body in bodies))
        world.clock_now += dt.timedelta(minutes=1)  # what met another at the door tries again
        await world.settle()
        assert await count(world, ChatPerson) == 1
        assert len(await world.users()) == 1
        assert await count(world, InboxItem) == 6


async def test_the_same_message_again_has_no_second_effect_and_no_second_reply(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        offer_id = await world.offered("Waiter")
        tap = {
            "type": "button",
            "button": {"payload": f"offer:{offer_id}:accept", "text": "Accept"},
        }
        message = world.message(tap)
        before = len(world.phone.received)
        await world.deliver(message)
        answered = len(world.phone.received)
        # The same bytes again, and the same message in another batch.
        await world.deliver(message)
        await world.deliver(
            message, world.message({"type": "reaction", "reaction": {"emoji": "x"}})
        )
        assert len(world.phone.received) == answered > before
        assert await offer_status(world, offer_id) == "accepted"
        async with world.database.read() as session:
            assert (await session.scalars(select(Job.accepted))).one() == 1


async def test_the_same_bytes_are_one_event(database_url: str) -> None:
    async with chat(database_url) as world:
        for _ in range(3):
            async with world.database.begin() as session:
                await group_commit.store_events(
                    session, [group_commit.of_whatsapp(b'{"entry": []}')], world.clock()
                )
        assert await count(world, WebhookEvent) == 1


async def test_a_tap_on_anothers_offer_does_nothing(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        offer_id = await world.offered("Waiter")
        stranger = {"from": "919811100077"}
        await world.says("hi", **stranger)
        await world.taps(f"offer:{offer_id}:accept", **stranger)
        assert "can't find that offer" in world.phone.received[-1][2].text
        assert await offer_status(world, offer_id) == "offered"


async def test_an_older_message_that_arrives_late_changes_no_newer_answer(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await world.says("hi")
        await world.taps("language:en")
        await world.taps("consent:yes")
        older = world.message({"type": "text", "text": {"body": "Sunita Rao"}})
        world.clock_now += dt.timedelta(seconds=5)
        await world.says("Asha Rao")
        said = len(world.phone.received)
        await world.deliver(older)
        assert len(world.phone.received) == said
        assert [user.name for user in await world.users()] == ["Asha Rao"]


async def test_who_hides_the_phone_is_asked_for_it_and_is_active_once_it_is_there(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        hidden: dict[str, Any] = {"from": None, "from_user_id": "IN.135"}
        await world.says("hi", **hidden)
        await world.taps("language:en", **hidden)
        await world.taps("consent:yes", **hidden)
        await world.taps("name:profile", **hidden)
        assert world.phone.received[-1][2].text.endswith("What is your name?")
        await world.says("Asha", **hidden)
        _, address, asked = world.phone.received[-1]
        assert (address.platform_id, asked.ask) == ("IN.135", "contact")
        [user] = await world.users()
        assert (user.status, user.phone_index, user.chat_user_id) == ("pending", None, "IN.135")
        card = {"origin": "contact_request", "phones": [{"wa_id": ASHA, "phone": f"+{ASHA}"}]}
        await world.says({"type": "contacts", "contacts": [card]}, **hidden)
        [user] = await world.users()
        assert user.status == "active"
        assert user.phone_index is not None
        assert world.phone.received[-1][1].phone == f"+{ASHA}"


async def test_a_card_of_somebody_else_is_not_their_phone(database_url: str) -> None:
    async with chat(database_url) as world:
        hidden: dict[str, Any] = {"from": None, "from_user_id": "IN.135"}
        for tap in ("language:en", "consent:yes", "name:profile"):
            await world.taps(tap, **hidden)
        card = {"phones": [{"wa_id": ASHA, "phone": f"+{ASHA}"}]}
        await world.says({"type": "contacts", "contacts": [card]}, **hidden)
        assert [user.phone_index for user in await world.users()] == [None]


async def test_phone_and_id_that_prove_to_be_one_person_are_made_one(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        hidden: dict[str, Any] = {"from": None, "from_user_id": "IN.135"}
        await world.says("menu", **hidden)
        assert await count(world, ChatPerson) == 2
        await world.says("menu", from_user_id="IN.135")
        assert await count(world, ChatPerson) == 1
        person = await world.person()
        assert (person.platform_user_id, person.phone_index is not None) == ("IN.135", True)


async def test_a_new_number_keeps_the_account(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        before = await world.worker_id()
        system = {"type": "user_changed_number", "wa_id": "919811100088"}
        await world.says({"type": "system", "system": system})
        await world.says("profile", **{"from": "919811100088"})
        assert "Asha K" in world.phone.received[-1][2].text
        assert world.phone.received[-1][1].phone == "+919811100088"
        assert await world.worker_id() == before
        assert await count(world, ChatPerson) == 1


async def test_a_batch_of_several_people_is_handled_whole(database_url: str) -> None:
    async with chat(database_url) as world:
        messages = [
            world.message({"type": "text", "text": {"body": "hi"}}, **{"from": f"9198111002{n:02}"})
            for n in range(12)
        ]
        broken: dict[str, Any] = {"id": 7}
        await world.deliver(*messages[:6], broken, *messages[6:])
        assert {address.phone for _, address, _ in world.phone.received} == {
            f"+9198111002{n:02}" for n in range(12)
        }


async def test_messages_in_groups_are_ignored(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.says("hi", group_id="120363")
        assert (await count(world, ChatPerson), world.phone.received) == (0, [])


async def test_a_registration_keeps_what_was_said_and_that_they_agreed(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("hi")
        [user] = await world.users()
        assert (user.status, user.name, user.language) == ("active", "Asha K", "hi")
        async with world.database.read() as session:
            consent = (await session.scalars(select(Consent))).one()
        assert (consent.channel, consent.language, consent.wording_version) == (
            "whatsapp",
            "hi",
            "2026-11",
        )
        assert await count(world, WorkerAvailability) == 14


async def test_who_registered_elsewhere_is_known_here(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        async with world.database.begin() as session:
            person = (await session.scalars(select(ChatPerson))).one()
            person.user_id, person.state, person.language = None, {}, None
        await world.says("hi")
        assert "Hello Asha K!" in world.phone.received[-1][2].text
        assert len(await world.users()) == 1


async def test_nothing_of_who_deletes_their_data_is_left(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        await world.offered("Waiter")
        await world.says("delete my data")
        await world.taps("delete:yes")
        assert "your data is deleted" in world.phone.received[-1][2].text
        [user] = [user for user in await world.users() if user.role == "worker"]
        assert (user.status, user.name, user.phone_index) == ("erased", "Deleted", None)
        person = await world.person()
        assert (person.phone_index, person.phone_sealed, person.user_id) == (None, None, None)
        async with world.database.read() as session:
            statuses = (await session.scalars(select(JobMatch.status))).all()
        assert statuses == ["closed"]


async def test_a_message_that_can_not_be_handled_holds_nobody_else_back(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.says("hi")
        async with world.database.begin() as session:
            person = (await session.scalars(select(ChatPerson))).one()
            person.state = {"ask": "skills", "draft": {"skills": 7}}
        await world.says("waiter")
        await world.says("hi", **{"from": "919811100099"})
        assert world.phone.received[-1][1].phone == "+919811100099"
        for _ in range(8):
            world.clock_now += dt.timedelta(minutes=5)
            await world.settle()
        async with world.database.read() as session:
            states = (await session.scalars(select(InboxItem.state).order_by(InboxItem.id))).all()
        assert states == ["handled", "dead", "handled"]


async def test_replies_hold_no_phone_in_the_clear(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        async with world.database.read() as session:
            rows = (await session.scalars(select(OutboxMessage))).all()
            state = json.dumps((await session.scalars(select(ChatPerson.state))).all())
        assert ASHA not in state
        assert not any(ASHA.encode() in row.recipient_sealed + row.params_sealed for row in rows)
