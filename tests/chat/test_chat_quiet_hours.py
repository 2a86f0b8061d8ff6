"""A worker sees and changes their quiet hours in the chat: on each database, by the verb of the API."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.dialogue.effects import EditProfile
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.offers.rules import OfferStatus
from app.workers.models import Worker
from app.workers.quiet_hours import find_quiet_hours
from tests.support.channels import channels_of
from tests.support.chat_player import ChatWorld, chat
from tests.support.dialogue import SETTLED, context, incoming, offer, tap

NIGHT = (dt.time(21), dt.time(8))


async def quiet_of(world: ChatWorld) -> tuple[dt.time | None, dt.time | None]:
    async with world.database.read() as session:
        row = (await session.execute(select(Worker.quiet_start, Worker.quiet_end))).one()
        return row.quiet_start, row.quiet_end


async def test_quiet_hours_are_stored_and_an_offer_waits_for_their_end(database_url: str) -> None:
    async with chat(database_url) as world:
        world.channels = channels_of(world.phone, email=world.phone, quiet_hours=find_quiet_hours)
        await world.registered("en")
        assert await quiet_of(world) == NIGHT
        await world.says("don't message me before 11 in the morning")
        assert await quiet_of(world) == (dt.time(21), dt.time(11))
        assert "from 9 pm to 11 am" in world.phone.received[-1][2].text
        # Half past ten at home, long after they wrote.
        world.clock_now = world.clock_now.replace(hour=5, minute=0) + dt.timedelta(days=1)
        before = len(world.phone.received)
        await world.offered("Waiter")
        assert len(world.phone.received) == before
        await world.taps("quiet:none")
        assert await quiet_of(world) == (None, None)
        async with world.database.read() as session:
            assert not await find_quiet_hours(session, [await world.worker_id()])
        texts = [outgoing.text for _, _, outgoing in world.phone.received[before:]]
        assert any("A job for you" in text for text in texts)
        assert any("at any hour" in text for text in texts)


@pytest.mark.parametrize(
    "payload", ["quiet:", "quiet:99:00-08:00", "quiet:21:00", "quiet:08:00-08:00", "quiet:x"]
)
def test_a_forged_row_only_asks(payload: str) -> None:
    turn = handle_message(State(), tap(payload), context(profile=SETTLED))
    assert not turn.effects
    assert [say.text for say in turn.replies] == ["quiet_now"]
    assert turn.state.ask is Ask.QUIET


def test_a_wish_amid_a_registration_keeps_its_question() -> None:
    state = State(ask=Ask.DISTANCE, registering=True)
    turn = handle_message(state, incoming("raat ko message mat karo"), context(profile=SETTLED))
    assert [say.text for say in turn.replies] == ["quiet_set", "ask_distance"]
    assert turn.state.ask is Ask.DISTANCE
    [effect] = turn.effects
    assert effect == EditProfile({"quiet_hours": {"start": NIGHT[0], "end": NIGHT[1]}})


def test_a_wish_beside_an_open_offer_answers_no_offer() -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    for text in ("raat ko message mat karo", "don't message me before 9", "message any time"):
        [effect] = handle_message(State(), incoming(text), facts).effects
        assert isinstance(effect, EditProfile)


def test_hours_of_their_own_stay_where_the_night_is_quiet_already() -> None:
    own = (dt.time(23), dt.time(6))
    facts = context(profile=replace(SETTLED, quiet_hours=own))
    [effect] = handle_message(State(), incoming("raat ko message mat karo"), facts).effects
    assert effect == EditProfile({"quiet_hours": {"start": own[0], "end": own[1]}})
    turn = handle_message(State(), incoming("no messages from 11 am to 10 am"), facts)
    assert not turn.effects
    assert [say.text for say in turn.replies] == ["quiet_now"]


def test_an_answer_that_says_no_hours_is_asked_anew_and_then_by_a_human() -> None:
    state = State(ask=Ask.QUIET)
    texts = []
    for _ in range(3):
        turn = handle_message(state, incoming("qwertz"), context(profile=SETTLED))
        texts.append([say.text for say in turn.replies])
        state = turn.state
    assert texts == [
        ["ask_quiet_again"],
        ["stuck", "ask_quiet_again"],
        ["handed_over_amid", "ask_quiet_again"],
    ]


@pytest.mark.parametrize("text", ["no", "nahi", "rehne do", "Leave it as it is"])
def test_the_question_can_be_left(text: str) -> None:
    turn = handle_message(State(ask=Ask.QUIET), incoming(text), context(profile=SETTLED))
    assert [say.text for say in turn.replies] == ["kept"]
    assert turn.state.ask is Ask.NOTHING
    assert not turn.effects


def test_somebody_without_an_account_has_no_quiet_hours_yet() -> None:
    turn = handle_message(State(), incoming("raat ko message mat karo"), context(profile=None))
    assert not any(isinstance(effect, EditProfile) for effect in turn.effects)
