"""A number's pace as turns: never more than so many messages reach the platform in any second.

A limit of 80 a second is 80 turns, and each is used again only a second after what was sent by it has
arrived. So whichever second is looked at, no turn counts twice in it, however late messages set off: a
process that is held up costs its turns some of their time, and nobody else anything.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

SECOND: Final = 1.0
SEVERAL: Final = 5
"""So many answers show how long one takes that nothing held up."""
LONGEST_ON_THE_WAY: Final = 1.0
"""A message whose answer takes so much longer than others' has arrived; it is the answer that is late."""
LATEST: Final = 5.0
"""Who begins to send so many seconds after the turn came has lost it: somebody else may have it by then."""
AHEAD: Final = SECOND + 0.1
"""How many seconds before they come turns are handed out: enough that the next is always in sight."""
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
    """A message that was sent by a turn: when that began, and when the answer, of whatever kind, came."""

    turn: Turn
    began: float
    answered: float


def hand_out(
    free_at: Sequence[float], per_second: int, now: float, most: int
) -> tuple[list[Turn], list[float]]:
    """Return up to `most` turns, the earliest first, and from when on each turn is free after that.

    `free_at` is what this or `give_back` returned last; of another length it says nothing any more.
    """
    after = list(free_at)
    if len(after) != per_second:
        after = [max([now, *free_at])] * per_second
    turns: list[Turn] = []
    most = min(most, -(-per_second // BLOCKS))
    for place, number in enumerate(sorted(range(per_second), key=after.__getitem__)):
        at = max(after[number], now + place / (per_second * _CATCHING_UP))
        if at <= now + AHEAD and len(turns) < most:
            turns.append(Turn(number, at, at + LATEST + LONGEST_ON_THE_WAY + SECOND))
            at = turns[-1].held_until
        after[number] = at
    return turns, after


def free_again(trips: Sequence[Trip]) -> list[float]:
    """Return when the turn of each message is free, given those that one process sent side by side.

    When exactly a message arrives nobody tells. But what its answer took longer than the quickest is
    the most by which it can have arrived later than a next one, sent by the same turn, might.
    """
    took = [trip.answered - trip.began for trip in trips]
    quickest = min(took) if len(took) >= SEVERAL else 0.0
    return [
        trip.began + min(took_it - quickest, LONGEST_ON_THE_WAY) + SECOND
        for trip, took_it in zip(trips, took, strict=True)
    ]


def give_back(free_at: Sequence[float], trips: Sequence[Trip]) -> list[float]:
    """Return from when on each turn is free, now that one process's messages are answered.

    Who was so slow that another has the turn can only make it later.
    """
    after = list(free_at)
    for trip, at in zip(trips, free_again(trips), strict=True):
        turn = trip.turn
        if turn.number < len(after):
            mine = after[turn.number] == turn.held_until
            after[turn.number] = at if mine else max(after[turn.number], at)
    return after
