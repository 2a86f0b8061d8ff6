"""Somebody typed your number into a form: what they said of you is not yours until you say it."""

import datetime as dt
from typing import Any

from sqlalchemy import select

from app.dialogue.state import State
from app.identity.codes import CodeRules
from app.identity.models import Consent, User
from app.messaging.models import ChatPerson
from app.privacy.purge import UNPROVEN_KEPT, purge_unproven
from app.workers.models import Worker
from app.workers.registration import NewWorker, register, register_proven
from tests.infra.counted import alerts
from tests.support.chat_player import ASHA, ChatWorld, chat

SAID_BY_A_STRANGER = NewWorker(
    name="Squatter",
    phone=f"+{ASHA}",
    city="Pune",
    skills=("car_driver",),
    experience_years=9,
    max_distance_km=99,
)


HIDDEN: dict[str, Any] = {"from": None, "from_user_id": "IN.135"}


async def agrees_with_a_hidden_number(world: ChatWorld) -> None:
    """Let Asha agree a minute later, the platform naming her by its id alone."""
    world.clock_now += dt.timedelta(minutes=1)
    await world.says("hi", **HIDDEN)
    await world.taps("language:en", **HIDDEN)
    await world.taps("consent:yes", **HIDDEN)
    await world.says("Asha Kulkarni", **HIDDEN)


async def typed_by_a_stranger(world: ChatWorld) -> None:
    async with world.database.begin() as session:
        rules = CodeRules(per_day=100)
        await register(session, SAID_BY_A_STRANGER, rules, "IN", now=world.clock())
    await world.settle()


async def kept(world: ChatWorld) -> tuple[User, Worker]:
    async with world.database.read() as session:
        person = (await session.scalars(select(ChatPerson))).one()
        query = select(User, Worker).join(Worker, Worker.id == User.id)
        user, worker = (await session.execute(query.where(User.id == person.user_id))).one()
        return user, worker


def heard(world: ChatWorld, since: int) -> str:
    return "\n".join(
        " ".join([outgoing.text, *(button.title for button in outgoing.buttons)])
        for _, _, outgoing in world.phone.received[since:]
    )


async def test_who_writes_first_is_asked_everything_a_stranger_said(database_url: str) -> None:
    async with chat(database_url) as world:
        await typed_by_a_stranger(world)
        since = len(world.phone.received)
        await world.says("hi")
        await world.says("profile")
        await world.taps("language:en")
        await world.taps("consent:yes")
        user, worker = await kept(world)
        assert (user.status, user.name) == ("active", "Asha K")
        assert (worker.skills, worker.city, worker.latitude, worker.experience_years) == (
            [],
            None,
            None,
            0,
        )
        await world.says("Asha Kulkarni")
        await world.taps("skill:waiter")
        await world.taps("skills:done")
        assert "Where do you live?" in world.phone.received[-1][2].text
        await world.says("400050")
        await world.taps("distance:10")
        await world.taps("years:3")
        await world.taps("free:any time")
        await world.taps("free:yes")
        said = heard(world, since)
        assert "Use Asha K" in said
        for word in ("Squatter", "Pune", "river", "99 km"):
            assert word not in said
        user, worker = await kept(world)
        assert (user.name, worker.skills, worker.city) == ("Asha Kulkarni", ["waiter"], "Mumbai")
        async with world.database.read() as session:
            consents = await session.scalars(select(Consent).where(Consent.user_id == user.id))
            assert [consent.channel for consent in consents] == ["whatsapp"]


async def test_who_declines_leaves_nothing_of_it(database_url: str) -> None:
    async with chat(database_url) as world:
        await typed_by_a_stranger(world)
        await world.says("hi")
        await world.taps("language:en")
        await world.taps("consent:no")
        [user] = await world.users()
        assert (user.status, user.phone_index) == ("erased", None)


async def test_who_shares_a_number_that_a_stranger_typed_keeps_what_they_said_themselves(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await typed_by_a_stranger(world)
        await agrees_with_a_hidden_number(world)
        card = {"origin": "contact_request", "phones": [{"wa_id": ASHA, "phone": f"+{ASHA}"}]}
        await world.says({"type": "contacts", "contacts": [card]}, **HIDDEN)
        user, worker = await kept(world)
        assert (user.name, user.status, worker.skills, worker.city) == (
            "Asha Kulkarni",
            "active",
            [],
            None,
        )
        assert user.phone_index is not None
        person = await world.person()
        assert State.from_json(person.state or {}).ask == "skills"


async def test_who_agreed_with_a_hidden_number_stays_who_they_are_when_it_shows(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await typed_by_a_stranger(world)
        await agrees_with_a_hidden_number(world)
        before = alerts("two_accounts")
        await world.says("hi")
        await world.says("hello", from_user_id="IN.135")
        user, worker = await kept(world)
        assert (user.name, user.status, worker.skills) == ("Asha Kulkarni", "active", [])
        assert user.phone_index is not None
        # She goes on where she had got to: nothing is asked anew, nor for the phone that is there now.
        assert State.from_json((await world.person()).state or {}).ask == "skills"
        # Whose account it might be is no question: nobody had proven the stranger's.
        assert alerts("two_accounts") == before
        [stranger] = [each for each in await world.users() if each.id != user.id]
        assert (stranger.status, stranger.phone_index) == ("pending", None)


async def test_a_phone_that_the_platform_names_later_is_proven_for_who_agreed_before(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await world.says("hi", **HIDDEN)
        await world.taps("language:en", **HIDDEN)
        await world.taps("consent:yes", **HIDDEN)
        await world.says("Asha Kulkarni", from_user_id="IN.135")
        user, _ = await kept(world)
        assert (user.name, user.status) == ("Asha Kulkarni", "active")
        assert user.phone_index is not None


async def test_what_was_said_before_the_phone_proved_another_account_is_forgotten_in_time(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        async with world.database.begin() as session:
            known = await register_proven(session, SAID_BY_A_STRANGER, "IN", now=world.clock())
        await world.says("hi", **HIDDEN)
        for tap in ("language:en", "consent:yes", "name:profile"):
            await world.taps(tap, **HIDDEN)
        await world.says("skip", **HIDDEN)
        await world.taps("skill:waiter", **HIDDEN)
        await world.taps("skills:done", **HIDDEN)
        await world.says("400050", **HIDDEN)
        card = {"origin": "contact_request", "phones": [{"wa_id": ASHA, "phone": f"+{ASHA}"}]}
        await world.says({"type": "contacts", "contacts": [card]}, **HIDDEN)
        user, worker = await kept(world)
        assert (user.id, user.chat_user_id, worker.city) == (known, "IN.135", "Pune")
        async with world.database.begin() as session:
            later = world.clock() + UNPROVEN_KEPT + dt.timedelta(days=1)
            assert await purge_unproven(session, later, 10) == 1
        async with world.database.read() as session:
            places = dict((await session.execute(select(Worker.id, Worker.city))).all())
        assert places.pop(known) == "Pune"
        assert set(places.values()) == {None}


async def test_what_a_stranger_told_before_the_consent_is_forgotten_in_time(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await world.says("hi i am Ravi 24 cook from Thane free weekends")
        assert (await world.person()).state["said"]["name"] == "Ravi"
        async with world.database.begin() as session:
            assert await purge_unproven(session, world.clock() + UNPROVEN_KEPT / 2, 10) == 0
            later = world.clock() + UNPROVEN_KEPT + dt.timedelta(days=1)
            assert await purge_unproven(session, later, 10) == 1
        gone = await world.person()
        assert not gone.state
        assert gone.user_id is None or gone.phone_index is None
