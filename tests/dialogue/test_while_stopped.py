"""After STOP one line a day says how to come back, only in answer to what somebody writes; nothing else is sent."""

import datetime as dt
from dataclasses import replace

import pytest

from app.dialogue.effects import Start
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation


def stopped(language: str = "en") -> Person:
    return Person(situation("worker", "stopped", language))


def later(person: Person, **duration: int) -> None:
    context = person.situation.context
    now = context.now + dt.timedelta(**duration)
    person.situation = replace(person.situation, context=replace(context, now=now))


def said(person: Person, text: str) -> list[str]:
    return [reply.text for reply in person.write(text).replies]


@pytest.mark.parametrize("text", ["hello", "koi kaam hai?", "haan", "नमस्ते", "menu"])
def test_who_writes_is_told_how_to_come_back(text: str) -> None:
    turn = stopped().write(text)
    assert [(reply.text, reply.essential) for reply in turn.replies] == [("stopped_still", True)]
    assert turn.effects == ()


def test_it_is_told_once_a_day() -> None:
    person = stopped()
    assert said(person, "hello") == ["stopped_still"]
    assert said(person, "are you there?") == []
    later(person, days=1)
    assert said(person, "hello") == ["stopped_still"]


def test_a_second_stop_is_answered_by_nothing() -> None:
    assert said(stopped(), "STOP") == []


def test_a_message_older_than_another_tells_nothing() -> None:
    person = stopped()
    late = replace(person.situation.context, late=True)
    person.situation = replace(person.situation, context=late)
    assert said(person, "hello") == []


def test_start_still_brings_somebody_back() -> None:
    person = stopped()
    said(person, "hello")
    assert Start() in person.write("START").effects


@pytest.mark.parametrize("language", ["en", "hi"])
def test_deletion_is_asked_for_as_before(language: str) -> None:
    assert said(stopped(language), "delete my data") == ["ask_delete"]
