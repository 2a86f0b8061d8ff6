"""Ten people register in words alone, each in their own way, and none of them meets a dead end."""

from functools import cache

import pytest

from app.dialogue import effects as fx
from app.dialogue.state import Ask
from tests.nlu.corpus_measure.expectation import parse
from tests.nlu.corpus_measure.judge import Verdict, judge
from tests.nlu.corpus_measure.lines import corpus
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation

MOST_MESSAGES = 16
"""Eleven questions, two of them confirmations, and a few that are asked again."""
_SAID_AT = {
    Ask.CONSENT: "consent",
    Ask.NAME: "name",
    Ask.SKILLS: "skills",
    Ask.SKILLS_RIGHT: "yes",
    Ask.LOCATION: "place",
    Ask.DISTANCE: "distance",
    Ask.EXPERIENCE: "experience",
    Ask.AVAILABILITY: "hours",
    Ask.AVAILABILITY_RIGHT: "yes",
}
"""What a person says at each question: an answer with this fact or act."""


@cache
def _answers(language, ask):
    """Return lines that answer a question, and are understood."""
    wanted = _SAID_AT[ask]
    found = []
    for line in corpus():
        if (line.side, line.question, line.language) != ("worker", ask.value, language):
            continue
        said = [{*one.facts, *one.acts} for one in parse(line.expected)]
        if all(wanted in one for one in said) and judge(line).verdict is Verdict.RIGHT:
            found.append(line.text)
    return found


def _next_text(person, language, number):
    asked = person.situation.state.ask
    if asked is Ask.LANGUAGE:
        return {"en": "english", "messy": "english"}.get(language, "hindi")
    if asked is Ask.WHICH_PLACE:
        return None
    answers = _answers(language, asked)
    return answers[number % len(answers)]


@pytest.mark.parametrize("number", [0, 7, 23])
@pytest.mark.parametrize("language", ["en", "hi", "hinglish", "messy"])
def test_a_worker_registers_in_words(language, number):
    person = Person(situation("worker", "first", language))
    said = [{"hi": "नमस्ते", "hinglish": "namaste"}.get(language, "hello")]
    turn = person.write(said[0])
    while not any(reply.text == "registered" for reply in turn.replies):
        assert len(said) < MOST_MESSAGES, said
        text = _next_text(person, language, number)
        turn = person.tap("place:0") if text is None else person.write(text)
        said.append(text)
        assert not any(isinstance(effect, fx.RequestHandoff) for effect in turn.effects), said
    profile = person.situation.context.profile
    assert profile is not None
    assert profile.name
    assert profile.skills
    assert profile.located
    assert profile.slots
