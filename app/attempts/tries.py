"""One try of one row, counted when it begins, so that a row that kills its process was counted.

The caller commits after `start`, before the work, and after `set_back`, when it failed.
"""

import datetime as dt
import random
from typing import Final

from sqlalchemy import ColumnElement, or_
from sqlalchemy.exc import DBAPIError, OperationalError

from app.attempts.models import Tried
from app.attempts.rules import MAX_LOST, is_last, lease_of, pause_after
from app.core.crypto import SealBroken

READER_LOST: Final = "the process that tried it was lost"
_UNSTORABLE: Final = frozenset({"22", "23"})
"""Classes of SQLSTATE that are caused by the data."""
_DATA: Final = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, SealBroken)


def may_start(row: Tried, now: dt.datetime) -> bool:
    """Whether a row, locked by the caller, is due and no process works on it."""
    return row.due_at <= now and (row.lease_until is None or row.lease_until <= now)


def start(row: Tried, now: dt.datetime, lease: dt.timedelta) -> bool:
    """Count a try that begins now; False if too many processes died with this row: park it.

    `lease` is how long a first try keeps other processes away.
    """
    if row.lease_until is not None and row.lease_until <= now:
        row.lost += 1
        row.error = READER_LOST
    if row.lost >= MAX_LOST:
        return False
    row.attempts += 1
    row.lease_until = now + lease_of(lease, row.lost)
    return True


def set_back(row: Tried, error: BaseException, now: dt.datetime) -> bool:
    """End a failed try and set the time of the next; False if it was the last: park the row."""
    row.lease_until = None
    row.error = type(error).__name__
    if is_last(row.attempts, bad_data=is_of_the_data(error)):
        return False
    row.due_at = now + pause_after(row.attempts, random.random())  # noqa: S311
    return True


def release(row: Tried) -> None:
    """Undo the count of a try that was not made."""
    row.attempts -= 1
    row.lease_until = None


def start_anew(row: Tried, now: dt.datetime) -> None:
    """Make a parked row due as if it had never been tried."""
    row.attempts = row.lost = 0
    row.due_at, row.lease_until, row.error = now, None, None


def is_of_the_data(error: BaseException) -> bool:
    """Whether a retry can hardly help, because the data can't be read or stored."""
    if isinstance(error, OperationalError):
        return False
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", None) or "22")[:2] in _UNSTORABLE
    return isinstance(error, _DATA)


def is_free(
    lease_until: ColumnElement[dt.datetime | None], now: ColumnElement[dt.datetime]
) -> ColumnElement[bool]:
    """Return the condition that no process works on a row at `now`."""
    return or_(lease_until.is_(None), lease_until <= now)
