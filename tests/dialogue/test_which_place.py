"""A list of places is answered in words too: by number, by what stands behind a name, or by another place."""

from dataclasses import replace

import pytest

from app.dialogue.effects import EditProfile
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Turn
from app.nlu import place_phrases
from app.nlu.place_choice import choose_place
from tests.support.dialogue import EMPLOYERS, PROFILE, context, incoming

NOWHERE = context(profile=replace(PROFILE, located=False, place=None))


def listed(name: str) -> State:
    turn = handle_message(State(ask=Ask.LOCATION, registering=True), incoming(name), NOWHERE)
    assert turn.state.ask is Ask.WHICH_PLACE
    return turn.state


def saved(turn: Turn) -> str:
    assert any(isinstance(effect, EditProfile) for effect in turn.effects), turn.replies
    return str(turn.replies[0].params["place"])


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("Andheri", "Andheri West", "Andheri West, Mumbai"),
        ("Andheri", "andheri west mumbai", "Andheri West, Mumbai"),
        ("Andheri", "Andheri West, Mumbai, Maharashtra", "Andheri West, Mumbai"),
        ("Andheri", "andheri mumbai", "Andheri, Mumbai"),
        ("Andheri", "west", "Andheri West, Mumbai"),
        ("Andheri", "2", "Andheri East, Mumbai"),
        ("Andheri", "Pune", "Pune"),
        ("Andheri", "400050", "Bandra West, Mumbai"),
        ("अंधेरी", "अंधेरी ईस्ट मुंबई", "Andheri East, Mumbai"),
        ("Rampur", "Rampur, Himachal Pradesh", "Rampur"),
        ("Rampur", "Lucknow", "Lucknow"),
        ("Gandhi Nagar", "jaipur", "Gandhi Nagar, Jaipur"),
        ("Gandhi Nagar", "gandhi nagar delhi me", "Gandhi Nagar, Delhi"),
        ("Gandhi Nagar", "Gandhinagar Gujarat", "Gandhinagar"),
    ],
)
def test_an_open_list_takes_words_for_an_answer(name: str, text: str, place: str) -> None:
    assert saved(handle_message(listed(name), incoming(text), NOWHERE)).startswith(place)


def test_words_that_several_share_leave_those_to_choose_from() -> None:
    state = listed("Rampur")
    turn = handle_message(state, incoming("Uttar Pradesh"), NOWHERE)
    left = turn.state.draft["places"]
    assert 1 < len(left) < len(state.draft["places"])
    assert {option["state"] for option in left} == {"Uttar Pradesh"}


@pytest.mark.parametrize("text", ["Bandra", "Rampur"])
def test_another_place_with_several_of_its_name_is_asked_anew(text: str) -> None:
    turn = handle_message(listed("Andheri"), incoming(text), NOWHERE)
    assert turn.state.ask is Ask.WHICH_PLACE
    assert turn.state.draft["places"][0]["name"] == text.split(maxsplit=1)[0]


@pytest.mark.parametrize("text", ["0", "9", "99999999999", "zzzz", "", "²", "٣٣"])
def test_what_names_none_of_them_is_none(text: str) -> None:
    assert not choose_place(text, listed("Andheri").draft["places"])


def test_an_employer_answers_the_list_in_words_too() -> None:
    facts = context(profile=None, employers=[EMPLOYERS[0]])
    line = "waiter, saturday 10-6, Gandhi Nagar, 2 people, 150/hour"
    asked = handle_message(State(persona=str(EMPLOYERS[0].id)), incoming(line), facts)
    assert asked.state.ask is Ask.JOB_WHICH_PLACE
    for text in ("Gandhi Nagar, Jaipur, Rajasthan", "jaipur", "4"):
        turn = handle_message(asked.state, incoming(text), facts)
        assert turn.state.draft["job"]["place"]["city"] == "Jaipur"
    turn = handle_message(asked.state, incoming("Andheri West, Mumbai, Maharashtra"), facts)
    assert turn.state.draft["job"]["place"]["name"] == "Andheri West"


def test_of_places_of_one_name_all_over_the_country_none_is_put_in_the_middle() -> None:
    place = place_phrases.find_places("Rampur").place
    assert place is not None
    assert place["at"] == [28.81, 79.027]
