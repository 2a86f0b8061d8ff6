"""How long this process waits for PostgreSQL, and what it does with a connection that is gone.

A server that is frozen, or whose machine vanished, answers nothing and closes nothing. Every step towards
it has a limit on our side: a free connection of the pool, a new connection, a statement, a goodbye. The
server's own limits are a little shorter, so that a slow statement is ended there and its connection stays.
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
    """How long one waits for the database, in seconds."""

    pool_seconds: float
    """For a connection that is free; on SQLite also for one's turn to write."""
    connect_seconds: float
    command_seconds: float
    """For the answer to one statement, on our side."""
    statement_seconds: float
    """How long PostgreSQL lets one statement run."""
    lock_seconds: float
    """How long a statement waits for a row that another transaction holds, or a writer on SQLite for
    the one before it."""


REQUEST: Final = Patience(
    pool_seconds=2.5,
    connect_seconds=2.0,
    command_seconds=3.0,
    statement_seconds=2.5,
    lock_seconds=2.0,
)
"""Of a request, which is answered within five seconds. When a server freezes, those who have a connection
give up after a statement's time, and those who wait for one get it then and can't connect anew. The loops of
a server share it: what they don't finish they repeat."""

COMMAND: Final = Patience(
    pool_seconds=30.0,
    connect_seconds=5.0,
    command_seconds=3_660.0,
    statement_seconds=3_600.0,
    lock_seconds=60.0,
)
"""Of work that nobody waits for at a screen: migrations, checks of the whole database, rebuilds."""

GOODBYE_SECONDS: Final = 0.25
"""For the server to take notice that we leave; one that is frozen never does."""

RECYCLE_SECONDS: Final = 1_800
"""Age at which a connection is replaced when it is next used: less than the server keeps an idle one."""

_IDLE_SESSION_SECONDS: Final = 7_200
"""After which PostgreSQL ends a session that asks nothing: its process is gone, or has forgotten it."""
_IDLE_IN_TRANSACTION_SECONDS: Final = 60
_KEEPALIVE_IDLE_SECONDS: Final = 30
_KEEPALIVE_EVERY_SECONDS: Final = 10
_KEEPALIVES: Final = 3
_UNACKNOWLEDGED_SECONDS: Final = 30
"""After which what was sent and never arrived ends a connection, at either end."""

LISTENER_LOOKS_SECONDS: Final = 20.0
"""How often a connection that only listens asks for a sign of life."""


class Connection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """A connection that notices when the other machine is gone, and never waits long to be closed."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        keep_alive(transport.get_extra_info("socket"))

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the driver's own signature
        """Say goodbye; a server that does not take notice at once is left without."""
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await super().close(timeout=timeout)
        except TimeoutError:
            self.terminate()


def keep_alive(connection: socket.socket | None) -> None:
    """Let the operating system end a TCP connection whose other end has vanished."""
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _KEEPALIVE_IDLE_SECONDS),
        ("TCP_KEEPINTVL", _KEEPALIVE_EVERY_SECONDS),
        ("TCP_KEEPCNT", _KEEPALIVES),
        ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_SECONDS * 1_000),
    ):
        # Not every system has all of them.
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def connect_arguments(patience: Patience) -> dict[str, Any]:
    """Return what `asyncpg.connect` is told beside the address."""
    return {
        "connection_class": Connection,
        "timeout": patience.connect_seconds,
        "command_timeout": patience.command_seconds,
        "server_settings": server_settings(patience),
    }


def server_settings(patience: Patience) -> dict[str, str]:
    """Return the limits that PostgreSQL itself keeps for a session."""
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
    """Return the same limits as psycopg, and so libpq, reads them."""
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
    """Return a connection that may be idle for ever; `sign_of_life` finds out when it is dead."""
    arguments = connect_arguments(REQUEST)
    arguments["server_settings"] |= {"idle_session_timeout": "0"}
    return await asyncpg.connect(url, **arguments)


async def sign_of_life(connection: asyncpg.Connection) -> None:
    """Return when the server answers. Raises asyncpg's errors, and `TimeoutError`."""
    await connection.execute("SELECT 1")


def give_up_lost_connections(engine: Engine) -> None:
    """Leave a connection at once when its answer did not come in time, and all others like it.

    Without this the pool would hand it out again, and whoever got it would wait as long.
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
    def pass_by_closed_ones(connection: Any, _record: Any, _proxy: Any) -> None:
        # The driver has noticed by itself that the server closed it: no question is needed.
        if connection.driver_connection.is_closed():
            raise DisconnectionError("closed by the server")


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1_000))
