"""First messages: what can't be read, and a language that somebody writes in before they chose one."""

import pytest

from app.dialogue import effects as fx
from app.dialogue.state import Ask
from app.messaging.inbound import Inbound, InboundKind
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import NOW, PHONE, situation


def stranger() -> Person:
    return Person(situation("worker", "first", "en"))


@pytest.mark.parametrize("media", ["voice", "image", "document"])
def test_a_first_voice_note_or_picture_is_told_what_can_be_read(media: str) -> None:
    person = stranger()
    turn = person._send(Inbound("m", InboundKind.MEDIA, NOW, phone_from=PHONE, text=media))
    assert [reply.text for reply in turn.replies] == ["first_unreadable", "choose_language"]
    assert turn.state.ask is Ask.LANGUAGE


@pytest.mark.parametrize("text", ["मुझे काम चाहिए", "mujhe kaam chahiye main Thane mein rehta hoon"])
def test_who_answers_the_question_for_a_language_in_hindi_has_chosen_it(text: str) -> None:
    person = stranger()
    person.write("hi")
    turn = person.write(text)
    assert fx.SetLanguage("hi") in turn.effects
    assert turn.replies[0].text == "language_guessed"
    assert turn.state.ask is Ask.CONSENT


def test_what_was_told_beside_it_is_kept() -> None:
    person = stranger()
    person.write("hi")
    turn = person.write("मेरा नाम सुनीता है, मैं खाना बनाती हूँ")
    assert turn.state.said["name"] == "सुनीता"
    assert turn.state.ask is Ask.CONSENT


def test_an_english_greeting_chooses_nothing() -> None:
    person = stranger()
    person.write("hi")
    assert person.write("hello").state.ask is Ask.LANGUAGE


@pytest.mark.parametrize("question", ["distance", "experience", "skills", "location"])
@pytest.mark.parametrize("text", ["sorry time 6 se 10 hai", "time galat hai, shaam 6 se 10 karo"])
def test_hours_corrected_at_another_question_are_no_answer_to_it(question: str, text: str) -> None:
    person = Person(situation("worker", question, "en"))
    before = person.situation.state.ask
    turn = person.write(text)
    [effect] = turn.effects
    assert isinstance(effect, fx.SetWeeklyHours)
    assert {(slot.start, slot.end) for slot in effect.slots} == {(18 * 60, 22 * 60)}
    assert turn.replies[0].text == "noted"
    assert turn.state.ask is before


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Raj. mon to fri 6 to 9pm", "Raj"),
        ("name raj mon to fri evening", "raj"),
        ("i am S. K. Rao. cook", "S. K. Rao"),
        ("Md. Imran Khan. driver", "Md. Imran Khan"),
        ("name Priya weekends only", "Priya"),
    ],
)
def test_a_name_ends_where_a_sentence_or_a_day_begins(text: str, name: str) -> None:
    person = Person(situation("worker", "name", "en"))
    person.write(text)
    stored = [e.changes for t in person.turns for e in t.effects if isinstance(e, fx.EditProfile)]
    assert {change["name"] for change in stored if "name" in change} == {name}


@pytest.mark.parametrize("question", ["distance", "experience"])
@pytest.mark.parametrize("text", ["im 21, yes", "haan main 21 ka hu", "i am 21"])
def test_an_age_said_again_is_no_distance_and_no_experience(question: str, text: str) -> None:
    assert Person(situation("worker", question, "en")).write(text).effects == ()


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["hi", "kaam hai kya", "any job"], "en"),
        (["hi", "kaam hai kya", "ok"], "hi"),
        (["hello", "koi kaam milega", "haan"], "hi"),
        (["Good morning sir", "hello", "hello sir"], "en"),
        (["नमस्ते", "हाँ", "मीना"], "hi"),
        (["hi", "i am raju 26 delivery bike andheri east"], "en"),
        (["hi", "cook"], "en"),
        (["namaste bhaiya kaam chahiye", "koi kaam hai", "haan 35 saal"], "hi"),
        (["namaste", "jhadu pocha karti hu thane me"], "hi"),
    ],
)
def test_nobody_is_asked_for_a_language_a_third_time(texts: list[str], language: str) -> None:
    person = stranger()
    *_, turn = [person.write(text) for text in texts]
    assert turn.state.ask is Ask.CONSENT
    assert language in {person.situation.context.language, turn.language}
    assert not any(isinstance(effect, fx.GiveConsent) for t in person.turns for effect in t.effects)


def test_a_command_at_the_language_question_is_followed_however_often_it_was_asked() -> None:
    person = stranger()
    for text in ("hi", "kaam hai kya"):
        person.write(text)
    asked = person.write("human")
    assert any(isinstance(effect, fx.RequestHandoff) for effect in asked.effects)


@pytest.mark.parametrize("media", ["voice", "image"])
def test_a_voice_note_in_place_of_a_language_is_answered_in_both(media: str) -> None:
    person = stranger()
    person.write("hi")
    turn = person._send(Inbound("m", InboundKind.MEDIA, NOW, phone_from=PHONE, text=media))
    assert [reply.text for reply in turn.replies] == ["first_unreadable", "choose_language"]


@pytest.mark.parametrize("text", ["5 saal", "7 years", "8 साल"])
def test_years_of_work_at_the_question_for_consent_are_no_childs_age(text: str) -> None:
    turn = Person(situation("worker", "consent", "en")).write(text)
    assert turn.effects == ()
    assert "minor" not in [reply.text for reply in turn.replies]


@pytest.mark.parametrize("text", ["i am 8", "16", "umar 9 saal", "15 saal"])
def test_who_is_under_age_is_turned_away(text: str) -> None:
    turn = Person(situation("worker", "consent", "en")).write(text)
    assert [reply.text for reply in turn.replies] == ["minor"]
