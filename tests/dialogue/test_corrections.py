"""What was told before is corrected in words at any later question, and changes only what the words name."""

from typing import Any

import pytest

from app.dialogue import effects as fx
from app.dialogue.state import Ask
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation

LATER = ("distance", "experience", "availability", "idle")
"""Questions after the name, the skills and the home (Asha, a waiter in Dadar, Mumbai); and none."""


def changes(person: Person, text: str) -> dict[str, Any]:
    """Return what a text stored of the profile, and that it was read back."""
    turn = person.write(text)
    found: dict[str, Any] = {}
    for effect in turn.effects:
        assert isinstance(effect, fx.EditProfile)
        found |= effect.changes
    if found:
        assert turn.replies[0].text == "noted"
    return found


@pytest.mark.parametrize("question", LATER)
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("naam galat hai, Sunita likho", "Sunita"),
        ("my name is spelled Sunitha", "Sunitha"),
        ("name is wrong, it is Anil Kumar", "Anil Kumar"),
        ("change my name to Sunita Devi", "Sunita Devi"),
        ("नाम गलत है, सुनीता लिखो", "सुनीता"),
        ("Asha nahi, Usha", "Usha"),
    ],
)
def test_a_name_is_corrected(question: str, text: str, name: str) -> None:
    person = Person(situation("worker", question, "en"))
    before = person.situation.state.ask
    assert changes(person, text) == {"name": name}
    assert person.turns[-1].state.ask is before


@pytest.mark.parametrize("question", LATER)
@pytest.mark.parametrize(
    "text", ["change my place to Thane", "not Dadar, Thane", "jagah galat hai, Thane likho"]
)
def test_a_home_is_corrected(question: str, text: str) -> None:
    person = Person(situation("worker", question, "en"))
    assert changes(person, text).keys() == {"location"}
    assert person.turns[-1].replies[0].params["facts"]["place"] == "Thane, Maharashtra"


def test_a_doubtful_new_home_is_proposed() -> None:
    person = Person(situation("worker", "idle", "en"))
    turn = person.write("change my place to Andheri")
    assert not turn.effects
    assert turn.state.ask is Ask.WHICH_PLACE


def test_a_skill_is_replaced_at_a_later_question() -> None:
    person = Person(situation("worker", "distance", "en"))
    assert changes(person, "waiter nahi, cook") == {"skills": ["cook"]}


def test_numbers_are_corrected_by_what_they_were() -> None:
    person = Person(situation("worker", "idle", "en"))
    assert changes(person, "2 nahi 5 saal") == {"experience_years": 5}
    assert changes(person, "10 nahi 15 km") == {"max_distance_km": 15.0}


def test_what_is_only_said_to_be_wrong_is_asked_for() -> None:
    person = Person(situation("worker", "idle", "en"))
    assert person.write("naam galat hai").state.ask is Ask.NAME
    assert person.write("Sunita").effects == (fx.EditProfile({"name": "Sunita"}),)


@pytest.mark.parametrize("text", ["main ab Thane mein rehta hu", "I live in Thane now"])
def test_who_moved_says_so(text: str) -> None:
    person = Person(situation("worker", "idle", "en"))
    assert changes(person, text).keys() == {"location"}


def test_a_new_skill_is_read_back_beside_the_known_ones() -> None:
    person = Person(situation("worker", "idle", "en"))
    turn = person.write("add cook")
    assert turn.state.ask is Ask.SKILLS_RIGHT
    assert turn.state.draft["skills"] == ["waiter", "cook"]


@pytest.mark.parametrize(
    "text",
    ["is my name wrong?", "nahi", "not now", "galat hai", "no problem", "I worked in Pune", "10"],
)
@pytest.mark.parametrize("question", LATER)
def test_what_names_nothing_changes_no_name_skill_or_home(question: str, text: str) -> None:
    person = Person(situation("worker", question, "en"))
    person.write(text)
    stored = [effect for effect in person.turns[-1].effects if isinstance(effect, fx.EditProfile)]
    assert not any(effect.changes.keys() & {"name", "skills", "location"} for effect in stored)
