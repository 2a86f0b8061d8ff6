"""Answers to an offer that hold for some of its days only, or at another time, are no answer to all of it."""

import pytest

from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation


def offered() -> Person:
    """Return a worker with an open offer for Saturdays and Sundays."""
    return Person(situation("worker", "offer", "en"))


@pytest.mark.parametrize(
    "text",
    [
        *("sunday ko nahi aa sakta", "sunday ko hi aa sakta hu", "i can come only on sunday"),
        *("i can do only weekdays is that ok?", "monday ko nahi aa paunga"),
    ],
)
def test_an_answer_for_some_days_is_none_to_the_job(text: str) -> None:
    turn = offered().write(text)
    assert [reply.text for reply in turn.replies] == ["offer_days", "offer_so"]
    assert turn.effects == ()


@pytest.mark.parametrize(
    "text",
    [
        *("ok but day after tomorrow not tomorrow", "kal nahi parso", "yes but not tomorrow"),
        *("main 9 baje tak hi kar sakti hu", "theek hai lekin 500 chahiye"),
    ],
)
def test_a_yes_at_another_time_or_pay_accepts_nothing(text: str) -> None:
    turn = offered().write(text)
    assert [reply.text for reply in turn.replies] == ["offer_condition"]
    assert turn.effects == ()


@pytest.mark.parametrize("text", ["weekend par nahi aa sakta", "nahi"])
def test_a_no_to_all_of_it_rejects(text: str) -> None:
    effects = offered().write(text).effects
    assert [effect.verb for effect in effects] == ["reject"]  # type: ignore[attr-defined]
