"""Wake the background loops after a commit that made work for them, in every process.

In one process an event does it. Other processes get PostgreSQL's NOTIFY; SQLite has nothing like it, so
there their loops find the work when they next poll.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import postgresql

_CHANNEL: Final = "partimer_wake"
_NOTIFY: Final = text("SELECT pg_notify(:channel, :loops)")
_COLLECT_SECONDS: Final = 0.02
"""Time in which further wake-ups are collected into one NOTIFY."""
_RECONNECT_SECONDS: Final = 5.0


def wake_loops(session: AsyncSession, *loops: str) -> None:
    """Note that this transaction makes work for these loops of `app.background`; its commit wakes them."""
    session.info.setdefault("wake", set()).update(loops)


class Wakeups:
    """The events that this process's loops wait for, and the notification of other processes."""

    def __init__(
        self, reader: Callable[[], AbstractAsyncContextManager[AsyncSession]], *, notifies: bool
    ) -> None:
        """`reader` opens the session for NOTIFY; `notifies` is False on SQLite."""
        self._reader = reader
        self._notifies = notifies
        self._events: dict[str, set[asyncio.Event]] = {}
        self._unsent: set[str] = set()
        self._sending: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def event(self, loop: str) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever there is work for `loop`; the caller clears it."""
        event = asyncio.Event()
        events = self._events.setdefault(loop, set())
        events.add(event)
        try:
            yield event
        finally:
            events.discard(event)

    def committed(self, session: AsyncSession) -> None:
        """Wake the loops for which `session` made work, here and in other processes.

        NOTIFY runs after the commit: of transactions that notify, PostgreSQL lets one commit at a time.
        It runs at once, unless another did a moment ago: then together with all that follow in that moment.
        """
        loops: set[str] = session.info.pop("wake", set())
        if not loops:
            return
        self._wake(loops)
        if self._notifies:
            self._unsent.update(loops)
            if self._sending is None or self._sending.done():
                self._sending = asyncio.create_task(self._send_all())

    def wake_later(self, loop: str, seconds: float) -> None:
        """Wake a loop of this process after some time; should it end before, polling finds the work."""
        asyncio.get_running_loop().call_later(max(0.0, seconds), self._wake, (loop,))

    def wake_all(self) -> None:
        """Wake every loop of this process."""
        self._wake(self._events)

    def _wake(self, loops: Collection[str]) -> None:
        for name in loops:
            for event in self._events.get(name, ()):
                event.set()

    async def _send_all(self) -> None:
        while self._unsent:
            await self._send()
            await asyncio.sleep(_COLLECT_SECONDS)

    async def _send(self) -> None:
        loops, self._unsent = self._unsent, set()
        values = {"channel": _CHANNEL, "loops": ",".join(sorted(loops))}
        try:
            # A lost notification delays the work by some seconds: every loop also polls.
            with suppress(SQLAlchemyError, OSError):
                async with self._reader() as session:
                    await session.execute(_NOTIFY, values)
        except asyncio.CancelledError:
            self._unsent |= loops
            raise

    async def close(self) -> None:
        """Send what is not sent yet."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
        if self._unsent:
            await self._send()

    async def listen(self, url: str) -> None:
        """Wake this process's loops by the commits of other processes; runs until cancelled."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._listen_once(url)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen_once(self, url: str) -> None:
        """Listen until the connection is lost."""
        connection = await postgresql.listener(url)
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda *_: lost.set())
            await connection.add_listener(
                _CHANNEL, lambda _c, _pid, _channel, loops: self._wake(str(loops).split(","))
            )
            # Notifications sent while nobody listened are lost: every loop has to look once.
            self.wake_all()
            while not lost.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), postgresql.LISTENER_CHECK_SECONDS)
                    return
                # A server whose machine is gone closes no connection; only a question shows it.
                await postgresql.check_alive(connection)
        finally:
            await connection.close()
