"""A number's send rate as slots: never more than so many messages reach the platform in any second.

A limit of 80 a second is 80 slots. A slot is used again one second after its last message arrived, so it counts
once in any second, however late the message was sent. A slow process wastes only the time of its own slots.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from app.core.clocks import believed_seconds

SECOND: Final = 1.0
LONGEST_ON_THE_WAY: Final = 1.0
"""A message without an answer has arrived within so many seconds."""
LATEST: Final = 5.0
"""A slot is lost so many seconds after its time; another process may have it then."""
AHEAD: Final = SECOND + 0.1
"""How far ahead slots are reserved, in seconds: enough that the next one is always in sight."""
LONGEST_RESERVED: Final = AHEAD + LATEST + LONGEST_ON_THE_WAY + SECOND
"""A slot that is reserved for longer was written by a wrong clock, and is free."""
BLOCKS: Final = 4
"""A process reserves at most this fraction of a second's slots at once, so that several processes share."""
_CATCHING_UP: Final = 1.25
"""How much faster than the limit slots follow each other after a pause."""


class SendSlot(NamedTuple):
    """A reserved slot."""

    number: int
    at: float
    """When it may be used, in seconds since 1970."""
    reserved_until: float
    """When it is free again without a release."""


class SlotUse(NamedTuple):
    """A message sent in a slot, and when its answer came."""

    slot: SendSlot
    answered: float


def reserve(
    free_at: Sequence[float], per_second: int, now: float, most: int
) -> tuple[list[SendSlot], list[float]]:
    """Return up to `most` slots, the earliest first, and when each slot is free after that.

    `free_at` is the last result of this or `release`; one of another length is of another limit.
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
    """Return when each slot is free, now that these messages are answered.

    A message arrived before its answer. A slot that another process has by now only becomes free later.
    """
    after = list(free_at)
    for slot, answered in slot_uses:
        at = answered + SECOND
        if slot.number < len(after):
            mine = after[slot.number] == slot.reserved_until
            after[slot.number] = at if mine else max(after[slot.number], at)
    return after
