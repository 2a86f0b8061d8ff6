"""Time limits towards PostgreSQL, and the handling of lost connections.

A frozen server, or one whose machine is gone, neither answers nor closes a connection. So every step has a limit
on our side: waiting for the pool, connecting, a statement, closing. The server's own limits are a little shorter:
then it ends a slow statement and the connection stays usable.
"""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError


@dataclass(frozen=True)
class Patience:
    """How long to wait for the database."""

    pool_seconds: float
    """For a free connection; on SQLite also for the writers before."""
    connect_seconds: float
    command_seconds: float
    """For the answer to one statement, on our side."""
    statement_seconds: float
    """How long PostgreSQL lets one statement run."""
    lock_seconds: float
    """For a row that another transaction locks; on SQLite for a writer of another process."""


REQUEST: Final = Patience(
    pool_seconds=2.5,
    connect_seconds=2.0,
    command_seconds=3.0,
    statement_seconds=2.5,
    lock_seconds=2.0,
)
"""For requests, which are answered within five seconds: when the server freezes, the first give up after
`command_seconds`, and those that waited for their connections then fail to connect. Loops use it too: they repeat
what they don't finish."""

COMMAND: Final = Patience(
    pool_seconds=30.0,
    connect_seconds=5.0,
    command_seconds=3_660.0,
    statement_seconds=3_600.0,
    lock_seconds=60.0,
)
"""For work that nobody waits for: migrations, checks of the whole database, rebuilds."""

GOODBYE_SECONDS: Final = 0.25
"""For the server to acknowledge that we close; a frozen one never does."""

RECYCLE_SECONDS: Final = 1_800
"""Age at which a connection is replaced: less than the server keeps an idle one."""

_IDLE_SESSION_SECONDS: Final = 7_200
"""After which PostgreSQL ends an idle session."""
_IDLE_IN_TRANSACTION_SECONDS: Final = 60
_KEEPALIVE_IDLE_SECONDS: Final = 30
_KEEPALIVE_EVERY_SECONDS: Final = 10
_KEEPALIVES: Final = 3
_UNACKNOWLEDGED_SECONDS: Final = 30
"""After which unacknowledged data ends a connection, at either end."""

LISTENER_CHECK_SECONDS: Final = 20.0
"""How often a connection that only listens checks that the server is alive."""


class Connection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """A connection that notices when the other machine is gone, and closes quickly."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        keep_alive(transport.get_extra_info("socket"))

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the driver's own signature
        """Close; a server that does not acknowledge it at once is left without."""
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await super().close(timeout=timeout)
        except TimeoutError:
            self.terminate()


def keep_alive(connection: socket.socket | None) -> None:
    """Let the operating system end a TCP connection whose other end is gone."""
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _KEEPALIVE_IDLE_SECONDS),
        ("TCP_KEEPINTVL", _KEEPALIVE_EVERY_SECONDS),
        ("TCP_KEEPCNT", _KEEPALIVES),
        ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_SECONDS * 1_000),
    ):
        # Not every operating system has all of them.
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def connect_arguments(patience: Patience) -> dict[str, Any]:
    """Return the arguments of `asyncpg.connect` beside the address."""
    return {
        "connection_class": Connection,
        "timeout": patience.connect_seconds,
        "command_timeout": patience.command_seconds,
        "server_settings": server_settings(patience),
    }


def server_settings(patience: Patience) -> dict[str, str]:
    """Return the limits that PostgreSQL enforces for a session."""
    return {
        "statement_timeout": _milliseconds(patience.statement_seconds),
        "lock_timeout": _milliseconds(patience.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(_IDLE_IN_TRANSACTION_SECONDS),
        "idle_session_timeout": _milliseconds(_IDLE_SESSION_SECONDS),
        "tcp_keepalives_idle": str(_KEEPALIVE_IDLE_SECONDS),
        "tcp_keepalives_interval": str(_KEEPALIVE_EVERY_SECONDS),
        "tcp_keepalives_count": str(_KEEPALIVES),
        "tcp_user_timeout": _milliseconds(_UNACKNOWLEDGED_SECONDS),
    }


def libpq_arguments(patience: Patience) -> dict[str, Any]:
    """Return the same limits for psycopg (libpq)."""
    options = " ".join(f"-c {name}={value}" for name, value in server_settings(patience).items())
    return {
        "connect_timeout": max(2, round(patience.connect_seconds)),
        "keepalives_idle": _KEEPALIVE_IDLE_SECONDS,
        "keepalives_interval": _KEEPALIVE_EVERY_SECONDS,
        "keepalives_count": _KEEPALIVES,
        "tcp_user_timeout": _UNACKNOWLEDGED_SECONDS * 1_000,
        "options": options,
    }


async def listener(url: str) -> asyncpg.Connection:
    """Return a connection that may be idle for ever; `check_alive` finds out when it is dead."""
    arguments = connect_arguments(REQUEST)
    arguments["server_settings"] |= {"idle_session_timeout": "0"}
    return await asyncpg.connect(url, **arguments)


async def check_alive(connection: asyncpg.Connection) -> None:
    """Return when the server answers. Raises asyncpg's errors and `TimeoutError`."""
    await connection.execute("SELECT 1")


def give_up_lost_connections(engine: Engine) -> None:
    """Drop a connection whose answer timed out, and those that the server has closed.

    Without this the pool would hand them out again, and the next user would wait as long.
    """

    @event.listens_for(engine, "handle_error")
    def leave(context: ExceptionContext) -> None:
        if not isinstance(context.original_exception, TimeoutError) or context.connection is None:
            return
        driver: Any = context.connection.connection.driver_connection
        if driver is not None:
            driver.terminate()
        context.is_disconnect = True

    @event.listens_for(engine, "checkout")
    def skip_closed(connection: Any, _record: Any, _proxy: Any) -> None:
        # The driver knows without a query that the server closed it.
        if connection.driver_connection.is_closed():
            raise DisconnectionError("closed by the server")


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1_000))
