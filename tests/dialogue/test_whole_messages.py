"""A message that says more than what was asked: its facts are kept, read back, and asked for no more."""

from typing import Any

import pytest

from app.dialogue import effects as fx
from app.dialogue.state import Ask, State
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation

WHOLE = "hi i am Ravi 24 cook from Thane free weekends"


def stranger() -> Person:
    return Person(situation("worker", "first", "en"))


def stored(person: Person) -> dict[str, Any]:
    """Return every change of the profile, and the hours, that any turn stored."""
    found: dict[str, Any] = {}
    for turn in person.turns:
        for effect in turn.effects:
            if isinstance(effect, fx.EditProfile):
                found |= effect.changes
            if isinstance(effect, fx.SetWeeklyHours):
                found["slots"] = effect.slots
    return found


def asked(person: Person) -> Ask:
    return person.turns[-1].state.ask


# ── Before the consent ───────────────────────────────────────────────────────────────────────────


def test_who_tells_everything_at_once_is_asked_for_consent_distance_and_experience_only() -> None:
    person = stranger()
    person.write(WHOLE)
    questions = [asked(person)]
    person.tap("consent:yes")
    questions.append(asked(person))
    person.write("10 km")
    questions.append(asked(person))
    last = person.write("2 years")
    assert questions == [Ask.CONSENT, Ask.DISTANCE, Ask.EXPERIENCE]
    assert [reply.text for reply in last.replies] == ["registered"]
    found = stored(person)
    assert (found["name"], found["skills"]) == ("Ravi", ["cook"])
    assert {"location", "slots", "max_distance_km", "experience_years"} <= found.keys()


def test_nothing_is_stored_before_the_consent() -> None:
    person = stranger()
    person.write(WHOLE)
    assert stored(person) == {}
    kinds = {type(effect) for turn in person.turns for effect in turn.effects}
    assert kinds == {fx.CreateWorker, fx.SetLanguage}
    kept = person.turns[-1].state
    assert State.from_json(kept.as_json()) == kept
    assert kept.said["name"] == "Ravi"


def test_after_the_consent_one_message_reads_back_what_was_understood() -> None:
    person = stranger()
    person.write(WHOLE)
    turn = person.tap("consent:yes")
    noted = turn.replies[0]
    assert noted.text == "noted"
    facts = noted.params["facts"]
    assert (facts["name"], facts["skills"], facts["place"]) == (
        "Ravi",
        ["cook"],
        "Thane, Maharashtra",
    )
    assert turn.state.said == {}


@pytest.mark.parametrize("refusal", ["consent:no", "consent:minor"])
def test_whoever_refuses_leaves_nothing_behind(refusal: str) -> None:
    person = stranger()
    person.write(WHOLE)
    turn = person.tap(refusal)
    assert turn.state == State()
    assert any(isinstance(effect, fx.ForgetPerson) for effect in turn.effects)


def test_an_age_under_eighteen_that_was_said_before_outweighs_the_yes() -> None:
    person = stranger()
    person.write("mera naam Ravi hai, 16 saal ka hu, cook")
    turn = person.tap("consent:yes")
    assert [reply.text for reply in turn.replies] == ["minor"]
    assert stored(person) == {}


def test_facts_beside_the_yes_count_and_no_half_sentence_agrees() -> None:
    person = stranger()
    person.write("hi")
    person.tap("language:en")
    turn = person.write("I am a cook from Thane")
    assert [reply.text for reply in turn.replies] == ["facts_wait", "ask_consent"]
    turn = person.write("yes, my name is Ravi")
    assert any(isinstance(effect, fx.GiveConsent) for effect in turn.effects)
    assert stored(person)["name"] == "Ravi"
    assert stored(person)["skills"] == ["cook"]
    assert asked(person) is Ask.DISTANCE


def test_a_doubtful_home_is_proposed_when_its_question_comes() -> None:
    person = stranger()
    person.write("ravi 24 cook andheri weekends")
    person.tap("language:en")
    person.tap("consent:yes")
    assert asked(person) is Ask.WHICH_PLACE
    assert "location" not in stored(person)
    assert stored(person)["name"] == "ravi"


@pytest.mark.parametrize(
    ("text", "language"),
    [(WHOLE, "en"), ("main cook hoon, Thane mein rehta hoon", "hi"), ("मैं कुक हूँ", "hi")],
)
def test_who_tells_of_themselves_is_answered_in_their_language(text: str, language: str) -> None:
    person = stranger()
    turn = person.write(text)
    assert turn.language == language
    assert turn.replies[0].text == "language_guessed"


def test_a_greeting_or_a_wish_for_work_is_asked_for_the_language() -> None:
    for text in ("hi", "mujhe kaam chahiye", "I need a job"):
        assert stranger().write(text).state.ask is Ask.LANGUAGE


# ── At a question ────────────────────────────────────────────────────────────────────────────────


def at(question: str) -> Person:
    return Person(situation("worker", question, "en"))


def test_an_answer_fills_what_was_asked_and_then_adds() -> None:
    person = at("name")
    turn = person.write("Sunita, Thane, cook")
    assert stored(person)["name"] == "Sunita"
    assert stored(person)["skills"] == ["cook"]
    assert "location" in stored(person)
    assert asked(person) is Ask.DISTANCE
    assert turn.replies[0].text == "noted"


def test_what_answers_another_question_is_kept_and_the_question_asked_again() -> None:
    person = at("location")
    turn = person.write("10 km")
    assert stored(person) == {"max_distance_km": 10.0}
    assert [reply.text for reply in turn.replies] == ["noted", "ask_location"]
    person.write("Thane")
    assert asked(person) is Ask.EXPERIENCE


def test_a_home_and_a_distance_are_read_from_one_message() -> None:
    person = at("location")
    person.write("dadar mumbai 10 km tak ja sakta hu")
    assert stored(person)["max_distance_km"] == 10.0
    assert "location" in stored(person)
    assert asked(person) is Ask.EXPERIENCE


def test_skills_with_more_beside_them_are_confirmed_first() -> None:
    person = at("name")
    person.write("I am Deepak, I can cook and drive")
    assert stored(person) == {"name": "Deepak"}
    assert asked(person) is Ask.SKILLS_RIGHT


def test_who_tells_name_and_age_hires_nobody() -> None:
    assert stranger().write("ravi 24 cook andheri weekends").state.ask is Ask.LANGUAGE
