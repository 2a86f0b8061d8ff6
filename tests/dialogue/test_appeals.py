"""An appeal in the chat: which miss is meant, what happened, and where there is nothing to appeal against."""

from collections.abc import Sequence

import pytest

from app.dialogue.context import Context, Miss, MissAppeal
from app.dialogue.effects import AppealReliability
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Turn
from tests.support.dialogue import SETTLED, context, incoming, render, tap

LATE = Miss("missed:1", "Waiter", "You did not answer the offer “Waiter” (Thu 12 Nov)")
ALIKE = Miss("missed:2", "Waiter", "You did not answer the offer “Waiter” (Thu 12 Nov) (2)")
TAKEN_BACK = Miss("withdrawn:3", "Cook", "You took back your yes to “Cook” (Fri 13 Nov)")
SEVERAL = (TAKEN_BACK, ALIKE, LATE)


def _context(misses: Sequence[Miss] | None) -> Context:
    return context(profile=SETTLED, misses=misses)


def _play(misses: Sequence[Miss] | None, *said: str) -> list[Turn]:
    """Play texts and taps (`[id]`)."""
    state, turns = State(), []
    for text in said:
        sent = tap(text[1:-1]) if text.startswith("[") else incoming(text)
        turns.append(handle_message(state, sent, _context(misses)))
        render(turns[-1], "en")
        state = turns[-1].state
    return turns


def _texts(turn: Turn) -> list[str]:
    return [reply.text for reply in turn.replies]


def _status(miss: Miss, appeal: MissAppeal) -> Miss:
    return Miss(miss.what, miss.title, miss.text, appeal)


def test_of_several_it_is_asked_which_and_the_rows_differ_where_titles_and_days_do_not() -> None:
    [asked] = _play(SEVERAL, "appeal")
    assert _texts(asked) == ["ask_which_miss"]
    rows = asked.replies[0].rows
    assert [row.id for row in rows] == [
        "appeal:withdrawn:3",
        "appeal:missed:2",
        "appeal:missed:1",
        "appeal:score",
    ]
    assert len({row.title for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("choice", "what"),
    [
        ("[appeal:missed:2]", "missed:2"),
        ("2", "missed:2"),
        ("3.", "missed:1"),
        ("2. Waiter", "missed:2"),
        ("[appeal:score]", "score"),
        ("all of these", "score"),
    ],
)
def test_the_chosen_one_is_appealed_against_with_what_happened(choice: str, what: str) -> None:
    turns = _play(SEVERAL, "appeal", choice, "I was in hospital")
    assert _texts(turns[1]) == ["ask_appeal" if what == "score" else "ask_appeal_about"]
    assert turns[2].effects == (AppealReliability("I was in hospital", what),)
    assert turns[2].state.ask is Ask.NOTHING


def test_what_is_told_before_the_choice_is_kept_for_it() -> None:
    turns = _play(SEVERAL, "appeal", "my phone was broken", "[appeal:missed:1]")
    assert _texts(turns[1]) == ["ask_which_miss_kept"]
    assert turns[2].effects == (AppealReliability("my phone was broken", "missed:1"),)


def test_who_goes_on_telling_appeals_against_all_of_them() -> None:
    turns = _play(SEVERAL, "appeal", "my phone was broken", "the whole week")
    assert turns[2].effects == (AppealReliability("my phone was broken\nthe whole week", "score"),)


def test_a_single_miss_is_named_and_nobody_asks_which() -> None:
    turns = _play([LATE], "appeal", "I was in hospital")
    assert _texts(turns[0]) == ["ask_appeal_about"]
    assert turns[1].effects == (AppealReliability("I was in hospital", "missed:1"),)


def test_without_a_miss_that_is_said() -> None:
    [turn] = _play([], "appeal")
    assert _texts(turn) == ["nothing_to_appeal"]
    assert turn.state.ask is Ask.NOTHING


@pytest.mark.parametrize(
    ("appeal", "said"),
    [(MissAppeal.OPEN, "appeal_waits"), (MissAppeal.DECIDED, "appeal_decided")],
)
def test_what_was_appealed_against_already_is_said(appeal: MissAppeal, said: str) -> None:
    [turn] = _play([_status(LATE, appeal)], "appeal")
    assert _texts(turn) == [said]
    assert (turn.state.ask, turn.effects) == (Ask.NOTHING, ())


def test_only_what_is_left_is_asked_about() -> None:
    [turn] = _play([_status(TAKEN_BACK, MissAppeal.OPEN), LATE], "appeal")
    assert turn.state.draft["what"] == "missed:1"


@pytest.mark.parametrize("misses", [[_status(LATE, MissAppeal.OPEN)], [], None])
def test_a_second_tap_does_nothing(misses: Sequence[Miss] | None) -> None:
    [turn] = _play(misses, "[appeal:missed:1]")
    assert _texts(turn) == ["appeal_waits" if misses else "nothing_to_appeal"]
    assert (turn.state.ask, turn.effects) == (Ask.NOTHING, ())


def test_a_tap_on_one_that_is_over_leaves_the_question_about_another_open() -> None:
    over = _status(LATE, MissAppeal.OPEN)
    turns = _play([TAKEN_BACK, over], "appeal", "[appeal:missed:1]", "the bus broke down")
    assert _texts(turns[1]) == ["appeal_waits"]
    assert turns[2].effects == (AppealReliability("the bus broke down", "withdrawn:3"),)


def test_it_can_be_left() -> None:
    for said in ("skip", "cancel"):
        assert _texts(_play(SEVERAL, "appeal", said)[-1]) == ["kept"]


def test_a_newcomer_has_nothing_to_appeal_against() -> None:
    turn = handle_message(State(ask=Ask.SKILLS, registering=True), incoming("appeal"), _context([]))
    assert not turn.effects
