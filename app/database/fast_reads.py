"""Statements that SQLAlchemy compiles once and PostgreSQL's driver then runs.

SQLAlchemy takes several times as long as the driver to build a query, find its compiled form, run it and wrap
its rows. The few statements that nearly every request waits for skip all but the compilation. That holds for
a reader's session on PostgreSQL, where no transaction surrounds a statement. In a transaction and on SQLite
the same statement runs through SQLAlchemy.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import asyncpg
from sqlalchemy import ARRAY, Select, String, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from app.database.statements import insert_of, is_postgresql, rows_changed, table
from app.database.types import Base

_DRIVER: Final = "driver"
READER_INFO: Final = {_DRIVER: None}
"""What a session's `info` needs so that its statements go to the driver; keeps the connection later."""

_FAILED: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


class Prepared[Row: NamedTuple]:
    """A query whose columns are, in order, the fields of the named tuple `row`.

    It may be an UPDATE with RETURNING in a `Database.single`, if it is safe to repeat: a lost connection makes
    it run again, and rows that it changed before must not meet its condition any more.

    Values are bound by name: numbers, texts, UUIDs and aware instants. A list for one `IN` does not work.
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
        """Return the SQL, its parameters' names in order, and the values that never change."""
        if self._sql is None:
            compiled = self._query.compile(dialect=session.get_bind().dialect)
            self._sql = str(compiled), tuple(compiled.positiontup or ()), compiled.params
        return self._sql

    async def all(self, session: AsyncSession, **values: Any) -> list[Row]:
        """Return every row. Raises SQLAlchemy's errors, and `TimeoutError`."""
        connection = await _driver_of(session)
        if connection is None:
            return [self._make(row) for row in await session.execute(self._query, values)]
        sql, order, constants = self._compiled(session)
        given = {**constants, **values}
        try:
            rows = await connection.fetch(sql, *[given[name] for name in order])
        except TimeoutError:
            await _leave_driver(session)
            raise
        except _FAILED:
            # The statement is safe to repeat, so SQLAlchemy runs it again and classifies the error.
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
    """An INSERT … ON CONFLICT DO NOTHING of any number of rows by one statement.

    In a `Database.single` on PostgreSQL the driver runs it.
    """

    def __init__(self, model: type[Base], *columns: str) -> None:
        kinds = table(model).c
        self._columns = columns
        self._insert = insert_of(model, postgresql=False).on_conflict_do_nothing()
        # One array a column: the statement is the same for any number of rows.
        arrays = [bindparam(name, type_=_array_of(kinds[name].type)) for name in columns]
        rows = select(func.unnest(*arrays).table_valued(*columns).render_derived())
        self._insert_arrays = (
            insert_of(model, postgresql=True)
            .from_select(columns, rows, include_defaults=False)
            .on_conflict_do_nothing()
        )
        self._sql: tuple[str, Sequence[str]] | None = None

    async def run(self, session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> int:
        """Return how many rows were inserted. Raises SQLAlchemy's errors, and `TimeoutError`."""
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
    """Return the array's type: VARCHAR(n)[] would cut long text where the column refuses it."""
    return ARRAY(Text() if isinstance(kind, String) else kind)


async def _driver_of(session: AsyncSession) -> asyncpg.Connection | None:
    """Return the driver's connection of a reader's session on PostgreSQL, else None."""
    if _DRIVER not in session.info:
        return None
    if session.info[_DRIVER] is None:
        session.info[_DRIVER] = await session.run_sync(
            lambda plain: plain.connection().connection.driver_connection
        )
    connection: asyncpg.Connection = session.info[_DRIVER]
    return connection


async def _leave_driver(session: AsyncSession) -> None:
    """Drop the connection, whatever its state; the session's further statements go through SQLAlchemy."""
    del session.info[_DRIVER]
    await session.invalidate()
