"""A number's pace as slots: never more than so many messages reach the platform in any second.

A limit of 80 a second is 80 slots, and each is used again only a second after what was sent by it has
arrived. So whichever second is looked at, no slot counts twice in it, however late messages set off: a
process that is held up costs its slots some of their time, and nobody else anything.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from app.core.clocks import believed_seconds

SECOND: Final = 1.0
LONGEST_ON_THE_WAY: Final = 1.0
"""Within so many seconds a message has arrived of which nobody says what became of it."""
LATEST: Final = 5.0
"""Who begins to send so many seconds after the slot came has lost it: somebody else may have it by then."""
AHEAD: Final = SECOND + 0.1
"""How many seconds before they come slots are handed out: enough that the next is always in sight."""
LONGEST_RESERVED: Final = AHEAD + LATEST + LONGEST_ON_THE_WAY + SECOND
"""So far ahead a slot may be free: one that says more was written by a clock that ran ahead, and is free."""
BLOCKS: Final = 4
"""In so many parts the slots of a second are handed out, so that several processes share them."""
_CATCHING_UP: Final = 1.25
"""How much quicker than the limit slots follow each other after a pause: not all at once."""


class SendSlot(NamedTuple):
    """A slot that was handed out."""

    number: int
    at: float
    """From when on it may be used, in seconds since 1970."""
    reserved_until: float
    """When it is free again if nobody says what became of it."""


class SlotUse(NamedTuple):
    """A message that was sent by a slot, and when the answer, of whatever kind, came."""

    slot: SendSlot
    answered: float


def reserve(
    free_at: Sequence[float], per_second: int, now: float, most: int
) -> tuple[list[SendSlot], list[float]]:
    """Return up to `most` slots, the earliest first, and from when on each slot is free after that.

    `free_at` is what this or `release` returned last; of another length it says nothing any more.
    """
    after = [believed_seconds(at, now, LONGEST_RESERVED) for at in free_at]
    if len(after) != per_second:
        after = [max([now, *after])] * per_second
    slots: list[SendSlot] = []
    most = min(most, -(-per_second // BLOCKS))
    for place, number in enumerate(sorted(range(per_second), key=after.__getitem__)):
        at = max(after[number], now + place / (per_second * _CATCHING_UP))
        if at <= now + AHEAD and len(slots) < most:
            slots.append(SendSlot(number, at, at + LATEST + LONGEST_ON_THE_WAY + SECOND))
            at = slots[-1].reserved_until
        after[number] = at
    return slots, after


def release(free_at: Sequence[float], slot_uses: Sequence[SlotUse]) -> list[float]:
    """Return from when on each slot is free, now that one process's messages are answered.

    When a message arrived nobody tells, but it was before its answer. Who was so slow that another has
    the slot can only make it later.
    """
    after = list(free_at)
    for slot, answered in slot_uses:
        at = answered + SECOND
        if slot.number < len(after):
            mine = after[slot.number] == slot.reserved_until
            after[slot.number] = at if mine else max(after[slot.number], at)
    return after
