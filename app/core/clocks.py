"""The clock type, and the guard against timestamps that a clock running ahead has written.

A timestamp further ahead than it can be meant delays nothing.
"""

import datetime as dt
from collections.abc import Callable
from typing import Final

type Clock = Callable[[], dt.datetime]
"""Returns the current instant, aware and in UTC."""

SKEW: Final = dt.timedelta(seconds=60)
"""How far two machines' clocks may differ without either being wrong."""


def believed(
    until: dt.datetime | None, now: dt.datetime, longest: dt.timedelta
) -> dt.datetime | None:
    """Return `until`, or `now` if it lies more than `longest` ahead; None stays None.

    Not "at most `longest` from now": that would begin anew at every read.
    """
    return until if until is None or until <= now + longest else now


def believed_seconds(until: float, now: float, longest: float) -> float:
    """Return the same for seconds since 1970."""
    return until if until <= now + longest else now
