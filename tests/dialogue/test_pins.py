"""The newest location that was sent counts, whatever question is open; who is registered confirms that they move."""

import pytest

from app.dialogue import effects as fx
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Turn
from app.messaging.inbound import InboundKind
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation
from tests.support.dialogue import incoming

MUMBAI, PUNE = (19.0612, 72.8312), (18.5212, 73.8512)


def send(person: Person, at: tuple[float, float]) -> Turn:
    """Send a location, and go on with what follows."""
    pin = incoming(kind=InboundKind.LOCATION, latitude=at[0], longitude=at[1])
    return person._send(pin)


def moved_to(turn: Turn) -> list[float] | None:
    """Return where a turn stores the home."""
    for effect in turn.effects:
        if isinstance(effect, fx.EditProfile) and "location" in effect.changes:
            return [round(degrees, 2) for degrees in effect.changes["location"]]
    return None


@pytest.mark.parametrize("question", ["name", "skills", "distance", "experience", "availability"])
def test_each_location_amid_a_registration_is_the_home(question: str) -> None:
    person = Person(situation("worker", question, "en"))
    asked = person.situation.state.ask
    assert moved_to(send(person, MUMBAI)) == [19.06, 72.83]
    turn = send(person, PUNE)
    assert moved_to(turn) == [18.52, 73.85]
    assert turn.state.ask is asked


@pytest.mark.parametrize("question", ["idle", "new_place", "delete", "offer", "offer_accepted"])
def test_who_is_registered_confirms_the_newest_location(question: str) -> None:
    person = Person(situation("worker", question, "en"))
    assert moved_to(send(person, MUMBAI)) is None
    turn = send(person, PUNE)
    assert turn.state.ask is Ask.NEW_PLACE
    assert [reply.text for reply in turn.replies] == ["use_location"]
    agreed = person.write("yes")
    assert moved_to(agreed) == [18.52, 73.85]


def test_a_location_amid_a_change_of_the_profile_is_confirmed_too() -> None:
    person = Person(situation("worker", "idle", "en"))
    person.tap("edit:skills")
    turn = send(person, PUNE)
    assert moved_to(turn) is None
    assert turn.state.ask is Ask.NEW_PLACE


@pytest.mark.parametrize("question", ["language", "consent"])
def test_a_location_before_the_consent_waits_for_it(question: str) -> None:
    person = Person(situation("worker", question, "en"))
    asked = person.situation.state.ask
    send(person, MUMBAI)
    turn = send(person, PUNE)
    assert not turn.effects
    assert turn.state.ask is asked
    if question == "language":
        person.tap("language:en")
    assert moved_to(person.tap("consent:yes")) == [18.52, 73.85]


def test_no_exact_home_stands_in_the_state() -> None:
    person = Person(situation("worker", "idle", "en"))
    latitude, longitude = send(person, MUMBAI).state.draft["at"]
    assert (latitude, longitude) != MUMBAI


def test_a_report_takes_no_location_for_a_home() -> None:
    before = situation("worker", "report", "en")
    pin = incoming(kind=InboundKind.LOCATION, latitude=PUNE[0], longitude=PUNE[1])
    turn = handle_message(before.state, pin, before.context)
    assert turn.state.ask is not Ask.NEW_PLACE
    assert State.from_json(turn.state.as_json()) == turn.state
