"""Morning or evening: hours of a job without am or pm, by words, by the kind of work, else asked."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from app.catalogue import skills
from app.catalogue.usual_hours import UsualHours, usual_hours
from app.dialogue.employer.posting import draft_of
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Turn
from app.nlu.job_draft import Draft
from app.nlu.job_request import read
from tests.support.dialogue import EMPLOYERS, context, incoming, tap

NOW = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
"""A Monday, 11:30 in India."""
FACTS = replace(context(profile=None, employers=[EMPLOYERS[0]]), now=NOW)
IDLE = State(persona=str(EMPLOYERS[0].id))
WHOLE: dict[str, Any] = {
    "place": {
        "name": "Juhu",
        "city": "Mumbai",
        "state": "Maharashtra",
        "at": [19.1, 72.83],
        "zone": "Asia/Kolkata",
    },
    "starts_on": dt.date(2026, 12, 5),
    "ends_on": dt.date(2026, 12, 5),
    "people": 2,
    "amount": 80_000,
    "per": "day",
}


def at(ask: Ask, **draft: Any) -> State:
    return IDLE.at(ask, job=Draft(**{**WHOLE, **draft}).as_json())


def after(state: State, text: str, language: str = "en") -> Turn:
    return handle_message(state, incoming(text), replace(FACTS, language=language))


def hours_of(turn: Turn) -> list[tuple[int, int]]:
    return [(start // 60, end // 60) for _, start, end in draft_of(turn.state).spans]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("catering tonight 8 to 1 Juhu", (20, 1)),
        ("kal raat 10 waiter 7 se 12", (19, 0)),
        ("guard night duty 9 to 9", (21, 9)),
        ("maid morning shift 7 to 11", (7, 11)),
        ("shop helper 10 to 7", (10, 19)),
        ("cook 9 to 5", (9, 17)),
        ("waiter 8 to 4", (8, 16)),
        ("reporting 5 pm, off 11 pm", (17, 23)),
        ("4 hours from 6 pm", (18, 22)),
        ("6 baje se 4 ghante", (18, 22)),
    ],
)
def test_words_say_which_half(text: str, hours: tuple[int, int]) -> None:
    draft = read(text, NOW.date())
    assert [(start // 60, end // 60) for _, start, end in draft.spans] == [hours]
    assert draft.halves == ()


@pytest.mark.parametrize(
    ("skill", "text", "hours"),
    [
        ("waiter", "7 to 11", (19, 23)),
        ("waiter", "8 to 1", (20, 1)),
        ("bartender", "10 to 3", (22, 3)),
        ("home_cleaner", "7 to 11", (7, 11)),
        ("office_cleaner", "8 to 12", (8, 12)),
    ],
)
def test_the_kind_of_work_says_which_half(skill: str, text: str, hours: tuple[int, int]) -> None:
    turn = after(at(Ask.JOB_HOURS, skill=skill), text)
    assert hours_of(turn) == [hours]
    assert turn.state.ask is Ask.JOB_RIGHT
    draft = draft_of(turn.state)
    assert [part for part, _ in draft.unsure] == ["hours"]
    assert f"“{text}”" in str(turn.replies[-1].params["list"])


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize(
    ("answer", "hours"), [("late", (19, 23)), ("early", (7, 11)), ("shaam", (19, 23))]
)
def test_else_it_is_asked_with_two_buttons(
    language: str, answer: str, hours: tuple[int, int]
) -> None:
    asked = after(at(Ask.JOB_HOURS, skill="cook"), "7 to 11", language)
    assert asked.state.ask is Ask.JOB_WHICH_HOURS
    buttons = asked.replies[-1].buttons
    assert buttons is not None
    assert [button.id for button in buttons] == ["post:half:early", "post:half:late"]
    said = incoming(answer) if answer == "shaam" else tap(f"post:half:{answer}")
    turn = handle_message(asked.state, said, replace(FACTS, language=language))
    assert hours_of(turn) == [hours]
    assert turn.state.ask is Ask.JOB_RIGHT
    assert draft_of(turn.state).spans
    assert not draft_of(turn.state).unsure


def test_hours_of_today_that_are_over_mean_the_evening() -> None:
    today = {"starts_on": dt.date(2026, 11, 23), "ends_on": dt.date(2026, 11, 23)}
    turn = after(at(Ask.JOB_HOURS, skill="cook", **today), "6 to 10")
    assert hours_of(turn) == [(18, 22)]


def test_a_second_tap_changes_nothing() -> None:
    asked = after(at(Ask.JOB_HOURS, skill="cook"), "7 to 11")
    first = handle_message(asked.state, tap("post:half:late"), FACTS)
    second = handle_message(first.state, tap("post:half:early"), FACTS)
    assert hours_of(second) == [(19, 23)]


@pytest.mark.parametrize(
    "text", ["subah 9 baje", "9 am", "9 in the morning", "सुबह 9 बजे", "from 9 am"]
)
def test_a_start_alone_asks_until_when(text: str) -> None:
    asked = after(at(Ask.JOB_HOURS, skill="cook"), text)
    assert asked.state.ask is Ask.JOB_HOURS
    assert asked.replies[-1].text == "ask_job_until"
    assert draft_of(asked.state).people == 2
    turn = after(asked.state, "6")
    assert hours_of(turn) == [(9, 18)]


@pytest.mark.parametrize(
    ("text", "hours"), [("from 7", (19, 23)), ("start at 7", (19, 23)), ("till 12", (18, 0))]
)
def test_a_correction_of_the_start_or_the_end_changes_only_that(
    text: str, hours: tuple[int, int]
) -> None:
    turn = after(at(Ask.JOB_RIGHT, skill="waiter", spans=((-1, 18 * 60, 23 * 60),)), text)
    assert hours_of(turn) == [hours]
    assert draft_of(turn.state).people == 2


def test_a_range_of_people_is_read_back_marked() -> None:
    turn = after(
        at(Ask.JOB_PEOPLE, skill="waiter", people=None, spans=((-1, 1080, 1380),)), "2-3 log"
    )
    assert draft_of(turn.state).people == 3
    assert [part for part, _ in draft_of(turn.state).unsure] == ["people"]
    assert "2-3" in str(turn.replies[-1].params["list"])


def test_every_kind_of_work_has_usual_hours() -> None:
    assert {usual_hours(slug) for slug in skills.SKILLS} == set(UsualHours)


def test_an_old_draft_is_still_read() -> None:
    kept = {"skill": "cook", "spans": [[-1, 600, 700]], "halves": [[1]]}
    assert Draft.from_json(kept) == Draft()
    assert Draft.from_json({"skill": "cook"}).halves == ()


@pytest.mark.parametrize("text", ["0 till 0", "from 6 pm, till 6 pm", '0§NEXT WEEK"0TILL'])
def test_a_shift_that_ends_where_it_begins_is_asked(text: str) -> None:
    draft = read(text, NOW.date())
    assert all(start != end for _, start, end in draft.spans)


@pytest.mark.parametrize("text", ["from 11 pm", "till 6 pm"])
def test_no_correction_makes_a_shift_without_hours(text: str) -> None:
    turn = after(at(Ask.JOB_RIGHT, skill="waiter", spans=((-1, 18 * 60, 23 * 60),)), text)
    assert hours_of(turn) == [(18, 23)]
