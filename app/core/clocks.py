"""Where the time comes from, and how far instants that were read are believed.

A clock that ran ahead for a moment leaves instants behind that lie hours or years ahead. What lies further
ahead than whoever wrote it can have meant is waited for no longer.
"""

import datetime as dt
from collections.abc import Callable
from typing import Final

type Clock = Callable[[], dt.datetime]
"""Returns the instant it is now, aware, in UTC."""

SKEW: Final = dt.timedelta(seconds=60)
"""So far two machines' clocks may differ without either being wrong."""


def believed(
    until: dt.datetime | None, now: dt.datetime, longest: dt.timedelta
) -> dt.datetime | None:
    """Return an instant to wait for; now, if it lies so far ahead that nobody can have meant it.

    Nobody waits "at most so long" instead: that would begin anew whenever it is read. None stays None.
    """
    return until if until is None or until <= now + longest else now


def believed_seconds(until: float, now: float, longest: float) -> float:
    """Return the same of seconds since 1970."""
    return until if until <= now + longest else now
