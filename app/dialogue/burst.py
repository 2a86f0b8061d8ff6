"""Several texts of one person in a row: each is read in order, and all get one answer. Pure.

Nobody who wrote them has seen what we asked in between. So such a question is left out of the answer where the
next text went on, a yes counts for nothing that can't be undone, and all together are at most one miss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.dialogue.effects import RequestHandoff
from app.dialogue.state import Ask, State
from app.dialogue.turn import Reply, Turn

_GRAVE: Final = frozenset(
    {Ask.CONSENT, Ask.DELETE, Ask.WITHDRAW, Ask.JOB_RIGHT, Ask.POSTED_JOB, Ask.WHOSE}
)
"""Questions whose answer has an effect that somebody must have read about."""
_PASSING: Final = frozenset(
    {"menu", "welcome_back", "courtesy", "help", "not_understood", "employer_menu", "employer_help"}
)
"""Texts that tell nothing which the answer to the next text would leave out."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One text of a burst: what followed from it."""

    before: State
    turn: Turn
    replies: Sequence[Reply]
    """With what its effects had to say."""
    ended: bool = False
    """Whether everything about the person is deleted."""

    @property
    def missed(self) -> bool:
        """Whether it was not understood."""
        return self.turn.missed or self.turn.state.misses > self.before.misses

    @property
    def opens(self) -> bool:
        """Whether it opened the question that is open after it, or changed what is asked."""
        before, after = self.before, self.turn.state
        return after.ask is not before.ask or after.draft != before.draft


def misses_unread(readings: Sequence[Reading], reading: Reading) -> bool:
    """Whether a text is no answer to a question of this burst: nobody can have read it, so nothing is missed.

    What the text says besides is kept in the state.
    """
    asked = reading.before.ask
    handed_over = any(isinstance(effect, RequestHandoff) for effect in reading.turn.effects)
    return (
        (reading.missed or (handed_over and reading.before.misses > 0))
        and asked is not Ask.NOTHING
        and any(each.opens and each.turn.state.ask is asked for each in readings)
    )


def answers_unread(readings: Sequence[Reading], turn: Turn) -> bool:
    """Whether a turn follows from an answer to a grave question of this burst, which nobody can have read."""
    if not readings or not turn.effects:
        return False
    asked = readings[-1].turn.state.ask
    return asked in _GRAVE and any(
        reading.opens and reading.turn.state.ask is asked for reading in readings
    )


def one_miss(readings: Sequence[Reading], state: State) -> State:
    """Return the state in which the next text is read: misses of the burst count once."""
    return replace(state, misses=readings[0].before.misses) if readings else state


def one_answer(readings: Sequence[Reading]) -> list[Reply]:
    """Return the replies of the last text, after what those before it still have to say."""
    *earlier, last = readings
    told = [reply for reading in earlier for reply in _still_says(reading)]
    every = [*told, *last.replies]
    return [reply for number, reply in enumerate(every) if reply not in every[number + 1 :]]


def _still_says(reading: Reading) -> Sequence[Reply]:
    """Return the replies that the next text did not make needless: no question, no greeting, no miss."""
    if reading.missed:
        return ()
    replies = list(reading.replies)
    if reading.turn.state.ask is not Ask.NOTHING and reading.turn.replies and replies:
        replies.pop()
    return [replace(reply, buttons=()) for reply in replies if reply.text not in _PASSING]
