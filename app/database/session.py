"""The database: Base, engines, and the unit of work.

One transaction is opened and committed at the edge; no domain verb commits. The same code runs on
SQLite (one file, WAL, one writer at a time) and on PostgreSQL.
"""

import asyncio
import datetime as dt
import importlib
import pkgutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    MetaData,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

import app
from app.core.crypto import Keyring
from app.core.errors import Unavailable
from app.core.logging import logger
from app.database.engines import async_engine_for, parse_url, sync_engine_for
from app.database.faults import committing, is_away
from app.database.postgresql import COMMAND, REQUEST, Patience

__all__ = ["Base", "Database", "parse_url", "sync_engine_for"]

MIGRATIONS = Path(app.__file__).parent.parent / "migrations"

WAKE_CHANNEL = "partimer_wake"
"""PostgreSQL channel on which a commit tells every process that work is due."""

TELL_SECONDS = 0.02
"""How long what a commit has to tell may wait for company: under load, most go with another."""

DRIVER = "driver"
"""Where a reader's session on PostgreSQL keeps its driver's connection, once asked for (`prepared`)."""

PING_SECONDS = 2.0
"""How long a probe waits for the database: its own patience is three seconds."""

_ASKS_AGAIN_SECONDS = 0.5
_LOCK_MIGRATIONS = text("SELECT pg_advisory_xact_lock(716401732)")
_NOTIFY = text("SELECT pg_notify(:channel, :loops)")

type Listener = Callable[[AsyncSession, set[UUID]], Awaitable[object]]


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware instant, always UTC; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """Store in UTC; SQLite keeps fixed-width text, so that comparisons are right."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Leave alone what asyncpg returns, which is aware and in UTC."""
        return None if dialect.driver == "asyncpg" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """Return an aware instant."""
        if value is None:
            return None
        instant: dt.datetime = value
        if instant.tzinfo is None:
            return instant.replace(tzinfo=dt.UTC)
        return instant.astimezone(dt.UTC)


JsonType = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON document; JSONB on PostgreSQL."""


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: UtcDateTime, dict[str, Any]: JsonType, list[str]: JsonType}


def load_models() -> MetaData:
    """Import every domain's tables and return the metadata that holds them all.

    Found by name (`app.<domain>.models`), so that this module depends on no domain.
    """
    for package in pkgutil.iter_modules(app.__path__, "app."):
        if package.ispkg:
            for module in pkgutil.iter_modules(importlib.import_module(package.name).__path__):
                if module.name == "models":
                    importlib.import_module(f"{package.name}.models")
    return Base.metadata


@asynccontextmanager
async def _held(lock: asyncio.Lock, seconds: float) -> AsyncIterator[None]:
    try:
        await asyncio.wait_for(lock.acquire(), seconds)
    except TimeoutError:
        raise PoolTimeout(f"no turn to write within {seconds} s") from None
    try:
        yield
    finally:
        lock.release()


class Database:
    """One database, as the running process uses it."""

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
        parsed = parse_url(url)
        self.is_postgresql = parsed.drivername == "postgresql"
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": pool_size}
        if self.is_postgresql:
            # Of two pools, below. A connection beyond the pool would be made for one use, at the price
            # of a hundred statements; waiting for one of the pool costs less.
            options["max_overflow"] = 0
        self.url = parsed
        self.keyring = keyring
        self.engine = async_engine_for(parsed, patience, **options)
        info = {"keyring": keyring, "default_currency": default_currency, "sms": sms}
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, info=info)
        # Under READ COMMITTED each statement sees its own moment anyway, so a reader on PostgreSQL needs
        # no transaction around its statements: two round trips less of a few. Its connections stay in
        # that mode, in a pool of their own: to set one back and forth costs as much as a statement.
        self._reading = (
            async_engine_for(
                parsed,
                patience,
                isolation_level="AUTOCOMMIT",
                skip_autocommit_rollback=True,
                **options,
            )
            if self.is_postgresql
            else self.engine.execution_options(read_only=True)
        )
        self._readers = async_sessionmaker(
            self._reading,
            expire_on_commit=False,
            autoflush=False,
            info=info | ({DRIVER: None} if self.is_postgresql else {}),
        )
        # SQLite lets one write at a time and makes the others poll for their turn, which starves some
        # when many want to write (with 48 at once, past 15 s). In a process they queue.
        self._turn_seconds = patience.pool_seconds
        self._turn_to_write: Callable[[float], AbstractAsyncContextManager[None]] = (
            (lambda _seconds: nullcontext())
            if self.is_postgresql
            else partial(_held, asyncio.Lock())
        )
        self._pinging: asyncio.Task[None] | None = None
        self._woken: dict[str, set[asyncio.Event]] = {}
        self._untold: set[str] = set()
        self._telling: asyncio.Task[None] | None = None
        self._listeners: dict[str, Listener] = {}

    def on_change(self, topic: str, listener: Listener) -> None:
        """Call `listener(session, ids)` before each commit in which `changed(topic)` was noted."""
        self._listeners[topic] = listener

    @asynccontextmanager
    async def begin(self, turn_seconds: float | None = None) -> AsyncIterator[AsyncSession]:
        """Open a transaction; commit at the end, roll back on an error.

        On SQLite a writer waits for those before it, at most `turn_seconds` (None: the usual patience).
        After a commit the loops whose work it made are woken, here and in other processes. Raises
        `OutcomeUnknown` where the answer to the commit was lost.
        """
        seconds = self._turn_seconds if turn_seconds is None else turn_seconds
        async with self._turn_to_write(seconds), self._sessions() as session:
            yield session
            await self._finish(session)
            with committing():
                await session.commit()
        self._wake_all(session)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction of one statement; what is noted for the end of others has no place in it.

        On PostgreSQL such a statement needs no BEGIN and no COMMIT: two round trips less of three.
        """
        if not self.is_postgresql:
            async with self.begin() as session:
                yield session
            return
        with committing():
            async with self.read() as session:
                yield session
        self._wake_all(session)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that only reads: on SQLite it never waits for the writer."""
        session = self._readers()
        try:
            yield session
        finally:
            await session.close()

    async def _finish(self, session: AsyncSession) -> None:
        """Run what has to happen inside the transaction, just before it commits."""
        await session.flush()
        for topic, ids in session.info.pop("changed", {}).items():
            if listener := self._listeners.get(topic):
                await listener(session, ids)
        for last in session.info.pop("before_commit", {}).values():
            await last(session)
        await session.flush()

    def _wake_all(self, session: AsyncSession) -> None:
        """Wake the loops for which the session made work, here and in other processes."""
        loops: set[str] = session.info.pop("wake", set())
        if loops:
            self.wake(loops)
            if self.is_postgresql:
                self._tell(loops)

    def _tell(self, loops: Collection[str]) -> None:
        """Wake these loops of every other process.

        After the commit and not in it: of transactions that NOTIFY, PostgreSQL lets one commit at a
        time. At once, unless others were told a moment ago: then with all that comes in that moment.
        """
        self._untold.update(loops)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        while self._untold:
            await self._tell_now()
            await asyncio.sleep(TELL_SECONDS)

    async def _tell_now(self) -> None:
        telling, self._untold = self._untold, set()
        told = {"channel": WAKE_CHANNEL, "loops": ",".join(sorted(telling))}
        try:
            # One that is lost costs some seconds: the loops look by themselves, too.
            with suppress(SQLAlchemyError, OSError):
                async with self.read() as session:
                    await session.execute(_NOTIFY, told)
        except asyncio.CancelledError:
            self._untold |= telling
            raise

    def wake(self, loops: Collection[str]) -> None:
        """Wake these loops of this process, should they wait for work."""
        for name in loops:
            for waiter in self._woken.get(name, ()):
                waiter.set()

    @asynccontextmanager
    async def wakeups(self, loop: str) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever a commit made work for `loop`; the caller clears it."""
        waiter = asyncio.Event()
        waiters = self._woken.setdefault(loop, set())
        waiters.add(waiter)
        try:
            yield waiter
        finally:
            waiters.discard(waiter)

    async def prepare(self, *, migrate: bool, wait_seconds: float = 0) -> None:
        """Make the schema what this version needs, or say what is wrong.

        A server that does not answer, or is just starting, is waited for `wait_seconds`. An empty SQLite
        file gets its tables at once; otherwise the migrations that are missing are run if `migrate`, else
        they are asked for. Raises `Unavailable` with a sentence for a person.
        """
        shown = self.url.render_as_string(hide_password=True)
        until = time.monotonic() + wait_seconds
        waiting = False
        while True:
            try:
                return await self._upgrade(migrate=migrate)
            except (SQLAlchemyError, OSError, asyncpg.PostgresError) as error:
                if is_away(error) and time.monotonic() < until:
                    if not waiting:
                        waiting = True
                        logger().warning(
                            "waiting_for_database", database=shown, due_seconds=wait_seconds
                        )
                    await asyncio.sleep(_ASKS_AGAIN_SECONDS)
                    continue
                waited = f" It was waited for {wait_seconds:.0f} seconds." if waiting else ""
                raise Unavailable(
                    f"The database {shown} can't be used ({type(error).__name__}): check DATABASE_URL, "
                    "that the server runs or the folder exists, and that the file really is a database."
                    + waited,
                    code="database_unavailable",
                ) from error

    async def _upgrade(self, *, migrate: bool) -> None:
        """Bring the schema to this version, on a connection that may take its time."""
        async with self.read() as session:
            if await (await session.connection()).run_sync(schema_revision) == newest_revision():
                return
        engine = async_engine_for(self.url, COMMAND, poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                if self.is_postgresql:
                    # Several processes may start at once: one migrates, the others wait.
                    await connection.execute(_LOCK_MIGRATIONS)
                await connection.run_sync(upgrade_schema, migrate=migrate)
        finally:
            await engine.dispose()

    async def ping(self) -> None:
        """Raise `Unavailable` unless the database answers within `PING_SECONDS`.

        Whoever asks while a question is on its way waits for that one: a database that is frozen costs
        one connection, however often it is asked for.
        """
        if self._pinging is None or self._pinging.done():
            self._pinging = asyncio.create_task(self._ask(), context=Context())
        try:
            await asyncio.wait_for(asyncio.shield(self._pinging), PING_SECONDS)
        except (SQLAlchemyError, OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise Unavailable(
                "The database does not answer.", code="database_unavailable"
            ) from error

    async def _ask(self) -> None:
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])
        if self._untold:
            await self._tell_now()
        if self._pinging is not None:
            self._pinging.cancel()
            await asyncio.wait([self._pinging])
        await self.engine.dispose()
        await self._reading.dispose()


def newest_revision() -> str:
    """Return the schema's newest revision: its file is the last by name, and names it."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("*_*.py")).split("_")[1]


def schema_revision(connection: Connection) -> str | None:
    """Return the revision of the schema behind `connection`, None where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def upgrade_schema(connection: Connection, *, migrate: bool) -> None:
    """Bring the schema behind `connection` to this version, inside its transaction.

    Raises `Unavailable` when migrations are missing and `migrate` is false.
    """
    at = schema_revision(connection)
    if at == newest_revision():
        return
    tables = set(inspect(connection).get_table_names())
    # Imported here, because most starts of most processes need none of it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if at is None and not tables and connection.dialect.name == "sqlite":
        load_models().create_all(connection)
        command.stamp(config, "head")
    elif at is None and "users" in tables:
        # Made by `Base.metadata.create_all`, as a script may do.
        command.stamp(config, "head")
    elif migrate:
        command.upgrade(config, "head")
    else:
        raise Unavailable(
            "The database lacks migrations: run `alembic upgrade head`, then start again.",
            code="migrations_missing",
        )


def wake_loops(session: AsyncSession, *loops: str) -> None:
    """Note that this transaction makes work for these loops of `app.background`.

    Its commit wakes them, here and, on PostgreSQL, in every other process.
    """
    session.info.setdefault("wake", set()).update(loops)


def changed(session: AsyncSession, topic: str, identity: UUID) -> None:
    """Note that `identity` changed in a way the listener of `topic` wants to know before commit."""
    session.info.setdefault("changed", {}).setdefault(topic, set()).add(identity)


def before_commit(session: AsyncSession, name: str, verb: Callable[..., Awaitable[None]]) -> None:
    """Run `verb(session)` as the very last step of this transaction, once for each `name`."""
    session.info.setdefault("before_commit", {})[name] = verb


def keyring(session: AsyncSession) -> Keyring:
    """Return the keys that open this database's sealed values."""
    ring: Keyring = session.info["keyring"]
    return ring
