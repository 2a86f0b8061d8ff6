"""How far somebody goes: kilometres, and no PIN code that was meant for the place."""

import pytest

from app.dialogue.effects import EditProfile
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from tests.support.dialogue import context, incoming

ASKED = State(
    ask=Ask.DISTANCE, answered=frozenset({Ask.NAME}), registering=True, draft={}, misses=1
)


@pytest.mark.parametrize(
    "text",
    [
        "400028",
        "400 028",
        "400-050",
        "4000 58",
        "४००० ५८",
        "४०० ०५८",
        "pin 400058",
        "my pin code is 400 058",
    ],
)
def test_a_pin_code_corrects_the_place_and_the_distance_is_asked_again(text: str) -> None:
    turn = handle_message(ASKED, incoming(text), context())
    [effect] = turn.effects
    assert isinstance(effect, EditProfile)
    assert set(effect.changes) == {"location"}
    assert [say.text for say in turn.replies] == ["place_corrected", "ask_distance"]
    assert (turn.state.ask, turn.state.misses) == (Ask.DISTANCE, 0)


def test_a_pin_code_nobody_knows_changes_nothing() -> None:
    turn = handle_message(ASKED, incoming("999 999"), context())
    assert [say.text for say in turn.replies] == ["pin_unknown", "ask_distance"]
    assert not turn.effects


@pytest.mark.parametrize(
    ("text", "km"),
    [
        ("10", 10),
        ("10 km", 10),
        ("5-10 km", 10),
        ("5 10 km", 10),
        ("das pandrah km", 15),
        ("pachas km tak", 50),
        ("१०० किमी", 100),
        ("ek sau km", 100),
        ("10 km from my place", 10),
    ],
)
def test_kilometres_are_kilometres(text: str, km: int) -> None:
    assert handle_message(ASKED, incoming(text), context()).effects == (
        EditProfile({"max_distance_km": km}),
    )


@pytest.mark.parametrize("text", ["428 km", "101", "400 450", "99999 km", "0 km", "20 5"])
def test_what_is_not_to_be_believed_is_asked_again(text: str) -> None:
    turn = handle_message(ASKED, incoming(text), context())
    assert not any(
        isinstance(e, EditProfile) and "max_distance_km" in e.changes for e in turn.effects
    )
    assert turn.state.ask is Ask.DISTANCE
