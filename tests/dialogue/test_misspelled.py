"""A message with a slip in it is read once more: shown at once, or proposed where it would change anything."""

import pytest

from app.dialogue import effects as fx
from app.dialogue.state import GUESS, Ask
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation


def person_at(question: str, side: str = "worker") -> Person:
    return Person(situation(side, question, "en"))


@pytest.mark.parametrize(
    ("question", "text", "reply"),
    [
        ("idle", "hepl", "help"),
        ("offer", "menuu", "menu"),
        ("availability", "mondya evning", "ask_availability_right"),
        ("distance", "delte my data", "ask_delete"),
        ("idle", "langauge", "choose_language"),
    ],
)
def test_what_only_shows_something_follows_at_once(question: str, text: str, reply: str) -> None:
    turn = person_at(question).write(text)
    assert turn.effects == ()
    assert reply in {one.text for one in turn.replies}
    assert turn.state.misses == 0


@pytest.mark.parametrize(
    ("question", "text"),
    [
        *(("offer", "acept"), ("offer", "yse"), ("offer", "rejct"), ("delete", "yse")),
        *(
            ("idle", "sotp"),
            ("skills_right", "yse"),
            ("consent", "yse"),
            ("distance", "5 kilometr"),
        ),
        *(("name", "stpo"), ("location", "sotp"), ("skills", "huamn")),
    ],
)
def test_what_would_change_anything_is_proposed_first(question: str, text: str) -> None:
    person = person_at(question)
    turn = person.write(text)
    assert turn.effects == ()
    assert [reply.text for reply in turn.replies] == ["guess_entry"]
    assert turn.state.ask is person.befores[0].state.ask


@pytest.mark.parametrize("answer", ["tap", "yes", "haan"])
def test_a_tap_or_a_yes_takes_the_words(answer: str) -> None:
    person = person_at("offer")
    person.write("accpet")
    proposed = next(one for one in person.tappable() if one.startswith("said:"))
    turn = person.tap(proposed) if answer == "tap" else person.write(answer)
    assert [effect.verb for effect in turn.effects if isinstance(effect, fx.AnswerOffer)] == [
        "accept"
    ]
    assert GUESS not in turn.state.draft


def test_a_no_asks_again_and_accepts_nothing() -> None:
    person = person_at("offer")
    person.write("accpet")
    turn = person.write("no")
    assert turn.effects == ()


def test_the_button_of_an_older_proposal_does_nothing() -> None:
    person = person_at("offer")
    person.write("accpet")
    person.write("menu")
    turn = person.tap("said:accept")
    assert turn.effects == ()
    assert person_at("delete").tap("said:yes").effects == ()


def test_stop_with_a_slip_stops_after_a_tap() -> None:
    person = person_at("idle")
    person.write("sotp")
    assert any(isinstance(effect, fx.Stop) for effect in person.tap("said:stop").effects)


def test_the_third_miss_in_a_row_still_calls_a_human() -> None:
    person = person_at("distance")
    turns = [person.write("5 kilometr") for _ in range(3)]
    assert all(turn.state.ask is Ask.DISTANCE for turn in turns[:2])
    assert any(isinstance(effect, fx.RequestHandoff) for effect in turns[-1].effects)


def test_a_job_is_not_posted_by_a_slip() -> None:
    person = person_at("job_right", "employer")
    turn = person.write("yse")
    assert turn.effects == ()
    assert turn.state.draft.get("job")
