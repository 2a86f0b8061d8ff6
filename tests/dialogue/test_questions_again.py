"""A question that was not answered is asked in other words, says how to get out, and the third time calls a human."""

import pytest

from app.dialogue.effects import RequestHandoff
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.texts.catalogue import get_catalogue
from tests.support.dialogue import SETTLED, context, incoming, render

PLACE = {"name": "Juhu", "city": "Mumbai", "state": "Maharashtra", "at": [19.11, 72.82]}
OPEN = [
    State(ask=Ask.CONSENT, registering=True),
    State(ask=Ask.SKILLS, registering=True),
    State(ask=Ask.SKILLS_RIGHT, registering=True, draft={"skills": ["waiter"]}),
    State(ask=Ask.LOCATION, registering=True),
    State(ask=Ask.WHICH_PLACE, registering=True, draft={"places": [PLACE]}),
    State(ask=Ask.WHICH_PLACE, registering=True, draft={"places": [PLACE, PLACE]}),
    State(ask=Ask.DISTANCE, registering=True),
    State(ask=Ask.EXPERIENCE, registering=True),
    State(ask=Ask.AVAILABILITY, registering=True),
    State(ask=Ask.AVAILABILITY_RIGHT, registering=True, draft={"slots": [[0, 540, 1020]]}),
    State(ask=Ask.QUIET),
]
OUT = {"en": "*human*", "hi": "*इंसान*"}


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("state", OPEN, ids=lambda state: f"{state.ask}{len(state.draft)}")
def test_a_question_is_repeated_in_other_words_and_the_third_time_by_a_human(
    state: State, language: str
) -> None:
    facts = context(profile=SETTLED, language=language)
    chat = get_catalogue(language).chat
    turns = []
    for _ in range(3):
        turns.append(handle_message(state, incoming("blorp zxcv"), facts))
        render(turns[-1], language)
        state = turns[-1].state
    said = [[reply.text for reply in turn.replies] for turn in turns]
    for texts in said[:2]:
        assert any(OUT[language] in chat[text].text for text in texts), texts
    assert said[1][0] == "stuck"
    assert said[2][0] == "handed_over_amid"
    assert turns[2].effects == (RequestHandoff("not_understood"),)


@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_repeated_question_says_how_to_get_out(language: str) -> None:
    chat = get_catalogue(language).chat
    again = [name for name in chat if name.endswith("_again") and name != "faq_again"]
    assert len(again) > 25
    ways = (OUT[language], "*human*", "*cancel*", "*no*", "*रद्द*", "*नहीं*")
    assert [name for name in again if not any(way in chat[name].text for way in ways)] == []
