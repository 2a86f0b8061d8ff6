"""A registered worker changes hours, skills, home and distance by writing; what was read is confirmed by one tap."""

import pytest

from app.core.week import Slot
from app.dialogue import effects as fx
from app.dialogue.state import Ask
from app.dialogue.turn import Turn
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation

WEEK = [Slot(day, 18 * 60, 22 * 60) for day in range(5)]
SUNDAY = [Slot(6, 0, 12 * 60), Slot(6, 12 * 60, 0)]
WEEKEND = [Slot(5, 0, 12 * 60), Slot(5, 12 * 60, 0), *SUNDAY]


def registered(language: str = "en", where: str = "idle") -> Person:
    """Return a waiter in Dadar who is free Monday to Friday, 18 to 22."""
    return Person(situation("worker", where, language))


def slots(turn: Turn) -> list[Slot]:
    return [Slot(*slot) for slot in turn.state.draft.get("slots", [])]


def stored(person: Person) -> dict[str, object]:
    found: dict[str, object] = {}
    for turn in person.turns:
        for effect in turn.effects:
            if isinstance(effect, fx.EditProfile):
                found |= effect.changes
            if isinstance(effect, fx.SetWeeklyHours):
                found["slots"] = list(effect.slots)
    return found


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("ab sirf weekend", WEEKEND),
        ("now only weekends", WEEKEND),
        ("अब सिर्फ़ शनिवार रविवार", WEEKEND),
        ("sunday also", [*WEEK, *SUNDAY]),
        ("sunday bhi free hoon", [*WEEK, *SUNDAY]),
        ("monday ko nahi aa sakta", WEEK[1:]),
        ("i cant work on monday", WEEK[1:]),
        ("सोमवार को नहीं आ सकता", WEEK[1:]),
        ("ab shaam 6 ke baad hi free hu", [Slot(day, 18 * 60, 0) for day in range(5)]),
        ("time 5 se 9 kar do", [Slot(day, 17 * 60, 21 * 60) for day in range(5)]),
        ("raat 8 ke baad nahi kar sakta", [Slot(day, 18 * 60, 20 * 60) for day in range(5)]),
    ],
)
def test_hours_are_read_back_and_stored_by_one_tap(text: str, week: list[Slot]) -> None:
    person = registered()
    turn = person.write(text)
    assert (turn.state.ask, slots(turn), turn.effects) == (Ask.AVAILABILITY_RIGHT, week, ())
    person.tap("free:yes")
    assert stored(person) == {"slots": week}


@pytest.mark.parametrize("text", ["sunday ko nahi aa sakta", "i cant work on saturday"])
def test_a_day_that_is_free_of_work_already_changes_nothing(text: str) -> None:
    turn = registered().write(text)
    assert [reply.text for reply in turn.replies] == ["hours_known"]
    assert turn.state.ask is Ask.NOTHING


@pytest.mark.parametrize("text", ["kal nahi aa sakta", "i can't come tomorrow"])
def test_a_single_day_changes_no_week(text: str) -> None:
    turn = registered().write(text)
    assert [reply.text for reply in turn.replies] == ["day_off"]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("time badal do", Ask.AVAILABILITY),
        ("mera time change karna hai", Ask.AVAILABILITY),
        ("can i change my timings?", Ask.AVAILABILITY),
        ("समय बदलना है", Ask.AVAILABILITY),
        ("skills change karni hai", Ask.SKILLS),
        ("jagah badalni hai", Ask.LOCATION),
        ("distance change karna hai", Ask.DISTANCE),
        ("change my name", Ask.NAME),
    ],
)
def test_a_wish_to_change_something_asks_for_it(text: str, question: Ask) -> None:
    assert registered().write(text).state.ask is question


def test_where_somebody_moved_to_is_stored_and_told() -> None:
    person = registered()
    turn = person.write("i hav shifted to hsr layout now")
    assert [reply.text for reply in turn.replies] == ["noted"]
    assert "location" in stored(person)


def test_a_place_with_namesakes_is_asked_about() -> None:
    assert registered().write("main ab Andheri mein rehta hoon").state.ask is Ask.WHICH_PLACE


@pytest.mark.parametrize("text", ["15 km tak aa sakta hu", "distance 15 km kar do"])
def test_a_distance_is_proposed(text: str) -> None:
    person = registered()
    assert person.write(text).effects == ()
    person.write("haan")
    assert stored(person) == {"max_distance_km": 15.0}


def test_another_skill_is_read_back() -> None:
    person = registered()
    person.write("ab main driver ka kaam bhi karunga")
    person.tap("skills:yes")
    assert stored(person) == {"skills": ["waiter", "car_driver"]}


def test_several_facts_are_confirmed_one_after_the_other() -> None:
    person = registered()
    person.write("ab main Thane me rehta hu, weekend free aur 15 km tak ja sakta hu")
    person.tap("free:yes")
    person.write("haan")
    found = stored(person)
    assert (found["slots"], found["max_distance_km"]) == ([*WEEK, *WEEKEND], 15.0)
    assert "location" in found
    assert person.turns[-1].state.ask is Ask.NOTHING


def test_what_was_read_back_waits_for_another_change_in_between() -> None:
    person = registered()
    person.write("sunday also")
    assert person.write("15 km tak aa sakta hu").state.ask is Ask.DISTANCE
    assert person.write("haan").state.ask is Ask.AVAILABILITY_RIGHT
    person.tap("free:yes")
    assert stored(person) == {"max_distance_km": 15.0, "slots": [*WEEK, *SUNDAY]}


@pytest.mark.parametrize(
    "text",
    ["sunday", "kaam nahi mil raha", "कोई फ़ोन नहीं आया", "waiter ka kaam hai?", "kal free hu"],
)
def test_other_talk_changes_no_profile(text: str) -> None:
    turn = registered().write(text)
    assert turn.effects == ()
    assert turn.state.ask is Ask.NOTHING


def test_while_an_offer_waits_words_are_about_it() -> None:
    turn = registered(where="offer").write("sunday ko nahi aa sakta")
    assert turn.state.ask is not Ask.AVAILABILITY_RIGHT
    assert turn.effects == ()
