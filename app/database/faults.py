"""Classify database errors: is it an outage, and can anything have been committed?

Nothing was changed for certain only while no COMMIT of the request was sent, or if the database itself refused
it. Where the answer to a COMMIT was lost, the rows may be there.
"""

import errno
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import asyncpg
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.errors import DomainError, Unavailable

_OUTAGE_CLASSES: Final = frozenset({"08", "40", "53", "57", "58"})
"""PostgreSQL's error classes of outages: connection, rollback (deadlock, serialization), resources (disk full,
too many connections), operator intervention or a time limit, system."""
_OUTAGE_STATES: Final = frozenset({"25006", "25P03", "25P04", "55P03"})
"""Read-only, idle too long in a transaction, transaction too long, lock timeout."""
_UNCERTAIN_CLASSES: Final = frozenset({"08", "57", "58", "XX"})
"""Error classes after which a COMMIT may still have been done."""
_STATEMENT_ENDED: Final = "57014"
"""A statement was cancelled, perhaps by its time limit: its transaction is rolled back."""

_STARTING_OR_STOPPING: Final = frozenset({"57P01", "57P02", "57P03", "53300"})
"""Shut down, crashed, starting up, too many connections."""

_CONNECTION_GONE: Final = "8s2b"
"""SQLAlchemy's code of a session that lost its connection under an error that was caught."""

_SQLITE_OUTAGES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)
_SQLITE_REFUSALS: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CONSTRAINT,
    }
)
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE})


class OutcomeUnknown(Unavailable):
    """The answer to COMMIT was lost: the change may be there, or not."""

    code = "outcome_unknown"
    detail = (
        "The database's last answer was lost, so it is not certain whether this was done. Look before you "
        "repeat it; with the same Idempotency-Key it can be repeated safely."
    )


@dataclass
class Commits:
    """Whether one request has sent a COMMIT, whatever came of it."""

    begun: bool = False


_COMMITS: ContextVar[Commits | None] = ContextVar("commits", default=None)


@contextmanager
def counting_commits() -> Iterator[Commits]:
    """Record the commits inside the block."""
    commits = Commits()
    token = _COMMITS.set(commits)
    try:
        yield commits
    finally:
        _COMMITS.reset(token)


@contextmanager
def committing() -> Iterator[None]:
    """Run a COMMIT in the block. Raises `OutcomeUnknown` where its answer was lost."""
    commits = _COMMITS.get() or Commits()
    before, commits.begun = commits.begun, True
    try:
        yield
    except Exception as error:
        if is_outage(error) and may_be_committed(error):
            raise OutcomeUnknown from error
        if not may_be_committed(error):
            commits.begun = before
        raise


def something_committed() -> bool:
    """Whether the running request may have changed the database."""
    commits = _COMMITS.get()
    return commits is not None and commits.begun


def is_outage(error: BaseException) -> bool:
    """Whether the database or the cache is down, frozen, full or busy, so that a retry may help."""
    if isinstance(error, (PoolTimeout, TimeoutError, ConnectionError, RedisError)):
        return True
    if isinstance(error, PendingRollbackError):
        return error.code == _CONNECTION_GONE
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (
            error.orig is not None and _is_outage_of_driver(error.orig)
        )
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    return _is_outage_of_driver(error)


def _is_outage_of_driver(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return _sqlite_code(error) in _SQLITE_OUTAGES
    state = _state(error)
    if state is not None:
        return state[:2] in _OUTAGE_CLASSES or state in _OUTAGE_STATES
    if isinstance(error.__cause__, asyncpg.InvalidCachedStatementError):
        return True  # a migration changed the result's columns; once prepared again it works
    cause = error if isinstance(error, asyncpg.InterfaceError) else error.__cause__
    # The driver's own error: the connection is closed or closing. A value it can't send is our fault.
    return isinstance(cause, (asyncpg.InterfaceError, asyncpg.InternalClientError)) and not (
        isinstance(cause, ValueError)
    )


def is_away(error: BaseException) -> bool:
    """Whether the server could not be reached, or is starting or stopping."""
    cause: BaseException = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig
    if isinstance(cause, (TimeoutError, ConnectionError, socket.gaierror)):
        return True
    state = _state(cause)
    return state is not None and (state[:2] == "08" or state in _STARTING_OR_STOPPING)


def may_be_committed(error: BaseException) -> bool:
    """Whether the COMMIT that failed with `error` may have been done."""
    if isinstance(error, (PoolTimeout, ConnectionRefusedError, DomainError)):
        return False  # it was never sent
    cause: BaseException = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) not in _SQLITE_REFUSALS
    state = _state(cause)
    if state is None:
        return True
    return state != _STATEMENT_ENDED and state[:2] in _UNCERTAIN_CLASSES


def _state(error: BaseException) -> str | None:
    found = getattr(error, "sqlstate", None)
    return found if isinstance(found, str) else None


def _sqlite_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary code: the lowest byte of the extended one."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
