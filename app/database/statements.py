"""SQL for which the two databases need different words."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    CursorResult,
    Dialect,
    Executable,
    Select,
    Table,
    Text,
    TypeDecorator,
    Update,
    UpdateBase,
    Uuid,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql as on_postgresql
from sqlalchemy.dialects import sqlite as on_sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from app.core.transitions import Transition
from app.database.many_rows import with_arrays
from app.database.types import Base, UtcDateTime

type Insert = on_postgresql.Insert | on_sqlite.Insert


def table(model: type[Base]) -> Table:
    """Return a model's table; a query of its columns avoids the ORM."""
    return cast(Table, model.__table__)


def is_postgresql(session: AsyncSession) -> bool:
    """Whether `session` talks to PostgreSQL (else SQLite)."""
    return session.get_bind().dialect.name == "postgresql"


def insert_of(model: type[Base], *, postgresql: bool) -> Insert:
    """Return an INSERT into the model's table that supports ON CONFLICT."""
    insert = on_postgresql.insert if postgresql else on_sqlite.insert
    return insert(table(model))


class bits_set(FunctionElement[int]):  # noqa: N801 - reads as the SQL function it is
    """The number of bits set in an integer that is not negative; Python's own function on SQLite."""

    inherit_cache = True
    name = "bits_set"
    type = BigInteger()


@compiles(bits_set)
def _bits_set(element: bits_set, compiler: Any, **options: Any) -> str:
    return f"bit_count({compiler.process(element.clauses, **options)})"


@compiles(bits_set, "postgresql")
def _bits_set_on_postgresql(element: bits_set, compiler: Any, **options: Any) -> str:
    return f"bit_count(({compiler.process(element.clauses, **options)})::bit(64))"


class _Listed(TypeDecorator[list[Any]]):
    """A list of integers or UUIDs as one value: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[BigInteger] | type[Uuid[UUID]]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type on this database."""
        return dialect.type_descriptor(
            ARRAY(self.kind()) if dialect.name == "postgresql" else Text()
        )

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """Return what the driver takes."""
        if dialect.name == "postgresql":
            return value
        return json.dumps([each.hex if isinstance(each, UUID) else each for each in value or ()])


class _IsAmong(FunctionElement[bool]):
    """See `is_among`."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> "_IsAmong":
        """Stay as it is: compared with 1, as SQLAlchemy does on SQLite, a condition finds no index."""
        return self


def is_among(
    column: ColumnElement[Any],
    name: str,
    kind: type[BigInteger] | type[Uuid[UUID]] = BigInteger,
) -> ColumnElement[bool]:
    """Return whether a column is one of the integers, or UUIDs, bound by name as one list.

    One parameter, however many they are: `IN` makes another statement for each length, to be prepared and planned anew.
    """
    return _IsAmong(column, bindparam(name, type_=_Listed(kind)))


@compiles(_IsAmong)
def _is_among(element: _IsAmong, compiler: Any, **options: Any) -> str:
    column, listed = (compiler.process(part, **options) for part in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({listed})))"  # noqa: S608 - compiled SQL


@compiles(_IsAmong, "postgresql")
def _is_among_on_postgresql(element: _IsAmong, compiler: Any, **options: Any) -> str:
    column, listed = (compiler.process(part, **options) for part in element.clauses)
    return f"({column} = ANY ({listed}))"


@cache
def if_absent(model: type[Base], *, postgresql: bool) -> Insert:
    """Return an INSERT that leaves out rows which would break a unique constraint."""
    return insert_of(model, postgresql=postgresql).on_conflict_do_nothing()


def contains_text(text: str, *columns: Any) -> ColumnElement[bool]:
    """Return the condition that a column contains the text, whatever the case.

    The database lowers both: were one of them lowered here, "É" would differ from itself in SQLite.
    """
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = func.lower(f"%{escaped}%")
    return or_(*(func.lower(column).like(pattern, escape="\\") for column in columns))


def past_index(session: AsyncSession, column: Any) -> Any:
    """Return a column as a term that SQLite looks up in no index.

    SQLite keeps no statistics here, so it takes an equality for rare, though most rows may meet it. PostgreSQL knows
    better, and gets the column.
    """
    return column if is_postgresql(session) else func.coalesce(column, column)


async def insert_if_absent(
    session: AsyncSession, model: type[Base], row: Mapping[str, Any]
) -> bool:
    """Insert one row unless it breaks a unique constraint; return whether it was inserted."""
    statement = if_absent(model, postgresql=is_postgresql(session))
    return await rows_changed(session, statement, dict(row)) == 1


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows for a table: an INSERT without values, made once, and the values of each row, all of the same columns.

    A column with a default in Python is named, too.
    """

    insert: sqlalchemy.Insert
    rows: Sequence[Mapping[str, Any]]


_NOTHING: Final[Select[Any]] = select(literal_column("1"))
_GATHERED: Final = "gathered"
"""Under which a session's `info` keeps the rows of `gather_writes`."""
_MOST_TOGETHER: Final = 32
"""As many rows go into one statement: more of them are a long text that is hardly ever the same again."""


@asynccontextmanager
async def gather_writes(session: AsyncSession) -> AsyncIterator[None]:
    """Write all rows that `write_together` gets in this block at the end of it, in that order, by as few statements as can be.

    Nothing in the block may read them. After an error nothing of them is written. Blocks are not nested: what the inner
    one wrote, the outer one would still have to wait for. Raises `RuntimeError` for that.
    """
    if _GATHERED in session.info:
        raise RuntimeError("writes are being gathered already")
    session.info[_GATHERED] = []
    try:
        yield
    except BaseException:
        del session.info[_GATHERED]
        raise
    await write_together(session, *session.info.pop(_GATHERED))


async def write_together(
    session: AsyncSession,
    *new: NewRows,
    then: UpdateBase | None = None,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Insert rows of several tables, and run `then` with its `values` bound by name; none may need to see another's.

    On PostgreSQL it is one statement, and so one round trip; foreign keys are checked at its end. SQLite, which has
    no round trips, gets one statement a table. In a block of `gather_writes` rows alone wait for its end.
    """
    if then is None and _GATHERED in session.info:
        session.info[_GATHERED] += new
        return
    batches = _by_table(new)
    alone = len(batches) == 1 and then is None
    many = sum(len(each.rows) for each in batches) > _MOST_TOGETHER
    if alone or many or not is_postgresql(session):
        # At once: each `await` of the session costs as much as SQLite needs for the statement.
        await session.run_sync(_one_after_the_other, batches, then, values)
        return
    if not batches and then is None:
        return
    shape = tuple((each.insert, tuple(each.rows[0]), len(each.rows)) for each in batches)
    bound = {
        f"{number}_{place}_{name}": value
        for number, each in enumerate(batches)
        for place, row in enumerate(each.rows)
        for name, value in row.items()
    }
    await session.execute(_together(shape, then), bound | dict(values or {}))


def _one_after_the_other(
    session: Session,
    batches: Sequence[NewRows],
    then: UpdateBase | None,
    values: Mapping[str, Any] | None,
) -> None:
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    for each in batches:
        if on_postgresql and len(each.rows) > 1:
            session.execute(*with_arrays(each.insert, each.rows))
        else:
            session.execute(each.insert, each.rows)
    if then is not None:
        session.execute(then, values)


def _by_table(new: Iterable[NewRows]) -> list[NewRows]:
    """Join what the same INSERT writes, at the place of the first."""
    batches: dict[int, NewRows] = {}
    for each in new:
        if not each.rows:
            continue
        known = batches.get(id(each.insert))
        rows = each.rows if known is None else [*known.rows, *each.rows]
        batches[id(each.insert)] = NewRows(each.insert, rows)
    return list(batches.values())


@lru_cache(maxsize=256)
def _together(
    shape: tuple[tuple[Any, tuple[str, ...], int], ...], then: UpdateBase | None
) -> Executable:
    parts = [
        insert.values({name: bindparam(f"{number}_{place}_{name}") for name in columns}).cte(
            f"rows_{number}_{place}"
        )
        for number, (insert, columns, count) in enumerate(shape)
        for place in range(count)
    ]
    whole = _NOTHING if then is None else then
    return whole.add_cte(*parts)


async def rows_changed(session: AsyncSession, statement: UpdateBase, values: Any = None) -> int:
    """Run an INSERT, UPDATE or DELETE with `values` bound by name; return the number of rows.

    A compare-and-set checks that it is 1.
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
    """Return the condition with literal states, so that the planner can use a partial index.

    A single state becomes an equality, because SQLite does not match IN with such an index.
    """
    literals: list[ColumnElement[Any]] = [literal_column(f"'{state}'") for state in states]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)


class _Later(FunctionElement[dt.datetime]):
    """An instant bound by name, plus seconds."""

    type = UtcDateTime()
    inherit_cache = True


def later(name: str, after: dt.timedelta) -> ColumnElement[dt.datetime]:
    """Return the instant bound as `name` plus `after`, in whole seconds, for comparisons."""
    seconds: ColumnElement[Any] = literal_column(str(int(after.total_seconds())))
    return _Later(bindparam(name, type_=UtcDateTime()), seconds)


@compiles(_Later)
def _sqlite_later(element: _Later, compiler: Any, **options: Any) -> str:
    instant, seconds = (compiler.process(part, **options) for part in element.clauses)
    # SQLite stores instants as text, in which one without a fraction sorts before those with one.
    return f"strftime('%Y-%m-%d %H:%M:%S', {instant}, '{seconds} seconds')"


@compiles(_Later, "postgresql")
def _postgresql_later(element: _Later, compiler: Any, **options: Any) -> str:
    instant, seconds = (compiler.process(part, **options) for part in element.clauses)
    return f"({instant} + make_interval(secs => {seconds}))"


class json_rows(FunctionElement[str]):  # noqa: N801 - a function of SQL
    """An aggregate of its columns' values as JSON, an unordered array of arrays; NULL or empty over no row.

    With it one statement, and so one snapshot, returns a list together with what belongs to each row.
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
