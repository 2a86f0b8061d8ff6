"""The unit of work: sessions on SQLite (one file, WAL, one writer at a time) and on PostgreSQL.

The edge (a route, a loop, a command) opens one transaction and commits it; no domain verb commits.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import Context
from copy import deepcopy
from functools import partial
from typing import Final, cast
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.core.crypto import Keyring
from app.core.errors import Unavailable
from app.database.engines import async_engine_for, parse_url
from app.database.fast_reads import READER_INFO
from app.database.faults import committing
from app.database.postgresql import REQUEST, Patience
from app.database.sqlite_dialect import LONGEST_POLL_SECONDS, InlineDialect
from app.database.sqlite_waiting import WaitingMark
from app.database.wakeups import Wakeups

PING_SECONDS: Final = 2.0
"""How long `ping` waits for the database. The caller, a health probe, waits three seconds."""

_LOOK_SECONDS: Final = 0.002
"""How often a process that wrote looks whether the one that waits has begun."""

_NOTED: Final = ("changed", "before_commit", "audit", "wake")
"""What verbs note in a session's `info` for the end of its transaction."""

type Listener = Callable[[AsyncSession, set[UUID]], Awaitable[object]]


class Database:
    """The engines of one process on one database, and the sessions it opens."""

    def __init__(
        self,
        url: str,
        keyring: Keyring,
        *,
        default_currency: str = "INR",
        sms: bool = False,
        pool_size: int = 16,
        patience: Patience = REQUEST,
    ) -> None:
        self.url = parse_url(url)
        self.is_postgresql = self.url.drivername == "postgresql"
        self.keyring = keyring
        # PostgreSQL gets two pools, below, and no connections beyond them: one would be made for one use,
        # which costs as much as a hundred statements. Waiting for a free one costs less.
        overflow = 0 if self.is_postgresql else pool_size
        make = partial(
            async_engine_for, self.url, patience, pool_size=pool_size, max_overflow=overflow
        )
        self.engine = make()
        # PostgreSQL's READ COMMITTED gives each statement its own snapshot, so a reader needs no
        # transaction: that saves the round trips of BEGIN and COMMIT. Readers get a pool of their own,
        # because switching a connection's mode costs as much as a statement.
        self._reading = (
            make(isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)
            if self.is_postgresql
            else self.engine.execution_options(read_only=True)
        )
        info = {"keyring": keyring, "default_currency": default_currency, "sms": sms}
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, info=info)
        self._readers = async_sessionmaker(
            self._reading,
            expire_on_commit=False,
            autoflush=False,
            info=info | (READER_INFO if self.is_postgresql else {}),
        )
        # SQLite lets one writer in and makes the others poll, which starves some of them when many wait
        # (48 at once: past 15 s). Within this process writers queue instead; between processes, whoever
        # ends a write lets one that waits go first.
        self._write_wait_seconds = patience.pool_seconds
        self._write_lock: Callable[[float], AbstractAsyncContextManager[None]] = (
            (lambda _seconds: nullcontext())
            if self.is_postgresql
            else partial(_locked, asyncio.Lock(), cast("InlineDialect", self.engine.dialect).mark)
        )
        self._ping: asyncio.Task[None] | None = None
        self.wakeups = Wakeups(self.read, notifies=self.is_postgresql)
        self._listeners: dict[str, Listener] = {}

    def on_change(self, topic: str, listener: Listener) -> None:
        """Call `listener(session, ids)` before each commit in which `changed(topic)` was noted."""
        self._listeners[topic] = listener

    @asynccontextmanager
    async def begin(self, wait_seconds: float | None = None) -> AsyncIterator[AsyncSession]:
        """Open a transaction; commit at the end, roll back on an error.

        On SQLite a writer waits for earlier ones, at most `wait_seconds` (None: as long as the database's
        `patience` says). After the commit the loops that got work are woken. Raises `OutcomeUnknown` where
        the answer to COMMIT was lost.
        """
        seconds = self._write_wait_seconds if wait_seconds is None else wait_seconds
        async with self._write_lock(seconds), self._sessions() as session:
            yield session
            await self._finish(session)
            with committing():
                await session.commit()
        self.wakeups.committed(session)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction of one statement, for which no listener and no `before_commit` verb runs.

        On PostgreSQL it needs no BEGIN and no COMMIT: one round trip instead of three.
        """
        if not self.is_postgresql:
            async with self.begin() as session:
                yield session
            return
        with committing():
            async with self.read() as session:
                yield session
        self.wakeups.committed(session)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that only reads: on SQLite it never waits for the writer."""
        session = self._readers()
        try:
            yield session
        finally:
            await session.close()

    async def _finish(self, session: AsyncSession) -> None:
        """Run the listeners and the `before_commit` verbs."""
        await session.flush()
        for topic, ids in session.info.pop("changed", {}).items():
            if listener := self._listeners.get(topic):
                await listener(session, ids)
        for verb in session.info.pop("before_commit", {}).values():
            await verb(session)
        await session.flush()

    async def ping(self) -> None:
        """Raise `Unavailable` unless the database answers within `PING_SECONDS`.

        Pings that overlap share one statement, so a frozen database takes one connection only.
        """
        if self._ping is None or self._ping.done():
            self._ping = asyncio.create_task(self._select_one(), context=Context())
        try:
            await asyncio.wait_for(asyncio.shield(self._ping), PING_SECONDS)
        except (SQLAlchemyError, OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise Unavailable(
                "The database does not answer.", code="database_unavailable"
            ) from error

    async def _select_one(self) -> None:
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.wakeups.close()
        if self._ping is not None:
            self._ping.cancel()
            await asyncio.wait([self._ping])
        await self.engine.dispose()
        await self._reading.dispose()
        if isinstance(self.engine.dialect, InlineDialect):
            self.engine.dialect.mark.close()


@asynccontextmanager
async def _locked(lock: asyncio.Lock, mark: WaitingMark, seconds: float) -> AsyncIterator[None]:
    try:
        await asyncio.wait_for(lock.acquire(), seconds)
    except TimeoutError:
        raise PoolTimeout(f"another writer held the database for {seconds} s") from None
    try:
        yield
    finally:
        _release(lock, mark, time.monotonic() + LONGEST_POLL_SECONDS)


def _release(lock: asyncio.Lock, mark: WaitingMark, until: float) -> None:
    """Let the next writer of this process go, once none of another process waits, or the time is over."""
    if time.monotonic() < until and mark.any_other():
        asyncio.get_running_loop().call_later(_LOOK_SECONDS, _release, lock, mark, until)
    else:
        lock.release()


def changed(session: AsyncSession, topic: str, identity: UUID) -> None:
    """Note that `identity` changed; the listener of `topic` runs before the commit."""
    session.info.setdefault("changed", {}).setdefault(topic, set()).add(identity)


def before_commit(session: AsyncSession, name: str, verb: Callable[..., Awaitable[None]]) -> None:
    """Run `verb(session)` as the very last step of this transaction, once for each `name`."""
    session.info.setdefault("before_commit", {})[name] = verb


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[None]:
    """Open a savepoint; an error also takes back what the block noted for the end of the transaction.

    That is what `changed`, `before_commit`, `audit.record` and `wake_loops` noted.
    """
    noted = {name: deepcopy(session.info.get(name)) for name in _NOTED}
    try:
        async with session.begin_nested():
            yield
    except BaseException:
        for name, value in noted.items():
            session.info.pop(name, None)
            if value is not None:
                session.info[name] = value
        raise


def keyring(session: AsyncSession) -> Keyring:
    """Return the keys that open this database's sealed values."""
    ring: Keyring = session.info["keyring"]
    return ring
