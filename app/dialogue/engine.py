"""One engine for every persona: menus, intents, frequent questions, suspension and misses. Pure.

A `Persona` is a table of what differs between the conversations with a worker, with an employer, and with
somebody whose phone an employer's account names without proof.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.dialogue.effects import RequestHandoff, Stop
from app.dialogue.reworded import reworded
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.messaging.inbound import InboundKind
from app.nlu.intents import Intent

MISSES_BEFORE_MENU: Final = 2
MISSES_BEFORE_HUMAN: Final = 3
_SPOKEN: Final = frozenset({"audio", "voice"})
"""The kinds of media that are voice notes."""
UNREADABLE: Final = frozenset({InboundKind.MEDIA, InboundKind.OTHER, InboundKind.CONTACT})

type Reader[M] = Callable[[M], Turn | None]
"""Reads a message; None for what it does not understand."""


@dataclass(frozen=True, slots=True)
class Persona[M: Incoming]:
    """How the messages of one kind of person are read and answered."""

    readers: Sequence[Reader[M]]
    """In order: the first that returns a turn decides."""
    ask_again: Callable[[M], Sequence[Reply]]
    """The open question once more; nothing where none is open."""
    not_understood: Callable[[M, bool], Sequence[Reply]]
    """What to say of a message that was not understood; with the menu from the second miss on."""
    is_suspended: Callable[[M], bool] = lambda _message: False
    while_suspended: Mapping[Intent, Reader[M]] = field(default_factory=dict)
    """What a suspended account may still ask for, besides a human."""
    unreadable: frozenset[InboundKind] = UNREADABLE
    """Kinds of messages that only a human can read; they count as no miss."""


def respond[M: Incoming](message: M, persona: Persona[M]) -> Turn:
    """Return what follows from a message, understood or not."""
    if persona.is_suspended(message):
        return _suspended(message, persona)
    for read in persona.readers:
        if (turn := read(message)) is not None:
            return turn
    again = persona.ask_again(message)
    if message.inbound.kind in persona.unreadable:
        return help_with_question(message, unreadable_text(message), again)
    misses = message.state.misses + 1
    if misses >= MISSES_BEFORE_HUMAN:
        return hand_over(message, "not_understood", again)
    state = replace(message.state, misses=misses)
    return Turn(state, (*persona.not_understood(message, misses >= MISSES_BEFORE_MENU),))


def unreadable_text(message: Incoming) -> str:
    """Return which text answers what we can't read: a voice note has its own."""
    inbound = message.inbound
    if message.context.language is None and message.state.ask is Ask.LANGUAGE:
        return "first_unreadable"  # in every language
    spoken = inbound.kind is InboundKind.MEDIA and inbound.text in _SPOKEN
    return "cannot_hear" if spoken else "cannot_read"


def _suspended[M: Incoming](message: M, persona: Persona[M]) -> Turn:
    if wants_human(message):
        return hand_over(message)
    turn = follow_intent(message, persona.while_suspended, message.intents)
    return turn or Turn(message.state, (Reply("suspended"),))


def wants_human(message: Incoming) -> bool:
    """Whether somebody asks for a human, in words or by the menu."""
    return message.has_intent(Intent.HUMAN) or message.tapped("menu") == "human"


def hand_over(message: Incoming, why: str = "asked", again: Sequence[Reply] = ()) -> Turn:
    """Call a human; `why` is one of `app.messaging.models.HandoffReason`.

    `again` is the open question once more: it can still be answered.
    """
    state = replace(message.state, misses=0)
    called = Reply("handed_over_amid", buttons=()) if again else Reply("handed_over")
    return Turn(state, (called, *again), (RequestHandoff(why),))


def gives_up(turn: Turn) -> bool:
    """Whether a human is called because nothing was understood so often."""
    return any(
        isinstance(effect, RequestHandoff) and effect.why == "not_understood"
        for effect in turn.effects
    )


_QUESTIONS_ONCE_MORE: Final = frozenset({"company_right", "skill_added", "facts_wait"})
"""Texts beside those of questions that tell nothing new the second time."""


def count_standstill(message: Incoming, turn: Turn) -> Turn:
    """Count an answer that only brings the same question again, as a miss: a flower, a number, a name once more.

    The second time it is asked in other words, with how to call a human, and the third time one is called; not for
    thanks, which are no misunderstanding.
    """
    state = message.state
    same = _uncounted(turn.state) == _uncounted(state)
    if message.text is None or state.ask is Ask.NOTHING or not same or turn.effects:
        return turn
    if turn.missed or turn.state.misses > state.misses or message.intents - {Intent.COURTESY}:
        return turn
    texts = {reply.text for reply in turn.replies} - _QUESTIONS_ONCE_MORE
    if not all(text.startswith(("ask_", "choose_language")) for text in texts):
        return turn
    misses = state.misses + 1
    if message.intents:
        misses = min(misses, MISSES_BEFORE_MENU)  # thanks alone call nobody
    if misses >= MISSES_BEFORE_HUMAN:
        return hand_over(message, "not_understood", turn.replies)
    replies = tuple(turn.replies)
    if misses >= MISSES_BEFORE_MENU:
        again = tuple(part for reply in replies for part in reworded(reply, message.context))
        replies = (Reply("stuck" if again != replies else "still_open"), *again)
    return replace(turn, state=replace(turn.state, misses=misses), replies=replies)


def _uncounted(state: State) -> State:
    """Return the state without what only counts messages: where the conversation stands."""
    draft = {
        name: {key: part for key, part in kept.items() if key != "messages"}
        if isinstance(kept, Mapping)
        else kept
        for name, kept in state.draft.items()
    }
    return replace(state, misses=0, draft=draft)


def stop(message: Incoming) -> Turn:
    """Follow STOP; a second one changes nothing."""
    if message.context.stopped:
        return Turn(message.state)
    return Turn(message.state, (Reply("stopped", essential=True),), (Stop(),))


def follow_tap[M: Incoming](
    message: M, menus: Mapping[str, Mapping[str, Reader[M]]]
) -> Turn | None:
    """Follow a tap on a menu; `menus` holds the entries by the prefix of their ids."""
    if message.inbound.kind is not InboundKind.TAP:
        return None
    prefix, _, entry = message.inbound.payload.partition(":")
    follow = menus.get(prefix, {}).get(entry)
    return None if follow is None else follow(message)


def follow_intent[M: Incoming](
    message: M, handlers: Mapping[Intent, Reader[M]], intents: frozenset[Intent]
) -> Turn | None:
    """Follow the first of these intents that has a handler, in the order of `handlers`."""
    for intent, follow in handlers.items():
        if intent in intents:
            return follow(message)
    return None


def help_with_question(message: Incoming, text: str, again: Sequence[Reply]) -> Turn:
    """Return the help, followed by the open question where there is one."""
    if not again:
        return Turn(message.state, (Reply(text),))
    return Turn(message.state, (Reply(text, buttons=()), *again))


def answer_faq[M: Incoming](
    message: M,
    topic_of: Callable[[str], str | None],
    answer: Callable[[M, str, Sequence[Reply]], Turn],
) -> Turn | None:
    """Answer a frequent question.

    `answer` gets the topic, and a hint at the human for somebody who asks the same again. A question is
    no miss, however often it is asked.
    """
    topic = topic_of(message.text or "")
    if topic is None:
        return None
    repeated = (Reply("faq_again"),) if message.state.last_faq == topic else ()
    state = replace(message.state, last_faq=topic, misses=0)
    return answer(replace(message, state=state), topic, repeated)
