"""Read a message once more with its slips mended, where it was not understood: "hepl", "mondya evning", "yse". Pure.

What only shows something follows at once: help, a menu, a value that is read back. What would change anything is
proposed first, with a button that says the words as they were understood: no slip accepts, rejects, erases, stops,
posts or saves by itself.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from app.dialogue.effects import SetLanguage
from app.dialogue.engine import gives_up
from app.dialogue.state import GUESS
from app.dialogue.turn import Incoming, Reply, Turn
from app.messaging.inbound import InboundKind
from app.nlu.typos import without_typos
from app.texts.message import Button

SAID: Final = "said"
"""What a button begins with that says words: `said:monday evening`."""
_MOST_WORDS_CHARACTERS: Final = 60
"""Longer words are shown by no button."""


def with_typos_mended(message: Incoming, turn: Turn, read: Callable[[Incoming], Turn]) -> Turn:
    """Return what follows from a message without its typos, where `turn` did not understand it.

    `read` returns what follows from a message.
    """
    context = message.context
    missed = turn.state.misses == message.state.misses + 1 and not turn.effects
    last = gives_up(turn)
    if message.text is None or not (missed or last) or context.quoted or GUESS in turn.state.draft:
        return turn
    spelled = without_typos(message.text)
    if spelled == message.text or len(spelled) > _MOST_WORDS_CHARACTERS:
        return turn
    again = read(replace(message, inbound=replace(message.inbound, text=spelled)))
    if again.state.misses > message.state.misses or again.missed:
        return turn
    harmless = all(isinstance(effect, SetLanguage) for effect in again.effects)
    if harmless and not _loses_job(message, again):
        return again  # A language is seen at once, and changed by a word.
    if last:
        return turn  # A human is called rather than one more proposal.
    (_, yes), (no, another) = context.text("guess_entry").buttons.items()
    tap = f"{SAID}:{spelled}"
    asked = Reply("guess_entry", {"said": spelled}, buttons=[Button(tap, yes), Button(no, another)])
    draft = {**message.state.draft, GUESS: tap}
    state = replace(message.state, draft=draft, misses=turn.state.misses)
    return Turn(state, (asked,), missed=True)


def _loses_job(message: Incoming, again: Turn) -> bool:
    """Return whether a job that is being described would be thrown away."""
    return bool(message.state.draft.get("job")) and not again.state.draft.get("job")


def as_words(message: Incoming, tap: str) -> Incoming:
    """Return the message as if the words of a button had been written."""
    words = tap.removeprefix(f"{SAID}:")
    return replace(
        message, inbound=replace(message.inbound, kind=InboundKind.TEXT, text=words, payload="")
    )
