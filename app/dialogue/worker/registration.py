"""Opening and closing the questions of a registration. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.core.week import Slot
from app.dialogue.context import Context
from app.dialogue.effects import Effect, SetPhone
from app.dialogue.state import GUESS, REGISTRATION, Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import QUESTIONS, ask_this_name
from app.texts.formatting import quiet_param, slot_params
from app.texts.message import Button


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


# ── Changes of a profile, one after the other ────────────────────────────────────────────────────


def open_change(
    state: State, context: Context, said: Mapping[str, Any]
) -> tuple[State, Reply] | None:
    """Read the first of these facts back for one tap, and keep the others for afterwards; None where there is none.

    `said` are facts as `SaidFacts.as_json` returns them.
    """
    fact = next((name for name in _CHANGED_IN_ORDER if said.get(name) not in (None, "", [])), None)
    if fact is None:
        return None
    later = {name: value for name, value in said.items() if name != fact}
    then = {_LATER: later} if any(name in later for name in _CHANGED_IN_ORDER) else {}
    value = said[fact]
    match fact:
        case "slots":
            return open_question(state, Ask.AVAILABILITY_RIGHT, context, slots=value, **then)
        case "skills":
            return open_question(state, Ask.SKILLS_RIGHT, context, skills=value, **then)
        case "name":
            return state.at(Ask.NAME, offered=value, **then), ask_this_name(context, str(value))
        case "distance_km":
            tap, reply = f"distance:{value:g}", Reply("guess_distance", {"distance_km": value})
            return _with_guess(state.at(Ask.DISTANCE, **then), context, tap, reply)
        case _:
            tap, reply = f"years:{value}", Reply("guess_years", {"years": value})
            return _with_guess(state.at(Ask.EXPERIENCE, **then), context, tap, reply)


_CHANGED_IN_ORDER: Final = ("slots", "skills", "distance_km", "years", "name")
_LATER: Final = "then"
"""Where a draft keeps the facts that are read back once the open question is closed."""


def later_changes(state: State) -> dict[str, Any]:
    """Return what the draft of the next question keeps of changes that are still to be read back."""
    return {_LATER: state.draft[_LATER]} if _LATER in state.draft else {}


def keep_for_later(state: State, said: Mapping[str, Any]) -> State:
    """Return the state with facts that are read back once its open question is closed."""
    if state.ask is Ask.NOTHING or not any(name in said for name in _CHANGED_IN_ORDER):
        return state
    return replace(state, draft={**state.draft, _LATER: {**state.draft.get(_LATER, {}), **said}})


def _with_guess(state: State, context: Context, tap: str, reply: Reply) -> tuple[State, Reply]:
    """Return the question whether one value was meant; a typed yes is its tap."""
    (_, yes), (no, another) = context.text(reply.text).buttons.items()
    buttons = [Button(tap, yes), Button(no, another)]
    asked = replace(state, draft={**state.draft, GUESS: tap})
    return asked, replace(reply, buttons=buttons)


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
        another = open_change(state, context, message.state.draft.get(_LATER) or {})
        if another is not None:
            return Turn(another[0], (*closing, another[1]), effects, language)
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
