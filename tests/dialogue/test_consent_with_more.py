"""A yes to the question for consent in everyday words, and a yes with which something is asked."""

import pytest

from app.dialogue import effects as fx
from app.dialogue.state import Ask
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation


def asked_for_consent() -> Person:
    return Person(situation("worker", "consent", "en"))


def agreed(person: Person) -> bool:
    return any(isinstance(e, fx.GiveConsent) for turn in person.turns for e in turn.effects)


@pytest.mark.parametrize(
    "text",
    [
        *("ya im 19", "yea sure", "ya", "bilkul", "ok fine lets go", "sure why not"),
        *("haan 18 se upar hu", "yes i am 20 years old and i agree", "ji haan main sehmat hu"),
        "हाँ जी मैं 20 साल की हूँ",
    ],
)
def test_a_plain_yes_agrees_and_tells_nothing_else(text: str) -> None:
    person = asked_for_consent()
    turn = person.write(text)
    assert agreed(person)
    assert turn.state.ask is Ask.NAME
    assert {type(effect) for effect in turn.effects} == {fx.GiveConsent}


@pytest.mark.parametrize(
    ("text", "answer"),
    [("yes. how much will i earn?", "faq_pay"), ("yes, what work is there?", "faq_jobs")],
)
def test_a_yes_with_a_question_of_its_own_agrees_and_is_answered(text: str, answer: str) -> None:
    person = asked_for_consent()
    turn = person.write(text)
    assert agreed(person)
    assert [reply.text for reply in turn.replies] == [answer, "ask_name"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("haan ji, par pehle batao koi paisa lagega?", ["faq_free"]),
        ("yes but is it free?", ["faq_free"]),
        ("हाँ, पर कोई पैसा तो नहीं लगेगा?", ["faq_free"]),
        ("haan lekin mera number kisi ko mat dena", ["faq_number"]),
        ("haan par kya ye fraud to nahi?", ["faq_safe"]),
        ("ok but who are you", ["faq_who"]),
        ("haan agar free hai to", []),
    ],
)
def test_a_yes_with_a_but_is_answered_and_asked_again(text: str, answer: list[str]) -> None:
    person = asked_for_consent()
    turn = person.write(text)
    assert not agreed(person)
    assert [reply.text for reply in turn.replies] == [*answer, "ask_agree"]
    person.write("haan")
    assert agreed(person)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("kaun hai ye? pehle details do", "faq_who"),
        ("who are you? first give details", "faq_who"),
        ("kyu chahiye number", "faq_number"),
        ("no why you need my number", "faq_number"),
    ],
)
def test_who_asks_first_is_answered_and_asked_again(text: str, answer: str) -> None:
    person = asked_for_consent()
    turn = person.write(text)
    assert not turn.effects
    assert [reply.text for reply in turn.replies] == [answer, "ask_consent"]
    assert not turn.state.misses


@pytest.mark.parametrize(
    "text", ["do", "and", "ya nahi", "not sure", "yes no", "maybe", "karo ya na karo"]
)
def test_what_is_no_certain_yes_agrees_to_nothing(text: str) -> None:
    person = asked_for_consent()
    assert not person.write(text).effects


@pytest.mark.parametrize(
    "text", ["done but im 16", "haan, mai 16 ka hu", "i agree but i am under 18"]
)
def test_a_yes_of_somebody_under_age_counts_for_nothing(text: str) -> None:
    person = asked_for_consent()
    assert [type(effect) for effect in person.write(text).effects] == [fx.ForgetPerson]
