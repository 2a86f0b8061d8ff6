"""Due work: one condition per kind of row, for the cheap question "anything due?" and for claiming rows.

Because both use the same condition, a loop neither misses due rows nor opens a transaction for nothing.
"""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, and_, bindparam, exists, or_, select

from app.core.clocks import SKEW
from app.database.fast_reads import Prepared
from app.database.session import Database
from app.database.statements import later


class _Answer(NamedTuple):
    any_due: bool


class DueQuery:
    """The question whether anything is due at `:now`: one prepared SELECT."""

    def __init__(self, exists: ColumnElement[bool], delay: dt.timedelta = dt.timedelta()) -> None:
        """A row is due `delay` after the instant in its column: `:now` is then that much earlier."""
        self._query = Prepared(select(exists.label("any_due")), _Answer)
        self._delay = delay

    async def any_due(self, database: Database, now: dt.datetime, **more: dt.datetime) -> bool:
        """Ask in a reader's session of its own; `more` binds further instants. Raises SQLAlchemy's errors."""
        async with database.read() as session:
            values = self.values(now) | more
            return bool((await self._query.all(session, **values))[0].any_due)

    def values(self, now: dt.datetime) -> dict[str, dt.datetime]:
        """Return the values that the conditions bind by name."""
        return {"now": now - self._delay}


def due_condition(
    due_at: Column[dt.datetime], written_at: Column[dt.datetime]
) -> ColumnElement[bool]:
    """Return the condition that a row is due at `:now`.

    A row that a clock running ahead wrote is due at once, because its `due_at` means nothing.
    """
    ahead = later("now", SKEW)
    return or_(due_at <= bindparam("now"), and_(due_at > ahead, written_at > ahead))


class Due(DueQuery):
    """Rows that are due at `:now`; `conditions` are also the WHERE of the statement that claims them."""

    def __init__(
        self, *conditions: ColumnElement[bool], delay: dt.timedelta = dt.timedelta()
    ) -> None:
        self.conditions = conditions
        self.exists = exists().where(*conditions)
        super().__init__(self.exists, delay)
