"""A correction of a job never turns into something else: English, Hindi, Hinglish."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dialogue.employer.posting import draft_of
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Turn
from app.nlu.job_draft import Draft
from app.nlu.job_request import read
from tests.infra.sweeps import examples
from tests.support.dialogue import EMPLOYERS, context, incoming

TODAY = dt.date(2026, 11, 25)
"""A Wednesday."""
FACTS = replace(
    context(profile=None, employers=[EMPLOYERS[0]]), now=dt.datetime(2026, 11, 25, 6, tzinfo=dt.UTC)
)
LINE = "3 waiters, every day 9am-6pm, bandra, 600 per day from tomorrow"
BEFORE: dict[str, Any] = read(LINE, TODAY, city="Mumbai").as_json()


def begun(line: str = LINE) -> State:
    return handle_message(State(persona=str(EMPLOYERS[0].id)), incoming(line), FACTS).state


READ_BACK = begun()


def answer(text: str, state: State = READ_BACK) -> Turn:
    return handle_message(state, incoming(text), FACTS)


def changed(turn: Turn) -> dict[str, Any]:
    """What of the job is not as it was, with a place by its name."""
    known = turn.state.draft["job"]
    found = {
        name: known.get(name) for name in {*known, *BEFORE} if known.get(name) != BEFORE.get(name)
    }
    if found.get("place"):
        found["place"] = found["place"]["name"]
    return found


@pytest.mark.parametrize(
    "text",
    """
रविवार नहीं
रविवार को नहीं
रविवार को छोड़कर
not sunday
no sunday
no work on sunday
except sunday
sunday off
sunday chhod ke
sunday ko nahi
sunday ki chhutti rahegi
no wait, sunday not
remove sunday
every day except sunday
sunday nahi saturday
""".strip().splitlines(),
)
def test_a_day_that_is_denied_is_taken_out(text: str) -> None:
    turn = answer(text)
    assert turn.state.ask is Ask.JOB_RIGHT
    assert changed(turn) == {"days": [0, 1, 2, 3, 4, 5]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("saturday and sunday off", {"days": [0, 1, 2, 3, 4]}),
        ("not tomorrow", {"starts_on": "2026-11-27"}),
        ("kal nahi", {"starts_on": "2026-11-27"}),
        ("make it 5", {"people": 5}),
        ("make it 5 people", {"people": 5}),
        ("दस लोग कर दो", {"people": 10}),
        ("add 2 more", {"people": 5}),
        ("2 aur", {"people": 5}),
        ("aur 2 log chahiye", {"people": 5}),
        ("2 less", {"people": 1}),
        ("3 nahi 4 log", {"people": 4}),
        ("no, 5 people", {"people": 5}),
        ("500 nahi 600 nahi 700", {"amount": 70_000}),
        ("make it 700", {"amount": 70_000}),
        ("pay 700 kar do", {"amount": 70_000}),
        ("increase pay to 700", {"amount": 70_000}),
        ("पैसा 650 कर दो", {"amount": 65_000}),
        ("15k per month", {"amount": 1_500_000, "per": "month"}),
        ("place dadar", {"place": "Dadar"}),
        ("change place to andheri", {"place": "Andheri"}),
        ("in Dadar", {"place": "Dadar"}),
        ("dadar", {"place": "Dadar"}),
        ("bandra nahi dadar", {"place": "Dadar"}),
        ("waiter nahi cook", {"skill": "cook"}),
        ("make it 10 to 6", {"spans": [[-1, 600, 1080]]}),
    ],
)
def test_a_correction_changes_what_it_names_and_nothing_else(
    text: str, told: dict[str, Any]
) -> None:
    turn = answer(text)
    assert turn.state.ask is Ask.JOB_RIGHT
    assert changed(turn) == told


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("pay", Ask.JOB_PAY),
        ("no pay", Ask.JOB_PAY),
        ("will pay daily", Ask.JOB_PAY),
        ("salary monthly dunga", Ask.JOB_PAY),
        ("वेतन रोज", Ask.JOB_PAY),
        ("payment har hafte", Ask.JOB_PAY),
        ("change place", Ask.JOB_PLACE),
        ("jagah badlo", Ask.JOB_PLACE),
        ("bandra nahi", Ask.JOB_PLACE),
        ("not waiter", Ask.JOB_ROLE),
        ("place zzzzqqqq", Ask.JOB_PLACE),
        ("edit", Ask.JOB_CHANGE),
        ("none", Ask.JOB_CHANGE),
        ("kuch nahi", Ask.JOB_CHANGE),
    ],
)
def test_what_is_only_named_is_asked_for(text: str, ask: Ask) -> None:
    turn = answer(text)
    assert (turn.state.ask, changed(turn)) == (ask, {})


@pytest.mark.parametrize(
    "text",
    """
not today
aaj nahi
no wait
wait
no smoking
not dadar
make it
make it nice
hmm ok
kya hua
video
compu
make
""".strip().splitlines(),
)
def test_what_nobody_can_read_changes_nothing(text: str) -> None:
    assert changed(answer(text)) == {}


def test_how_often_it_is_paid_hides_nothing_else() -> None:
    turn = answer("pay daily in andheri")
    assert turn.state.ask is Ask.JOB_PAY
    assert set(changed(turn)) == {"place"}
    assert draft_of(answer("pay negotiable per day").state).pay_open


def test_who_is_asked_for_the_pay_and_names_only_that_is_not_asked_for_ever() -> None:
    turn = answer("will pay daily")
    assert turn.state.ask is Ask.JOB_PAY
    for misses in (1, 2):
        turn = answer("pay something per day", turn.state)
        assert turn.state.misses == misses
    assert answer("pay five hundred per day", turn.state).state.ask is not Ask.JOB_PAY


@pytest.mark.parametrize("text", ["looks good?", "done?", "sab theek hai?", "ok?", "good", "great"])
def test_a_question_or_a_courtesy_posts_nothing(text: str) -> None:
    assert answer(text).effects == ()


def test_a_place_that_is_only_heard_is_asked() -> None:
    turn = answer("जगह दादर कर दो")
    assert turn.state.ask is Ask.JOB_WHICH_PLACE
    assert draft_of(turn.state).places[0]["name"] == "Dadar"


@pytest.mark.parametrize("text", ["kuch nahi", "none", "no", "nahi", "no pay"])
def test_no_pay_said_is_pay_to_be_agreed(text: str) -> None:
    state = begun("3 waiters, saturday 9am-6pm, bandra")
    assert state.ask is Ask.JOB_PAY
    turn = answer(text, state)
    assert turn.state.ask is Ask.JOB_RIGHT
    assert draft_of(turn.state).pay_open
    assert draft_of(turn.state).place == draft_of(state).place


@pytest.mark.parametrize("text", ["none", "kuch nahi", "make it 3", "wait", "no idea", "edit"])
def test_small_words_are_no_place_where_one_is_asked_for(text: str) -> None:
    state = begun("2 cooks, saturday 9am-6pm, 600 per day")
    assert state.ask is Ask.JOB_PLACE
    draft = draft_of(answer(text, state).state)
    assert (draft.place, draft.places, draft.skill) == (None, (), "cook")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("need 2 drivers tomorrow in dadar", {"skill": "car_driver", "people": 2}),
        ("urgent need cook dadar 15k per month", {"skill": "cook", "people": None}),
        ("driver needed saturday", {"skill": "car_driver", "people": None}),
    ],
)
def test_a_whole_new_request_takes_nothing_from_the_job_before(
    text: str, told: dict[str, Any]
) -> None:
    turn = answer(text)
    assert next(say.text for say in turn.replies) == "job_anew"
    draft = draft_of(turn.state)
    assert {name: getattr(draft, name) for name in told} == told
    assert draft.spans == ()


@pytest.mark.parametrize("text", ["cook", "waiter, 5 people", "3 waiters needed", "5 waiters"])
def test_a_change_of_role_or_number_begins_no_new_job(text: str) -> None:
    turn = answer(text)
    assert "job_anew" not in [say.text for say in turn.replies]
    assert draft_of(turn.state).spans == draft_of(READ_BACK).spans


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("cook daily 9-5 bandra sunday off 12000/month", (0, 1, 2, 3, 4, 5)),
        ("waiter, every day but not monday, 10-6", (1, 2, 3, 4, 5, 6)),
        ("cook chahiye roz 9-5, रविवार नहीं", (0, 1, 2, 3, 4, 5)),
        ("waiter every day 10-6, no smoking", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_a_first_message_may_take_days_out_too(text: str, days: tuple[int, ...]) -> None:
    assert read(text, TODAY).days == days


def test_a_note_keeps_its_not() -> None:
    assert read("cook, saturday 10-6, Bandra, no smoking", TODAY).note == "no smoking"


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(
        st.sampled_from(
            "not no nahi mat off except 3 500 wait make it aur kam more add none edit pay nothing "
            "sunday kal aaj please do kar to the".split()
        ),
        min_size=1,
        max_size=5,
    ).map(" ".join)
)
def test_small_words_numbers_and_nots_set_no_name(text: str) -> None:
    kept = answer(text).state.draft.get("job", BEFORE)
    known = Draft.from_json(kept)
    if "job" in answer(text).state.draft:
        assert (known.skill, known.place, known.places) == ("waiter", BEFORE["place"], ())
