"""While a human is wanted, nobody meets silence who still talks to the bot."""

from dataclasses import replace

import pytest

from app.chat.model import HandBack, Start, State, Turn
from app.chat.script import step
from app.core.week import Slot
from tests.rules.test_chat_script import PROFILE, context, heard


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
