"""A question that is open: what keeps it, what closes it, and how often it is asked again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.week import Slot
from app.dialogue.effects import EditProfile, RequestHandoff, SetWeeklyHours
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.worker.conversation import WORKERS_OWN
from app.dialogue.worker.questions import QUESTIONS
from app.messaging.inbound import InboundKind
from tests.support.dialogue import PROFILE, context, incoming, render, tap


@given(
    st.sampled_from(sorted(WORKERS_OWN - {Ask.NOTHING})),
    st.sampled_from([InboundKind.MEDIA, InboundKind.OTHER, InboundKind.REACTION, InboundKind.EDIT]),
    st.booleans(),
)
def test_what_nobody_reads_keeps_the_question_and_what_was_put_together(
    ask: Ask, kind: InboundKind, registering: bool
) -> None:
    draft = {"skills": ["waiter"], "slots": [[0, 540, 1020]], "places": [], "at": [19.0, 72.8]}
    state = State(ask=ask, answered=frozenset({Ask.NAME}), registering=registering, draft=draft)
    turn = handle_message(
        state, incoming(kind=kind), context(profile=replace(PROFILE, has_phone=False))
    )
    assert replace(turn.state, misses=0) == state
    assert not any(isinstance(effect, EditProfile | SetWeeklyHours) for effect in turn.effects)


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("ask", sorted(WORKERS_OWN - {Ask.REPORT, Ask.APPEAL}))
def test_nobody_is_asked_the_same_for_ever(ask: Ask, language: str) -> None:
    draft = {"skills": ["waiter"], "slots": [[0, 540, 1020]], "places": [], "at": [19.0, 72.8]}
    state = State(ask=ask, registering=ask in QUESTIONS, draft=draft)
    asked = replace(PROFILE, has_phone=False, slots=[Slot(0, 540, 1020)])
    facts = context(profile=asked, language=language)
    wanted = False
    for _ in range(3):
        turn = handle_message(state, incoming("qwertz 98 asdf 76 yxcv"), facts)
        render(turn, language)
        state = turn.state
        wanted = any(isinstance(effect, RequestHandoff) for effect in turn.effects)
    assert wanted


@pytest.mark.parametrize("text", ["hello", "why do you want it"])
def test_a_phone_that_the_platform_named_meanwhile_is_asked_for_no_more(text: str) -> None:
    answered = frozenset({Ask.LANGUAGE, Ask.CONSENT, Ask.NAME})
    state = State(ask=Ask.PHONE, registering=True, answered=answered)
    turn = handle_message(state, incoming(text), context(profile=replace(PROFILE, skills=())))
    assert turn.state.ask is Ask.SKILLS
    assert [say.text for say in turn.replies] == ["ask_skills"]


@pytest.mark.parametrize("ask", [Ask.WHICH_PLACE, Ask.SKILLS])
@pytest.mark.parametrize("digits", ["²", "-1", "٣", "9" * 5_000, ""])
def test_a_forged_number_is_no_choice(ask: Ask, digits: str) -> None:
    draft = {"skills": ["waiter"], "places": [{"name": "Pune", "at": [18.5, 73.8]}]}
    for prefix in ("place:", "skills:page:"):
        turn = handle_message(State(ask=ask, draft=draft), tap(prefix + digits), context())
        assert not turn.effects


@pytest.mark.parametrize("ask", sorted(set(Ask) - WORKERS_OWN))
def test_a_question_to_an_employer_who_is_gone_is_open_no_more(ask: Ask) -> None:
    facts = context(profile=replace(PROFILE, slots=[Slot(0, 540, 1020)]))
    turn = handle_message(State(ask=ask), incoming("menu"), facts)
    assert [say.text for say in turn.replies] == ["menu"]
    assert turn.state.ask is Ask.NOTHING
