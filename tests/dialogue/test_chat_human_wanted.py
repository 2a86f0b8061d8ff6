"""While a human is wanted, nobody meets silence who still talks to the bot."""

from dataclasses import replace

import pytest

from app.core.week import Slot
from app.dialogue.effects import (
    AnswerOffer,
    EditProfile,
    HandBack,
    ListContactHolders,
    RequestHandoff,
    Start,
)
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Turn
from app.messaging.inbound import Inbound, InboundKind
from app.offers.rules import OfferStatus
from tests.support.dialogue import OFFER, PROFILE, context, incoming, offer, tap


def test_start_is_answered_also_where_a_human_was_wanted() -> None:
    facts = context(
        stopped=True, in_handoff=True, profile=replace(PROFILE, slots=[Slot(0, 540, 1020)])
    )
    turn = handle_message(State(), incoming("start"), facts)
    assert turn.effects == (Start(), HandBack())
    assert [say.text for say in turn.replies] == ["started", "menu"]
    turn = handle_message(State(), incoming("start"), replace(facts, taken_over=True))
    assert turn.effects == (Start(),)
    assert [say.text for say in turn.replies] == ["started", "human_called"]


DONE = replace(PROFILE, slots=[Slot(0, 540, 1020)])
AT_DISTANCE = State(
    ask=Ask.DISTANCE, answered=frozenset({Ask.NAME}), registering=True, handoff_announced=True
)


def said_of(turn: Turn) -> list[str]:
    return [say.text for say in turn.replies]


@pytest.mark.parametrize("why", ["asked", "not_understood", "taken"])
@pytest.mark.parametrize("inbound", [incoming("menu"), incoming("bot"), tap("menu:open")])
def test_who_calls_the_bot_back_has_it_back(why: str, inbound: Inbound) -> None:
    turn = handle_message(
        State(), inbound, context(in_handoff=True, handoff_reason=why, profile=DONE)
    )
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
    facts = context(in_handoff=True, handoff_reason=why, profile=DONE)
    for told in (False, True):
        turn = handle_message(State(handoff_announced=told), incoming(text), facts)
        assert said_of(turn) == [reply]
        assert not turn.effects
        assert turn.state.handoff_announced is told


def test_who_has_the_number_is_told_while_a_human_is_wanted() -> None:
    for why in ("asked", "not_understood", "safety"):
        turn = handle_message(
            AT_DISTANCE, incoming("who has my number"), context(in_handoff=True, handoff_reason=why)
        )
        assert turn.effects == (ListContactHolders(),)


@pytest.mark.parametrize("inbound", [incoming("10 km"), tap("distance:10")])
def test_an_answer_that_fits_the_open_question_counts_while_a_human_is_wanted(
    inbound: Inbound,
) -> None:
    edit = EditProfile({"max_distance_km": 10})
    for why, effects, told in (
        ("asked", (edit,), ["ask_experience"]),
        ("safety", (edit,), ["ask_experience"]),
        # Both understand each other again: nobody has to come.
        ("not_understood", (HandBack(), edit), ["handed_back", "ask_experience"]),
    ):
        turn = handle_message(AT_DISTANCE, inbound, context(in_handoff=True, handoff_reason=why))
        assert (turn.effects, said_of(turn)) == (effects, told)


@pytest.mark.parametrize(
    "text", ["please come", "hello?", "ok", "👍", "what a day", "qwertz 98 asdf"]
)
def test_what_is_no_answer_is_said_to_the_human(text: str) -> None:
    for ask in (Ask.DISTANCE, Ask.AVAILABILITY, Ask.SKILLS_RIGHT, Ask.CONSENT, Ask.NAME):
        state = State(ask=ask, registering=True, handoff_announced=True)
        facts = context(in_handoff=True, handoff_reason="asked")
        assert handle_message(state, incoming(text), facts) == Turn(state)


@pytest.mark.parametrize(
    "text", ["my manager is rude", "please send somebody quickly", "Anil Kumar"]
)
def test_own_words_are_no_name_while_a_human_was_asked_for(text: str) -> None:
    state = State(ask=Ask.NAME, registering=True, handoff_announced=True)
    assert handle_message(
        state, incoming(text), context(in_handoff=True, handoff_reason="asked")
    ) == Turn(state)


def test_whom_the_bot_gave_up_on_at_their_name_may_tell_it() -> None:
    state = State(ask=Ask.NAME, registering=True, handoff_announced=True)
    turn = handle_message(
        state, incoming("Anil Kumar"), context(in_handoff=True, handoff_reason="not_understood")
    )
    assert turn.effects == (HandBack(), EditProfile({"name": "Anil Kumar"}))


def test_a_voice_note_is_answered_every_time_while_a_human_is_wanted() -> None:
    for told in (False, True):
        turn = handle_message(
            State(handoff_announced=told),
            incoming(kind=InboundKind.MEDIA),
            context(in_handoff=True),
        )
        assert said_of(turn) == ["cannot_read", "human_called"]
    assert not handle_message(
        State(), incoming(kind=InboundKind.MEDIA), context(in_handoff=True, taken_over=True)
    ).replies


def test_who_asks_for_a_human_again_hears_that_one_is_called() -> None:
    facts = context(in_handoff=True, handoff_reason="not_understood")
    turn = handle_message(State(handoff_announced=True), incoming("human"), facts)
    assert (said_of(turn), turn.effects) == (["human_called"], (RequestHandoff("asked"),))
    asked = handle_message(
        State(handoff_announced=True), incoming("human"), replace(facts, handoff_reason="asked")
    )
    assert (said_of(asked), asked.effects) == (["human_called"], ())


def test_once_a_human_was_there_words_are_theirs_and_taps_the_bots() -> None:
    facts = context(in_handoff=True, attended=True, handoff_reason="asked")
    assert handle_message(AT_DISTANCE, incoming("10 km"), facts) == Turn(AT_DISTANCE)
    assert handle_message(AT_DISTANCE, tap("distance:10"), facts).effects


def test_who_waits_for_a_human_is_told_so_once_and_whom_one_holds_hears_them_alone() -> None:
    facts = context(in_handoff=True)
    told = handle_message(State(), incoming("anybody there?"), facts)
    assert [say.text for say in told.replies] == ["human_called"]
    assert not handle_message(told.state, incoming("hello?"), facts).replies
    there = replace(facts, taken_over=True)
    assert handle_message(State(), incoming("offers"), there) == Turn(State())
    assert not handle_message(told.state, incoming("qwertz"), context()).state.handoff_announced


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("haan aa jaunga", AnswerOffer(OFFER, "accept")),
        ("yes", AnswerOffer(OFFER, "accept")),
        ("no, too far", AnswerOffer(OFFER, "reject", "far")),
        ("nahi", AnswerOffer(OFFER, "reject")),
    ],
)
def test_an_offer_is_answered_in_words_while_a_human_is_wanted(
    text: str, answer: AnswerOffer
) -> None:
    facts = context(in_handoff=True, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(handoff_announced=True), incoming(text), facts)
    assert turn.effects == (answer,)
    assert turn.state.handoff_announced
    # Once one was there, a yes may be meant for them.
    assert not handle_message(
        State(handoff_announced=True), incoming(text), replace(facts, attended=True)
    ).effects


@pytest.mark.parametrize("text", ["what a day", "time nahi hai", "maybe"])
def test_small_talk_while_a_human_is_wanted_answers_no_offer(text: str) -> None:
    facts = context(in_handoff=True, open_offers=[offer(OfferStatus.OFFERED)])
    assert handle_message(State(handoff_announced=True), incoming(text), facts) == Turn(
        State(handoff_announced=True)
    )


@pytest.mark.parametrize("text", ["ok", "theek hai", "👍"])
def test_an_ok_to_the_only_offer_is_asked_with_one_tap_while_a_human_is_wanted(text: str) -> None:
    facts = context(in_handoff=True, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(handoff_announced=True), incoming(text), facts)
    assert [say.text for say in turn.replies] == ["offer_yes_right"]
    assert not turn.effects


def test_of_several_offers_it_is_asked_which_while_a_human_is_wanted() -> None:
    facts = context(in_handoff=True, open_offers=[offer(OfferStatus.OFFERED)] * 2)
    turn = handle_message(State(handoff_announced=True), incoming("yes"), facts)
    assert [say.text for say in turn.replies] == ["which_offer"]
    withdrawn = handle_message(
        State(handoff_announced=True),
        incoming("take it back"),
        context(in_handoff=True, accepted_offers=[offer(OfferStatus.ACCEPTED)]),
    )
    assert withdrawn.effects == (AnswerOffer(OFFER, "withdraw"),)


def test_a_tap_or_a_quotation_answers_an_offer_also_where_a_human_is() -> None:
    one = offer(OfferStatus.OFFERED)
    facts = context(in_handoff=True, taken_over=True, attended=True, open_offers=[one], offer=one)
    accepted = (AnswerOffer(OFFER, "accept"),)
    assert handle_message(State(), tap(f"offer:{OFFER}:accept"), facts).effects == accepted
    assert handle_message(State(), incoming("yes"), replace(facts, quoted=True)).effects == accepted
