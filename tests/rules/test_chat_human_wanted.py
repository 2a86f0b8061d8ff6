"""While a human is wanted, nobody meets silence who still talks to the bot."""

from dataclasses import replace

import pytest

from app.chat.model import Answer, HandBack, Start, State, Turn
from app.chat.script import step
from app.core.week import Slot
from app.offers.rules import OfferStatus
from tests.rules.test_chat_script import OFFER, PROFILE, context, heard, offer, tap


def test_start_is_answered_also_where_a_human_was_wanted() -> None:
    facts = context(stopped=True, paused=True, profile=replace(PROFILE, slots=[Slot(0, 540, 1020)]))
    turn = step(State(), heard("start"), facts)
    assert turn.effects == (Start(), HandBack())
    assert [say.text for say in turn.replies] == ["started", "menu"]
    turn = step(State(), heard("start"), replace(facts, held=True))
    assert turn.effects == (Start(),)
    assert [say.text for say in turn.replies] == ["started", "human_called"]


@pytest.mark.parametrize("text", ["offers", "profile", "help", "menu", "offers please"])
def test_a_plain_command_brings_the_bot_back_where_no_human_is_there_yet(text: str) -> None:
    facts = context(paused=True, profile=replace(PROFILE, slots=[Slot(0, 540, 1020)]))
    turn = step(State(), heard(text), facts)
    assert turn.effects == (HandBack(),)
    assert turn.replies[0].text == "handed_back"
    assert len(turn.replies) == 2


def test_who_waits_for_a_human_is_told_so_once_and_whom_one_holds_hears_them_alone() -> None:
    facts = context(paused=True)
    told = step(State(), heard("anybody there?"), facts)
    assert [say.text for say in told.replies] == ["human_called"]
    assert not step(told.state, heard("hello?"), facts).replies
    there = replace(facts, held=True)
    assert step(State(), heard("offers"), there) == Turn(State())
    assert not step(told.state, heard("qwertz"), context()).state.told_of_human


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
    turn = step(State(told_of_human=True), heard(text), facts)
    assert turn.effects == (answer,)
    assert turn.state.told_of_human
    # Once one was there, a yes may be meant for them.
    assert not step(State(told_of_human=True), heard(text), replace(facts, attended=True)).effects


@pytest.mark.parametrize("text", ["ok", "theek hai", "👍", "what a day", "time nahi hai", "maybe"])
def test_small_talk_while_a_human_is_wanted_answers_no_offer(text: str) -> None:
    facts = context(paused=True, open_offers=[offer(OfferStatus.OFFERED)])
    assert step(State(told_of_human=True), heard(text), facts) == Turn(State(told_of_human=True))


def test_of_several_offers_it_is_asked_which_while_a_human_is_wanted() -> None:
    facts = context(paused=True, open_offers=[offer(OfferStatus.OFFERED)] * 2)
    turn = step(State(told_of_human=True), heard("yes"), facts)
    assert [say.text for say in turn.replies] == ["which_offer"]
    withdrawn = step(
        State(told_of_human=True),
        heard("take it back"),
        context(paused=True, accepted_offers=[offer(OfferStatus.ACCEPTED)]),
    )
    assert withdrawn.effects == (Answer(OFFER, "withdraw"),)


def test_a_tap_or_a_quotation_answers_an_offer_also_where_a_human_is() -> None:
    one = offer(OfferStatus.OFFERED)
    facts = context(paused=True, held=True, attended=True, open_offers=[one], offer=one)
    accepted = (Answer(OFFER, "accept"),)
    assert step(State(), tap(f"offer:{OFFER}:accept"), facts).effects == accepted
    assert step(State(), heard("yes"), replace(facts, quoted=True)).effects == accepted
