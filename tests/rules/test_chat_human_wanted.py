"""While a human is wanted, nobody meets silence who still talks to the bot."""

from dataclasses import replace

import pytest

from app.core.week import Slot
from app.dialogue.model import (
    Answer,
    Ask,
    Edit,
    HandBack,
    HandOver,
    Start,
    State,
    TellWhoKnows,
    Turn,
)
from app.dialogue.router import handle_message
from app.messaging.inbound import Inbound, InboundKind
from app.offers.rules import OfferStatus
from tests.rules.test_chat_script import OFFER, PROFILE, context, heard, offer, tap


def test_start_is_answered_also_where_a_human_was_wanted() -> None:
    facts = context(stopped=True, paused=True, profile=replace(PROFILE, slots=[Slot(0, 540, 1020)]))
    turn = handle_message(State(), heard("start"), facts)
    assert turn.effects == (Start(), HandBack())
    assert [say.text for say in turn.replies] == ["started", "menu"]
    turn = handle_message(State(), heard("start"), replace(facts, held=True))
    assert turn.effects == (Start(),)
    assert [say.text for say in turn.replies] == ["started", "human_called"]


DONE = replace(PROFILE, slots=[Slot(0, 540, 1020)])
AT_DISTANCE = State(
    ask=Ask.DISTANCE, answered=frozenset({Ask.NAME}), registering=True, told_of_human=True
)


def said_of(turn: Turn) -> list[str]:
    return [say.text for say in turn.replies]


@pytest.mark.parametrize("why", ["asked", "not_understood", "taken"])
@pytest.mark.parametrize("inbound", [heard("menu"), heard("bot"), tap("menu:open")])
def test_who_calls_the_bot_back_has_it_back(why: str, inbound: Inbound) -> None:
    turn = handle_message(State(), inbound, context(paused=True, wanted_for=why, profile=DONE))
    assert turn.effects == (HandBack(),)
    assert said_of(turn) == ["handed_back", "menu"]


ANSWERED = """
offers: no_offers
offers please: no_offers
kaam chahiye: no_offers
profile: profile
help: help
please help me: help
mujhe madad chahiye: help
मुझे मदद चाहिए: help
ye fraud hai kya: faq_safe
kitna milega: faq_pay
is it free?: faq_free
""".strip().splitlines()


@pytest.mark.parametrize(("text", "reply"), [line.split(": ") for line in ANSWERED])
@pytest.mark.parametrize("why", ["asked", "safety"])
def test_what_the_bot_can_answer_it_does_and_the_human_stays_called(
    text: str, reply: str, why: str
) -> None:
    facts = context(paused=True, wanted_for=why, profile=DONE)
    for told in (False, True):
        turn = handle_message(State(told_of_human=told), heard(text), facts)
        assert said_of(turn) == [reply]
        assert not turn.effects
        assert turn.state.told_of_human is told


def test_who_has_the_number_is_told_while_a_human_is_wanted() -> None:
    for why in ("asked", "not_understood", "safety"):
        turn = handle_message(
            AT_DISTANCE, heard("who has my number"), context(paused=True, wanted_for=why)
        )
        assert turn.effects == (TellWhoKnows(),)


@pytest.mark.parametrize("inbound", [heard("10 km"), tap("distance:10")])
def test_an_answer_that_fits_the_open_question_counts_while_a_human_is_wanted(
    inbound: Inbound,
) -> None:
    edit = Edit({"max_distance_km": 10})
    for why, effects, told in (
        ("asked", (edit,), ["ask_experience"]),
        ("safety", (edit,), ["ask_experience"]),
        # Both understand each other again: nobody has to come.
        ("not_understood", (HandBack(), edit), ["handed_back", "ask_experience"]),
    ):
        turn = handle_message(AT_DISTANCE, inbound, context(paused=True, wanted_for=why))
        assert (turn.effects, said_of(turn)) == (effects, told)


@pytest.mark.parametrize(
    "text", ["please come", "hello?", "ok", "👍", "what a day", "qwertz 98 asdf"]
)
def test_what_is_no_answer_is_said_to_the_human(text: str) -> None:
    for ask in (Ask.DISTANCE, Ask.AVAILABILITY, Ask.SKILLS_RIGHT, Ask.CONSENT, Ask.NAME):
        state = State(ask=ask, registering=True, told_of_human=True)
        facts = context(paused=True, wanted_for="asked")
        assert handle_message(state, heard(text), facts) == Turn(state)


@pytest.mark.parametrize(
    "text", ["my manager is rude", "please send somebody quickly", "Anil Kumar"]
)
def test_own_words_are_no_name_while_a_human_was_asked_for(text: str) -> None:
    state = State(ask=Ask.NAME, registering=True, told_of_human=True)
    assert handle_message(state, heard(text), context(paused=True, wanted_for="asked")) == Turn(
        state
    )


def test_whom_the_bot_gave_up_on_at_their_name_may_tell_it() -> None:
    state = State(ask=Ask.NAME, registering=True, told_of_human=True)
    turn = handle_message(
        state, heard("Anil Kumar"), context(paused=True, wanted_for="not_understood")
    )
    assert turn.effects == (HandBack(), Edit({"name": "Anil Kumar"}))


def test_a_voice_note_is_answered_every_time_while_a_human_is_wanted() -> None:
    for told in (False, True):
        turn = handle_message(
            State(told_of_human=told), heard(kind=InboundKind.MEDIA), context(paused=True)
        )
        assert said_of(turn) == ["cannot_read", "human_called"]
    assert not handle_message(
        State(), heard(kind=InboundKind.MEDIA), context(paused=True, held=True)
    ).replies


def test_who_asks_for_a_human_again_hears_that_one_is_called() -> None:
    facts = context(paused=True, wanted_for="not_understood")
    turn = handle_message(State(told_of_human=True), heard("human"), facts)
    assert (said_of(turn), turn.effects) == (["human_called"], (HandOver("asked"),))
    asked = handle_message(
        State(told_of_human=True), heard("human"), replace(facts, wanted_for="asked")
    )
    assert (said_of(asked), asked.effects) == (["human_called"], ())


def test_once_a_human_was_there_words_are_theirs_and_taps_the_bots() -> None:
    facts = context(paused=True, attended=True, wanted_for="asked")
    assert handle_message(AT_DISTANCE, heard("10 km"), facts) == Turn(AT_DISTANCE)
    assert handle_message(AT_DISTANCE, tap("distance:10"), facts).effects


def test_who_waits_for_a_human_is_told_so_once_and_whom_one_holds_hears_them_alone() -> None:
    facts = context(paused=True)
    told = handle_message(State(), heard("anybody there?"), facts)
    assert [say.text for say in told.replies] == ["human_called"]
    assert not handle_message(told.state, heard("hello?"), facts).replies
    there = replace(facts, held=True)
    assert handle_message(State(), heard("offers"), there) == Turn(State())
    assert not handle_message(told.state, heard("qwertz"), context()).state.told_of_human


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("haan aa jaunga", Answer(OFFER, "accept")),
        ("yes", Answer(OFFER, "accept")),
        ("no, too far", Answer(OFFER, "reject", "far")),
        ("nahi", Answer(OFFER, "reject")),
    ],
)
def test_an_offer_is_answered_in_words_while_a_human_is_wanted(text: str, answer: Answer) -> None:
    facts = context(paused=True, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(told_of_human=True), heard(text), facts)
    assert turn.effects == (answer,)
    assert turn.state.told_of_human
    # Once one was there, a yes may be meant for them.
    assert not handle_message(
        State(told_of_human=True), heard(text), replace(facts, attended=True)
    ).effects


@pytest.mark.parametrize("text", ["ok", "theek hai", "👍", "what a day", "time nahi hai", "maybe"])
def test_small_talk_while_a_human_is_wanted_answers_no_offer(text: str) -> None:
    facts = context(paused=True, open_offers=[offer(OfferStatus.OFFERED)])
    assert handle_message(State(told_of_human=True), heard(text), facts) == Turn(
        State(told_of_human=True)
    )


def test_of_several_offers_it_is_asked_which_while_a_human_is_wanted() -> None:
    facts = context(paused=True, open_offers=[offer(OfferStatus.OFFERED)] * 2)
    turn = handle_message(State(told_of_human=True), heard("yes"), facts)
    assert [say.text for say in turn.replies] == ["which_offer"]
    withdrawn = handle_message(
        State(told_of_human=True),
        heard("take it back"),
        context(paused=True, accepted_offers=[offer(OfferStatus.ACCEPTED)]),
    )
    assert withdrawn.effects == (Answer(OFFER, "withdraw"),)


def test_a_tap_or_a_quotation_answers_an_offer_also_where_a_human_is() -> None:
    one = offer(OfferStatus.OFFERED)
    facts = context(paused=True, held=True, attended=True, open_offers=[one], offer=one)
    accepted = (Answer(OFFER, "accept"),)
    assert handle_message(State(), tap(f"offer:{OFFER}:accept"), facts).effects == accepted
    assert handle_message(State(), heard("yes"), replace(facts, quoted=True)).effects == accepted
