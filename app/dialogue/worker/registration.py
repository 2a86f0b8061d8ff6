"""Opening and closing the questions of a registration. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.core.week import Slot
from app.dialogue.context import Context
from app.dialogue.effects import Effect, SetPhone
from app.dialogue.state import REGISTRATION, Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import QUESTIONS, ask_this_name
from app.texts.formatting import quiet_param, slot_params


def open_question(
    state: State, question: Ask, context: Context, **draft: Any
) -> tuple[State, Reply]:
    """Return the state with this question open, and the question."""
    opened = state.at(question, **draft)
    return opened, QUESTIONS[question].ask(opened, context)


def open_next(state: State, question: Ask, context: Context) -> tuple[State, Reply]:
    """Open the next question of a registration; what was said of it before is proposed."""
    fact = _PROPOSED_AT.get(question, "")
    said = state.said.get(fact)
    if not said:
        return open_question(state, question, context)
    kept = {name: value for name, value in state.said.items() if name != fact}
    state = replace(state, said=kept)
    if question is Ask.LOCATION:
        return open_question(state, Ask.WHICH_PLACE, context, places=said)
    if question is Ask.SKILLS:
        return open_question(state, Ask.SKILLS_RIGHT, context, skills=said)
    return state.at(Ask.NAME, offered=said), ask_this_name(context, str(said))


_PROPOSED_AT: Final[Mapping[Ask, str]] = {
    Ask.NAME: "name",
    Ask.SKILLS: "skills",
    Ask.LOCATION: "places",
}
"""What the state keeps of a fact that is proposed when its question comes."""


def unanswered(state: State, context: Context) -> list[Ask]:
    """Return the questions that neither the profile nor the chat has answered, in order."""
    return [
        question
        for question in REGISTRATION
        if question not in state.answered and not QUESTIONS[question].is_answered(context)
    ]


def close_question(
    message: Incoming,
    question: Ask,
    *effects: Effect,
    before: Sequence[Reply] = (),
    language: str | None = None,
    slots: Sequence[Slot] | None = None,
) -> Turn:
    """Close a question: ask the next one during a registration, else confirm the change."""
    context = message.context
    if language is not None:
        context = replace(context, language=language)
    state = replace(message.state.at(Ask.NOTHING), answered=message.state.answered | {question})
    if not state.registering:
        closing = (*before, Reply("saved")) if effects else (*before,)
        return Turn(state, closing, effects, language)
    following = unanswered(state, context)
    if not following:
        done = replace(state, registering=False)
        reply = Reply("registered", summary(context, slots))
        # Without a phone no offer comes: ask somebody who skipped it once more.
        lacks = context.profile is not None and not context.profile.has_phone
        lacks &= not any(isinstance(effect, SetPhone) for effect in effects)
        closing = (*before, reply, *((Reply("ask_phone"),) if lacks else ()))
        return Turn(done, closing, effects, language)
    opened, reply = open_next(state, following[0], context)
    return Turn(opened, (*before, reply), effects, language)


def summary(context: Context, slots: Sequence[Slot] | None = None) -> Mapping[str, Any]:
    """Return the values of texts about a profile."""
    profile = context.profile
    if profile is None:
        raise ValueError("there is no profile to tell")
    week = profile.slots if slots is None else slots
    unknown = context.word("unknown_place")
    return {
        "name": profile.name,
        "skills": list(profile.skills),
        "place": profile.place or unknown,
        "distance_km": profile.max_distance_km,
        "years": profile.experience_years,
        "slots": slot_params(week),
        "quiet": quiet_param(profile.quiet_hours),
    }


def ask_question(state: State, question: Ask, context: Context, **draft: Any) -> Turn:
    """Return the turn that asks a question."""
    opened, reply = open_question(state, question, context, **draft)
    return Turn(opened, (reply,))
