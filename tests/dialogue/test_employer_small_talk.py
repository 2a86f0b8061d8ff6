"""An employer's small talk names no work, and a list can be answered in words."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from app.dialogue.employer.job_questions import job_values
from app.dialogue.employer.posting import draft_of
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Turn
from app.nlu.job_draft import Draft
from tests.support.dialogue import EMPLOYERS, context, incoming, tap

FACTS = replace(
    context(profile=None, employers=[EMPLOYERS[0]]), now=dt.datetime(2026, 11, 25, 6, tzinfo=dt.UTC)
)
IDLE = State(persona=str(EMPLOYERS[0].id))


def after(text: str, state: State = IDLE) -> Turn:
    return handle_message(state, incoming(text), FACTS)


def asked(ask: Ask, **draft: Any) -> State:
    return IDLE.at(ask, job=Draft(**draft).as_json())


@pytest.mark.parametrize(
    "text",
    """
no
no thanks
thanks
thank you so much
dhanyavaad
बहुत धन्यवाद
theek hai bhai
ok thanks
i will tell you later
sorry wrong number
nobody came
pay for all
send me all contacts
kitne log mile
""".strip().split("\n"),
)
def test_small_talk_begins_no_job(text: str) -> None:
    turn = after(text)
    assert turn.state.ask not in {Ask.JOB_PLACE, Ask.JOB_DAYS, Ask.JOB_WHICH_PLACE}
    assert draft_of(turn.state).skill is None


@pytest.mark.parametrize(
    ("text", "people"),
    [("i want 5 helpers", 5), ("do ladke chahiye", 2), ("need 3", 3), ("staff chahiye", None)],
)
def test_who_names_no_work_is_asked_which(text: str, people: int | None) -> None:
    turn = after(text)
    assert turn.state.ask in {Ask.JOB_ROLE, Ask.JOB_WHICH_ROLE}
    assert draft_of(turn.state).people == people
    assert turn.replies[-1].rows


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("2", "kitchen_helper"),
        ("the second one", "kitchen_helper"),
        ("doosra wala", "kitchen_helper"),
        ("पहला", "cook"),
        ("helper", "kitchen_helper"),
        ("cook hi chahiye", "cook"),
        ("neither, i need a waiter", "waiter"),
    ],
)
def test_a_role_is_chosen_from_the_list_in_words(text: str, skill: str) -> None:
    turn = after(text, asked(Ask.JOB_WHICH_ROLE, skills=("cook", "kitchen_helper")))
    assert draft_of(turn.state).skill == skill


def test_none_of_the_list_opens_the_question_again() -> None:
    turn = after("none of these", asked(Ask.JOB_WHICH_ROLE, skills=("cook", "kitchen_helper")))
    assert turn.state.ask is Ask.JOB_ROLE
    assert draft_of(turn.state) == Draft()


@pytest.mark.parametrize(
    ("text", "kilometres"),
    [
        ("ten kilometers", 10),
        ("paanch kilometer ke andar", 5),
        ("2-3 km", 3),
        ("kahin se bhi", None),
    ],
)
def test_a_distance_is_read_in_words(text: str, kilometres: float | None) -> None:
    turn = after(text, asked(Ask.JOB_RADIUS, skill="cook", radius_km=7))
    assert draft_of(turn.state).radius_km == kilometres
    assert "not_understood" not in [reply.text for reply in turn.replies]


# ── Asking beyond the radius near the deadline ───────────────────────────────────────────────────

WHOLE: dict[str, Any] = {
    "skill": "cook",
    "place": {"name": "Bandra", "city": "Mumbai", "at": [19.06, 72.83], "zone": "Asia/Kolkata"},
    "days": (6,),
    "weekly": True,
    "spans": ((-1, 540, 1020),),
    "people": 2,
    "pay_open": True,
}


def tapped(payload: str, state: State) -> Turn:
    return handle_message(state, tap(payload), FACTS)


@pytest.mark.parametrize(
    ("limits", "fields"),
    [
        ({"radius_km": 5.0}, ["radius_km"]),
        ({"years": 2}, ["min_experience_years"]),
        ({"radius_km": 5.0, "years": 2}, ["radius_km", "min_experience_years"]),
    ],
)
def test_a_job_with_limits_may_be_widened_by_a_tap_and_back(
    limits: dict[str, Any], fields: Any
) -> None:
    change = tapped("post:change", asked(Ask.JOB_RIGHT, **WHOLE, **limits))
    rows = [row.id for row in change.replies[-1].rows or ()]
    assert "post:widen:yes" in rows
    assert "post:widen:no" not in rows
    wide = tapped("post:widen:yes", change.state)
    assert wide.state.ask is Ask.JOB_RIGHT
    assert job_values(draft_of(wide.state), FACTS)["may_widen"] == fields  # type: ignore[index]
    assert str(wide.replies[-1].params["list"]).count("🔎") == len(fields)
    again = tapped("post:change", wide.state)
    rows = [row.id for row in again.replies[-1].rows or ()]
    assert "post:widen:no" in rows
    assert "post:widen:yes" not in rows
    back = tapped("post:widen:no", again.state)
    assert "may_widen" not in (job_values(draft_of(back.state), FACTS) or {})


def test_a_job_without_limits_offers_nothing_to_widen() -> None:
    change = tapped("post:change", asked(Ask.JOB_RIGHT, **WHOLE))
    rows = [row.id for row in change.replies[-1].rows or ()]
    assert [each for each in rows if each.startswith("post:widen")] == []


BOTH = {"radius_km": 5.0, "years": 2}
FAR, LESS = ["radius_km"], ["min_experience_years"]


def allowed(turn: Turn) -> Any:
    return (job_values(draft_of(turn.state), FACTS) or {}).get("may_widen", [])


@pytest.mark.parametrize(
    ("text", "limits", "fields"),
    [
        ("farther is fine", {"radius_km": 5.0}, FAR),
        ("people from further away are also ok", {"radius_km": 5.0}, FAR),
        ("far also ok no problem", BOTH, FAR),
        ("door wale bhi chalenge", BOTH, FAR),
        ("dur ke log bhi chal jayenge", BOTH, FAR),
        ("thoda door se bhi aa sakte hain", BOTH, FAR),
        ("दूर वाले भी चलेंगे", BOTH, FAR),
        ("freshers are fine too", BOTH, LESS),
        ("kam anubhav wale bhi chalenge", BOTH, LESS),
        ("कम अनुभव वाले भी चलेंगे", BOTH, LESS),
        ("farther is fine and less experience too is ok", BOTH, FAR + LESS),
        ("farther is fine", {"years": 2}, []),
        ("farther is fine", {}, []),
    ],
)
@pytest.mark.parametrize("ask", [Ask.JOB_RIGHT, Ask.JOB_CHANGE])
def test_people_beyond_a_limit_are_allowed_in_words_and_read_back(
    text: str, limits: dict[str, Any], fields: list[str], ask: Ask
) -> None:
    turn = after(text, asked(ask, **WHOLE, **limits))
    assert turn.state.ask is Ask.JOB_RIGHT
    assert allowed(turn) == fields
    assert str(turn.replies[-1].params["list"]).count("🔎") == len(fields)
    assert draft_of(turn.state).radius_km == limits.get("radius_km")


def test_who_was_allowed_in_words_is_refused_in_words() -> None:
    far = after("farther is fine", asked(Ask.JOB_RIGHT, **WHOLE, **BOTH))
    both = after("freshers bhi chalenge", far.state)
    assert allowed(both) == FAR + LESS
    assert allowed(after("door wale nahi chalenge", both.state)) == LESS
    assert allowed(after("not farther", far.state)) == []
    assert allowed(after("दूर वाले नहीं", far.state)) == []


@pytest.mark.parametrize(
    "text",
    ["how far?", "is farther ok?", "within 5 km", "far", "make it 3", "cook for 2 days", "ok fine"],
)
def test_other_words_allow_nobody_else(text: str) -> None:
    assert allowed(after(text, asked(Ask.JOB_RIGHT, **WHOLE, **BOTH))) == []
