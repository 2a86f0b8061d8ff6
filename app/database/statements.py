"""SQL that says the same to both databases, where SQLAlchemy needs a word more for one of them."""

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    CursorResult,
    Table,
    Text,
    Update,
    UpdateBase,
    bindparam,
    literal_column,
    update,
)
from sqlalchemy.dialects import postgresql as on_postgresql
from sqlalchemy.dialects import sqlite as on_sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.core.transitions import Transition
from app.database.types import Base, UtcDateTime

type Insert = on_postgresql.Insert | on_sqlite.Insert


def table(model: type[Base]) -> Table:
    """Return the plain table of a model: a query of its columns alone runs past the ORM."""
    return cast(Table, model.__table__)


def is_postgresql(session: AsyncSession) -> bool:
    """Whether `session` talks to PostgreSQL (else SQLite)."""
    return session.get_bind().dialect.name == "postgresql"


def insert_of(model: type[Base], *, postgresql: bool) -> Insert:
    """Return an INSERT into the model's table that can be told what to do ON CONFLICT."""
    insert = on_postgresql.insert if postgresql else on_sqlite.insert
    return insert(table(model))


@cache
def _if_absent(model: type[Base], *, postgresql: bool) -> Insert:
    return insert_of(model, postgresql=postgresql).on_conflict_do_nothing()


async def insert_if_absent(
    session: AsyncSession, model: type[Base], row: Mapping[str, Any]
) -> bool:
    """Insert one row unless it breaks a unique constraint; return whether it was inserted."""
    statement = _if_absent(model, postgresql=is_postgresql(session))
    return await rows_changed(session, statement, dict(row)) == 1


async def rows_changed(session: AsyncSession, statement: UpdateBase, values: Any = None) -> int:
    """Run an INSERT, UPDATE or DELETE, `values` bound by name, and return how many rows it touched.

    A compare-and-set that must change one row asks for 1 here, else says why not.
    """
    result = await session.execute(statement, values)
    return cast("CursorResult[Any]", result).rowcount


def transition_update(
    model: type[Base],
    transition: Transition[Any, Any],
    now: dt.datetime | BindParameter[dt.datetime],
    *which: ColumnElement[bool],
    **values: Any,
) -> Update:
    """Return a transition's compare-and-set UPDATE of these rows; its WHERE repeats status and guards."""
    return (
        update(model)
        .where(*which, *transition.conditions(table(model).c, now))
        .values(status=transition.target.value, updated_at=now, **values)
        .execution_options(synchronize_session=False)
    )


def is_one_of(column: Column[Any], states: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition with our own words in the SQL: any plan sees which partial index fits.

    One word is an equality: SQLite does not see that IN with one says the same as the index.
    """
    words: list[ColumnElement[Any]] = [literal_column(f"'{state}'") for state in states]
    return column == words[0] if len(words) == 1 else column.in_(words)


class _Later(FunctionElement[dt.datetime]):
    """An instant that is bound by name, and so many seconds after it."""

    type = UtcDateTime()
    inherit_cache = True


def later(name: str, after: dt.timedelta) -> ColumnElement[dt.datetime]:
    """Return the instant `after` the one bound as `name`, for comparisons; whole seconds."""
    seconds: ColumnElement[Any] = literal_column(str(int(after.total_seconds())))
    return _Later(bindparam(name, type_=UtcDateTime()), seconds)


@compiles(_Later)
def _sqlite_later(element: _Later, compiler: Any, **options: Any) -> str:
    instant, seconds = (compiler.process(part, **options) for part in element.clauses)
    # As text, as SQLite keeps instants: one without a fraction comes before all with one.
    return f"strftime('%Y-%m-%d %H:%M:%S', {instant}, '{seconds} seconds')"


@compiles(_Later, "postgresql")
def _postgresql_later(element: _Later, compiler: Any, **options: Any) -> str:
    instant, seconds = (compiler.process(part, **options) for part in element.clauses)
    return f"({instant} + make_interval(secs => {seconds}))"


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
