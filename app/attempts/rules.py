"""How often due work is tried, with which pauses, and when it is parked for an administrator."""

import datetime as dt
from typing import Final

MAX_ATTEMPTS: Final = 12
"""Tries before an item is parked; with the pauses below they take about a day."""
MAX_ATTEMPTS_OF_BAD_DATA: Final = 6
"""Tries of an item with bad data: about ten minutes, in which a release may mend its reader."""
MAX_LOST: Final = 3
"""Processes that may die on one item before it is parked, because it may kill them."""

FIRST_PAUSE: Final = dt.timedelta(seconds=5)
GROWTH: Final = 3
LONGEST_PAUSE: Final = dt.timedelta(hours=6)
SPREAD: Final = 0.2
"""Pauses are up to this share shorter or longer, so that failures spread out."""


def pause_after(attempts: int, jitter: float) -> dt.timedelta:
    """Return the pause after try number `attempts` failed; `jitter` from 0 to 1 spreads it."""
    growth: int = GROWTH ** (min(max(attempts, 1), MAX_ATTEMPTS) - 1)
    pause = min(FIRST_PAUSE * growth, LONGEST_PAUSE)
    return pause * (1 - SPREAD + 2 * SPREAD * jitter)


def is_last(attempts: int, *, bad_data: bool) -> bool:
    """Whether an item is parked after try number `attempts` failed."""
    return attempts >= (MAX_ATTEMPTS_OF_BAD_DATA if bad_data else MAX_ATTEMPTS)


def lease_of(lease: dt.timedelta, lost: int) -> dt.timedelta:
    """Return the lease of a try, which grows with each process that died on the item."""
    growth: int = GROWTH ** min(lost, MAX_LOST)
    return lease * growth
