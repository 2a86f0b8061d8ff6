"""SQLite without a thread for each call.

SQLite answers from this process's own memory in microseconds; handing every call to another thread and
back, as the usual asynchronous drivers do, takes several times longer than the call. Here statements run
in the event loop's thread, and only what may wait runs in another: a commit, which waits for the disk,
and the beginning of a write when another process is writing. What a person waits for is decided there
and in long scans; a database so large that its scans hold up the loop belongs on PostgreSQL.

Importing this module makes the driver known to SQLAlchemy as `sqlite+inline`.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util import await_

DRIVER: Final = "sqlite+inline"

BEGIN_TO_WRITE: Final = "BEGIN IMMEDIATE"


class _Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """Close as SQLAlchemy wants it of asynchronous drivers: its rows are here already."""


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

    @classmethod
    def get_pool_class(cls, _url: URL) -> type[Pool]:
        """Return the pool whose waiting does not hold up the loop."""
        return AsyncAdaptedQueuePool

    def create_connect_args(self, url: URL) -> Any:
        """Let the thread that commits use the connection: never two at once."""
        positional, named = super().create_connect_args(url)
        return positional, {**named, "check_same_thread": False, "factory": _Connection}

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Execute at once, but for what may have to wait its turn."""
        if statement == BEGIN_TO_WRITE:
            _begin_to_write(cursor)
        else:
            cursor.execute(statement, parameters)

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit; the disk, where there is anything to write, is waited for in a thread."""
        if dbapi_connection.total_changes == dbapi_connection.committed_changes:
            dbapi_connection.commit()
        else:
            _elsewhere(dbapi_connection.commit)
            dbapi_connection.committed_changes = dbapi_connection.total_changes

    def get_driver_connection(self, connection: Any) -> Any:
        """Return the connection as Python's own module knows it."""
        return connection


registry.register("sqlite.inline", __name__, InlineDialect.__name__)


def own_transactions(engine: Engine, busy_seconds: float) -> None:
    """Take transaction control from the driver, whose own handling breaks savepoints.

    A writer waits `busy_seconds` for one of another process; writes take milliseconds.

    Writers begin IMMEDIATE: a deferred one that turns writer later fails instead of waiting.
    `synchronous=FULL`, because an acknowledged acceptance or payment must survive a power cut.
    """

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
        # SQLite's own lower() knows no letter beyond ASCII: who looks for "Élodie" writes "élodie".
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else BEGIN_TO_WRITE)


def _lower(value: object) -> object:
    """Return text in lower case, as PostgreSQL's lower() does; anything else as it is."""
    return value.lower() if isinstance(value, str) else value


def _begin_to_write(cursor: Any) -> None:
    """Begin at once, or, where another process is writing, wait for it in a thread."""
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        cursor.execute(BEGIN_TO_WRITE)
        return
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
    finally:
        cursor.execute(f"PRAGMA busy_timeout={cursor.connection.busy_ms}")
    _elsewhere(lambda: cursor.execute(BEGIN_TO_WRITE))


def _elsewhere(call: Callable[[], Any]) -> None:
    """Run `call` in a thread; the greenlet waits, the event loop does not."""
    await_(_to_its_end(call))


async def _to_its_end(call: Callable[[], Any]) -> None:
    """Wait for `call` even when cancelled: what follows, a rollback, must not meet it half done."""
    running = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise
