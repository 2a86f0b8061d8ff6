"""A number's pace as turns: never more than so many messages reach the platform in any second.

A limit of 80 a second is 80 turns, and each is used again only a second after what was sent by it has
arrived. So whichever second is looked at, no turn counts twice in it, however late messages set off: a
process that is held up costs its turns some of their time, and nobody else anything.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from app.core.clocks import believed_seconds

SECOND: Final = 1.0
LONGEST_ON_THE_WAY: Final = 1.0
"""Within so many seconds a message has arrived of which nobody says what became of it."""
LATEST: Final = 5.0
"""Who begins to send so many seconds after the turn came has lost it: somebody else may have it by then."""
AHEAD: Final = SECOND + 0.1
"""How many seconds before they come turns are handed out: enough that the next is always in sight."""
LONGEST_HELD: Final = AHEAD + LATEST + LONGEST_ON_THE_WAY + SECOND
"""So far ahead a turn may be free: one that says more was written by a clock that ran ahead, and is free."""
BLOCKS: Final = 4
"""In so many parts the turns of a second are handed out, so that several processes share them."""
_CATCHING_UP: Final = 1.25
"""How much quicker than the limit turns follow each other after a pause: not all at once."""


class Turn(NamedTuple):
    """A turn that was handed out."""

    number: int
    at: float
    """From when on it may be used, in seconds since 1970."""
    held_until: float
    """When it is free again if nobody says what became of it."""


class Trip(NamedTuple):
    """A message that was sent by a turn, and when the answer, of whatever kind, came."""

    turn: Turn
    answered: float


def hand_out(
    free_at: Sequence[float], per_second: int, now: float, most: int
) -> tuple[list[Turn], list[float]]:
    """Return up to `most` turns, the earliest first, and from when on each turn is free after that.

    `free_at` is what this or `give_back` returned last; of another length it says nothing any more.
    """
    after = [believed_seconds(at, now, LONGEST_HELD) for at in free_at]
    if len(after) != per_second:
        after = [max([now, *after])] * per_second
    turns: list[Turn] = []
    most = min(most, -(-per_second // BLOCKS))
    for place, number in enumerate(sorted(range(per_second), key=after.__getitem__)):
        at = max(after[number], now + place / (per_second * _CATCHING_UP))
        if at <= now + AHEAD and len(turns) < most:
            turns.append(Turn(number, at, at + LATEST + LONGEST_ON_THE_WAY + SECOND))
            at = turns[-1].held_until
        after[number] = at
    return turns, after


def give_back(free_at: Sequence[float], trips: Sequence[Trip]) -> list[float]:
    """Return from when on each turn is free, now that one process's messages are answered.

    When a message arrived nobody tells, but it was before its answer. Who was so slow that another has
    the turn can only make it later.
    """
    after = list(free_at)
    for turn, answered in trips:
        at = answered + SECOND
        if turn.number < len(after):
            mine = after[turn.number] == turn.held_until
            after[turn.number] = at if mine else max(after[turn.number], at)
    return after
