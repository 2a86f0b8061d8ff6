"""SQLite in the event loop's thread, as SQLAlchemy's driver `sqlite+inline`.

SQLite answers in microseconds; the usual asynchronous drivers hand every call to another thread, which takes
several times longer. Here only what may wait runs in a thread: a commit, which waits for the disk, and the start
of a write while another process writes. A database so large that its scans block the loop belongs on PostgreSQL.
"""

import asyncio
import contextlib
import math
import sqlite3
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util import await_

from app.database.sqlite_waiting import WaitingMark

DRIVER: Final = "sqlite+inline"

BEGIN_TO_WRITE: Final = "BEGIN IMMEDIATE"
REBUILDS_TABLES: Final = "rebuilds_tables"
"""The execution option of an engine for migrations, which is used for nothing else.

SQLite changes a constraint only by building its table anew. With foreign keys on, dropping the old one deletes
its rows first: rows that point to them refuse that, or are deleted along. Whoever sets it calls
`check_foreign_keys` before the commit.
"""
LONGEST_POLL_SECONDS: Final = 0.11
"""A little more than SQLite waits, at most, before a waiting process looks again whether it may write."""


class _Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """Do nothing: SQLAlchemy asks asynchronous drivers for it, and all rows are read already."""


class _Connection(sqlite3.Connection):
    committed_changes = 0
    """`total_changes` as of the last commit."""
    busy_ms = 0
    """How long a writer waits for another process."""

    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


class InlineDialect(SQLiteDialect_pysqlite):
    """Python's own `sqlite3`, for an asynchronous engine."""

    driver = "inline"
    is_async = True
    supports_statement_cache = True
    mark: WaitingMark
    """Shows whether another process waits for the file."""

    @classmethod
    def get_pool_class(cls, _url: URL) -> type[Pool]:
        """Return the pool that does not block the loop."""
        return AsyncAdaptedQueuePool

    def create_connect_args(self, url: URL) -> Any:
        """Allow the thread that commits to use the connection; two never use it at once."""
        positional, named = super().create_connect_args(url)
        return positional, {**named, "check_same_thread": False, "factory": _Connection}

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Execute in this thread, except the start of a write."""
        if statement == BEGIN_TO_WRITE:
            _begin_to_write(cursor, self.mark)
        else:
            cursor.execute(statement, parameters)

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit; where there is anything to write, in a thread.

        A commit that a deferred foreign key refuses leaves SQLite's transaction open, and SQLAlchemy takes it
        for ended: it is rolled back here, or the connection's next user would stand in it.
        """
        if dbapi_connection.total_changes == dbapi_connection.committed_changes:
            dbapi_connection.commit()
            return
        try:
            _in_thread(dbapi_connection.commit)
        except sqlite3.IntegrityError:
            dbapi_connection.rollback()
            raise
        dbapi_connection.committed_changes = dbapi_connection.total_changes

    def get_driver_connection(self, connection: Any) -> Any:
        """Return the `sqlite3` connection."""
        return connection


registry.register("sqlite.inline", __name__, InlineDialect.__name__)


def own_transactions(engine: Engine, busy_seconds: float) -> None:
    """Take transaction control from the driver, whose own handling breaks savepoints.

    A writer waits `busy_seconds` for one of another process. Writers use BEGIN IMMEDIATE, because a deferred one
    that writes later fails instead of waiting. `synchronous=FULL`, because an acknowledged acceptance or payment
    must survive a power cut.
    """
    if isinstance(engine.dialect, InlineDialect):
        engine.dialect.mark = WaitingMark(engine.url.database)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        busy_ms = round(busy_seconds * 1_000)
        if isinstance(connection, _Connection):
            connection.busy_ms = busy_ms
        for pragma in (
            f"busy_timeout={busy_ms}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        # SQLite's own lower() handles only ASCII, so "élodie" would not find "Élodie".
        connection.create_function("lower", 1, _lower, deterministic=True)
        connection.create_function("bit_count", 1, int.bit_count, deterministic=True)
        connection.create_function("sqrt", 1, math.sqrt, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if options.get(REBUILDS_TABLES, False):
            # Inside a transaction, SQLite ignores it.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        read_only = options.get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else BEGIN_TO_WRITE)


def check_foreign_keys(connection: Connection) -> None:
    """Look whether each row is there that another points to. Raises `IntegrityError` where one is not."""
    for table, _row, parent, _key in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        message = f"A row of {table} points to none of {parent}."
        raise IntegrityError(message, None, sqlite3.IntegrityError(message))


def _lower(value: object) -> object:
    """Return text in lower case, as PostgreSQL's lower() does."""
    return value.lower() if isinstance(value, str) else value


def _begin_to_write(cursor: Any, mark: WaitingMark) -> None:
    """Begin at once, or in a thread while another process writes."""
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        cursor.execute(BEGIN_TO_WRITE)
        return
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
    finally:
        cursor.execute(f"PRAGMA busy_timeout={cursor.connection.busy_ms}")
    with mark.waiting():
        _in_thread(lambda: cursor.execute(BEGIN_TO_WRITE))


def _in_thread(call: Callable[[], Any]) -> None:
    """Run `call` in a thread; only this greenlet waits, not the event loop."""
    await_(_completed(call))


async def _completed(call: Callable[[], Any]) -> None:
    """Wait for `call` even when cancelled: the rollback that follows must not overlap with it."""
    running = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise
