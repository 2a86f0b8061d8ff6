"""Statements built once and run many times; on PostgreSQL by the driver itself.

To build a query, look its compiled form up, run it and wrap its rows takes SQLAlchemy several times as
long as the driver takes to run it. For the few that nearly every request waits for, SQLAlchemy writes
the SQL once and the rest is left out. Only a reader's session on PostgreSQL goes that way: there every
statement stands by itself. Elsewhere (a transaction, SQLite) the same statement runs as any other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import asyncpg
from sqlalchemy import CursorResult, Insert, Select, Text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.db import DRIVER, Base, is_postgresql, table

_FAILED = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class Prepared[Row: NamedTuple]:
    """A query whose rows are `row`s: its columns in the order of that tuple's fields.

    Its values are bound by name. What the driver needs no help with goes through: numbers, texts,
    UUIDs, aware instants; a list of values for one `IN` does not.
    """

    def __init__(self, query: Select[*tuple[Any, ...]], row: type[Row]) -> None:
        names = tuple(column.key for column in query.selected_columns)
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
        """Return every row. Raises SQLAlchemy's errors, as any statement does."""
        connection = await _driver_of(session)
        if connection is None:
            return [self._make(row) for row in await session.execute(self._query, values)]
        sql, order, constants = self._compiled(session)
        given = {**constants, **values}
        try:
            rows = await connection.fetch(sql, *[given[name] for name in order])
        except _FAILED:
            # It only reads: run again like any other, whose layers know what to make of an error.
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
    """Adds a row of these columns, unless one that breaks a unique constraint is there already.

    Runs past SQLAlchemy in a `Database.single` on PostgreSQL. Safe to repeat, which it relies on.
    """

    def __init__(self, model: type[Base], *columns: str) -> None:
        self._model = model
        self._columns = columns
        self._sql: tuple[str, Sequence[str]] | None = None

    async def run(self, session: AsyncSession, **row: Any) -> bool:
        """Add the row; return False if it was there. Raises SQLAlchemy's errors."""
        connection = await _driver_of(session)
        if connection is None:
            return await self._run_plainly(session, row)
        if self._sql is None:
            compiled = self._statement(session).compile(
                dialect=session.get_bind().dialect, column_keys=self._columns
            )
            self._sql = str(compiled), tuple(compiled.positiontup or ())
        sql, order = self._sql
        try:
            status: str = await connection.execute(sql, *[row[name] for name in order])
        except _FAILED:
            await _leave_driver(session)
            return await self._run_plainly(session, row)
        return status == "INSERT 0 1"

    async def _run_plainly(self, session: AsyncSession, row: Mapping[str, Any]) -> bool:
        result = await session.execute(self._statement(session), row)
        return cast("CursorResult[Any]", result).rowcount == 1

    def _statement(self, session: AsyncSession) -> Insert:
        insert = postgresql_insert if is_postgresql(session) else sqlite_insert
        return insert(table(self._model)).on_conflict_do_nothing()


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


class json_rows(FunctionElement[str]):  # noqa: N801 - a function of SQL
    """An aggregate: its columns' values in every row as JSON, an array of arrays in no order.

    Over no row it is NULL or an empty array. What belongs to each row of a list comes with the row
    this way, in one statement and so of one moment.
    """

    type = Text()
    inherit_cache = True


@compiles(json_rows)
def _sqlite_rows(element: json_rows, compiler: Any, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


@compiles(json_rows, "postgresql")
def _postgresql_rows(element: json_rows, compiler: Any, **options: Any) -> str:
    arrays = f"json_build_array({compiler.process(element.clauses, **options)})"
    return f"CAST(json_agg({arrays}) AS TEXT)"
