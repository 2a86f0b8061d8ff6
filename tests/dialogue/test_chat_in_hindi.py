"""Who writes Devanagari before choosing a language is answered in Hindi, and the choice stays open."""

import pytest

from app.dialogue.effects import RequestHandoff, SetLanguage
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from tests.support.dialogue import NEWCOMER, context, incoming

ASKED = State(ask=Ask.LANGUAGE, registering=True)
FACTS = context(profile=NEWCOMER, language=None)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("हाँ", "not_understood"),
        ("रमेश", "not_understood"),
        ("क्या यह मुफ़्त है", "faq_free"),
        ("फ्रॉड तो नहीं है?", "faq_safe"),
        ("मदद", "help"),
        ("मालिक ने पैसे नहीं दिए", "help_called"),
    ],
)
def test_devanagari_at_the_language_question_is_answered_in_hindi(text: str, reply: str) -> None:
    turn = handle_message(ASKED, incoming(text), FACTS)
    assert turn.replies[0].text == reply
    assert (turn.effects[0], turn.language) == (SetLanguage("hi"), "hi")
    assert turn.state.ask is Ask.LANGUAGE
    assert [say.text for say in turn.replies[1:]] in (
        [],
        ["choose_language_devanagari"],
        ["choose_language_devanagari_again"],
    )


@pytest.mark.parametrize("text", ["fraud to nhi h na?", "kya hai ye", "qwertz"])
def test_who_began_in_devanagari_is_answered_in_hindi_whatever_follows(text: str) -> None:
    began = handle_message(State(), incoming("नमस्ते"), context(profile=None, language=None))
    assert (began.state.ask, began.language) == (Ask.LANGUAGE, None)
    turn = handle_message(began.state, incoming(text), FACTS)
    assert turn.effects == (SetLanguage("hi"),)


@pytest.mark.parametrize("text", ["fraud to nhi h na?", "hello", "Ramesh", "yes"])
def test_other_letters_choose_nothing(text: str) -> None:
    turn = handle_message(ASKED, incoming(text), FACTS)
    assert not turn.effects
    assert turn.state.ask is Ask.LANGUAGE


@pytest.mark.parametrize("text", ["हिंदी", "अंग्रेज़ी में", "English", "1"])
def test_a_choice_is_a_choice(text: str) -> None:
    turn = handle_message(ASKED, incoming(text), FACTS)
    assert sum(isinstance(effect, SetLanguage) for effect in turn.effects) == 1
    assert turn.state.ask is Ask.CONSENT


def test_the_hand_over_is_told_in_hindi_too() -> None:
    state, facts = ASKED, FACTS
    wanted = []
    for text in ("हाँ", "qwertz", "qwertz"):
        turn = handle_message(state, incoming(text), facts)
        state, facts = turn.state, context(profile=NEWCOMER, language="hi")
        wanted += [effect for effect in turn.effects if isinstance(effect, RequestHandoff)]
    assert wanted == [RequestHandoff("not_understood")]
    asked = handle_message(
        state, incoming("क्या यह मुफ़्त है"), context(profile=NEWCOMER, language="hi")
    )
    assert [say.text for say in asked.replies] == ["language_guessed", "faq_free", "ask_consent"]


def test_a_first_message_that_calls_for_help_is_answered_in_its_script() -> None:
    turn = handle_message(State(), incoming("मुझे डर लग रहा है"), context(profile=None, language=None))
    assert turn.effects == (SetLanguage("hi"), RequestHandoff("safety"))
