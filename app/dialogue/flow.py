"""From one question to the next: what every question shares. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from app.core.week import WEEKDAYS, Slot, format_clock
from app.dialogue.context import Context
from app.dialogue.effects import Effect, SetPhone
from app.dialogue.state import REGISTRATION, Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.messaging.inbound import InboundKind
from app.nlu.normalize import split_words
from app.texts import catalogue
from app.texts.message import ROW_TITLE_CHARACTERS


@dataclass(frozen=True, slots=True)
class Question:
    """How a question is asked, and what an answer leads to."""

    ask: Callable[[State, Context], Reply]
    read: Callable[[Incoming], Turn | None]
    done: Callable[[Context], bool] = lambda _context: False
    """Whether the profile answers it already."""


_INDEX_DIGITS: Final = 4

QUESTIONS: Final[dict[Ask, Question]] = {}
"""Every question that changes a profile; `questions` writes the table."""


def ask(state: State, question: Ask, context: Context, **draft: Any) -> tuple[State, Reply]:
    """Open a question and say it."""
    opened = state.at(question, **draft)
    return opened, QUESTIONS[question].ask(opened, context)


def next_unanswered(state: State, context: Context) -> Ask | None:
    """Return the first question of a registration that neither profile nor chat has answered."""
    for question in REGISTRATION:
        if question not in state.answered and not QUESTIONS[question].done(context):
            return question
    return None


def answered(
    message: Incoming,
    question: Ask,
    *effects: Effect,
    before: Sequence[Reply] = (),
    language: str | None = None,
    slots: Sequence[Slot] | None = None,
) -> Turn:
    """Close a question: the next one follows in a registration, else what was changed is saved."""
    context = message.context
    if language is not None:
        context = replace(context, language=language)
    state = replace(message.state.at(Ask.NOTHING), answered=message.state.answered | {question})
    if not state.registering:
        closing = (*before, Reply("saved")) if effects else (*before,)
        return Turn(state, closing, effects, language)
    following = next_unanswered(state, context)
    if following is None:
        done = replace(state, registering=False)
        said = Reply("registered", summary(context, slots))
        # Who skipped it is told once more that no offer comes without it.
        lacks = context.profile is not None and not context.profile.has_phone
        lacks &= not any(isinstance(effect, SetPhone) for effect in effects)
        closing = (*before, said, *((Reply("ask_phone"),) if lacks else ()))
        return Turn(done, closing, effects, language)
    opened, said = ask(state, following, context)
    return Turn(opened, (*before, said), effects, language)


def summary(context: Context, slots: Sequence[Slot] | None = None) -> Mapping[str, Any]:
    """Return the values of the texts that tell a profile."""
    profile = context.profile
    if profile is None:
        raise ValueError("there is no profile to tell")
    week = profile.slots if slots is None else slots
    unknown = catalogue.word(context.reply_language, "unknown_place")
    return {
        "name": profile.name,
        "skills": list(profile.skills),
        "place": profile.place or unknown,
        "distance_km": profile.max_distance_km,
        "years": profile.experience_years,
        "slots": said_slots(week),
    }


def said_slots(slots: Sequence[Slot]) -> list[dict[str, str]]:
    """Return slots as the texts take them."""
    return [
        {
            "weekday": WEEKDAYS[slot.weekday],
            "start": format_clock(slot.start),
            "end": format_clock(slot.end),
        }
        for slot in slots
    ]


def index(text: str, below: int) -> int | None:
    """Return the number of an option, or None for what was never one: ids may be forged."""
    if len(text) > _INDEX_DIGITS or not text.isdecimal():
        return None
    return number if (number := int(text)) < below else None


def typed_choice(message: Incoming, reply: Reply) -> Incoming:
    """Return the message as a tap where its text is the title of one thing that could be tapped."""
    text = message.text
    if text is None or len(text) > ROW_TITLE_CHARACTERS:
        return message
    entry = catalogue.get_catalogue(message.context.reply_language).chat[reply.text]
    shown = [(button.id, button.title) for button in reply.buttons or ()]
    shown += [(row.id, row.title) for row in reply.rows]
    if reply.buttons is None:
        shown += entry.buttons.items()
    if not reply.rows:
        shown += entry.rows.items()
    wanted = tuple(split_words(text))
    meant = {id_ for id_, title in shown if _title_words(title) == wanted}
    if not wanted or len(meant) != 1:
        return message
    inbound = replace(message.inbound, kind=InboundKind.TAP, payload=meant.pop())
    return replace(message, inbound=inbound)


@lru_cache(4_096)
def _title_words(title: str) -> tuple[str, ...]:
    return tuple(split_words(title.partition("|")[0]))


def turn_to(state: State, question: Ask, context: Context, **draft: Any) -> Turn:
    """Open a question, and say nothing else."""
    opened, reply = ask(state, question, context, **draft)
    return Turn(opened, (reply,))
