"""Statements built once and run many times; on PostgreSQL by the driver itself.

To build a query, look its compiled form up, run it and wrap its rows takes SQLAlchemy several times as
long as the driver takes to run it. For the few that nearly every request waits for, SQLAlchemy writes
the SQL once and the rest is left out. Only a reader's session on PostgreSQL goes that way: there every
statement stands by itself. Elsewhere (a transaction, SQLite) the same statement runs as any other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import ARRAY, Select, String, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from app.database.session import DRIVER, Base
from app.database.statements import insert_of, is_postgresql, rows_changed, table

_FAILED = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


class Prepared[Row: NamedTuple]:
    """A query whose rows are `row`s: its columns in the order of that tuple's fields.

    Or an UPDATE that returns such rows, run in a `Database.single` and safe to repeat: should the connection
    fail it is run again, and what it changed the first time no longer meets its condition.

    Its values are bound by name. What the driver needs no help with goes through: numbers, texts,
    UUIDs, aware instants; a list of values for one `IN` does not.
    """

    def __init__(
        self, query: Select[*tuple[Any, ...]] | ReturningUpdate[Any], row: type[Row]
    ) -> None:
        names = tuple(column.key for column in query.exported_columns)
        if names != row._fields:
            raise TypeError(f"{row.__name__} has other fields than its query: {names}")
        self._query = query
        self._make = row._make
        self._sql: tuple[str, Sequence[str], Mapping[str, Any]] | None = None

    def _compiled(self, session: AsyncSession) -> tuple[str, Sequence[str], Mapping[str, Any]]:
        """Return the SQL, its values' names in order, and those that never change."""
        if self._sql is None:
            compiled = self._query.compile(dialect=session.get_bind().dialect)
            self._sql = str(compiled), tuple(compiled.positiontup or ()), compiled.params
        return self._sql

    async def all(self, session: AsyncSession, **values: Any) -> list[Row]:
        """Return every row. Raises SQLAlchemy's errors, as any statement does, and `TimeoutError`."""
        connection = await _driver_of(session)
        if connection is None:
            return [self._make(row) for row in await session.execute(self._query, values)]
        sql, order, constants = self._compiled(session)
        given = {**constants, **values}
        try:
            rows = await connection.fetch(sql, *[given[name] for name in order])
        except TimeoutError:
            # It was waited for long enough.
            await _leave_driver(session)
            raise
        except _FAILED:
            # It only reads, or is safe to repeat: run again like any other, whose layers know what to make
            # of an error.
            await _leave_driver(session)
            rows = (await session.execute(self._query, values)).all()
        return [self._make(row) for row in rows]

    async def one_or_none(self, session: AsyncSession, **values: Any) -> Row | None:
        """Return the only row, or None."""
        rows = await self.all(session, **values)
        if len(rows) > 1:
            raise ValueError("more than one row")
        return rows[0] if rows else None


class PreparedInsert:
    """Adds rows of these columns, unless those that break a unique constraint are there already.

    Any number by one statement. Runs past SQLAlchemy in a `Database.single` on PostgreSQL. Safe to
    repeat, which it relies on.
    """

    def __init__(self, model: type[Base], *columns: str) -> None:
        kinds = table(model).c
        self._columns = columns
        self._insert = insert_of(model, postgresql=False).on_conflict_do_nothing()
        # One array a column: the same statement for any number of rows, and one message to the server.
        arrays = [bindparam(name, type_=_array_of(kinds[name].type)) for name in columns]
        rows = select(func.unnest(*arrays).table_valued(*columns).render_derived())
        self._insert_arrays = (
            insert_of(model, postgresql=True)
            .from_select(columns, rows, include_defaults=False)
            .on_conflict_do_nothing()
        )
        self._sql: tuple[str, Sequence[str]] | None = None

    async def run(self, session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> int:
        """Add the rows; return how many were not there. Raises SQLAlchemy's errors, and `TimeoutError`."""
        if not is_postgresql(session):
            return await rows_changed(session, self._insert, rows)
        arrays = {name: [row[name] for row in rows] for name in self._columns}
        connection = await _driver_of(session)
        if connection is None:
            return await rows_changed(session, self._insert_arrays, arrays)
        if self._sql is None:
            compiled = self._insert_arrays.compile(dialect=session.get_bind().dialect)
            self._sql = str(compiled), tuple(compiled.positiontup or ())
        sql, order = self._sql
        try:
            status: str = await connection.execute(sql, *[arrays[name] for name in order])
        except TimeoutError:
            await _leave_driver(session)
            raise
        except _FAILED:
            await _leave_driver(session)
            return await rows_changed(session, self._insert_arrays, arrays)
        return int(status.removeprefix("INSERT 0 "))


def _array_of(kind: TypeEngine[Any]) -> ARRAY[Any]:
    """Return the array's type: one of VARCHAR(n) would cut what is too long instead of refusing it."""
    return ARRAY(Text() if isinstance(kind, String) else kind)


async def _driver_of(session: AsyncSession) -> asyncpg.Connection | None:
    """Return the driver's connection of a reader on PostgreSQL."""
    if DRIVER not in session.info:
        return None
    if session.info[DRIVER] is None:
        session.info[DRIVER] = await session.run_sync(
            lambda plain: plain.connection().connection.driver_connection
        )
    found: asyncpg.Connection = session.info[DRIVER]
    return found


async def _leave_driver(session: AsyncSession) -> None:
    """Give up the connection, in whatever state it is, and with it the way past SQLAlchemy."""
    del session.info[DRIVER]
    await session.invalidate()
