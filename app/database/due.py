"""What is due: rows whose time has come, found by one condition wherever they are looked for.

A loop looks before it opens a transaction, and takes what it then takes by the same condition: it can
neither pass by what is due, nor open transactions for what isn't.
"""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, and_, bindparam, exists, or_, select

from app.core.clocks import SKEW
from app.database.fast_reads import Prepared
from app.database.session import Database
from app.database.statements import later


class _Found(NamedTuple):
    found: bool


class Look:
    """Whether there is anything due at `:now`: one statement that only reads, written once."""

    def __init__(self, any_due: ColumnElement[bool], kept: dt.timedelta = dt.timedelta()) -> None:
        self._query = Prepared(select(any_due.label("found")), _Found)
        self.kept = kept
        """How long after its moment a row is due: `:now` is then that much earlier."""

    async def finds(self, database: Database, now: dt.datetime, **more: dt.datetime) -> bool:
        """Ask, in a reader's session that is over then. Raises SQLAlchemy's errors.

        `more` are the values of conditions that ask for other instants than `:now`.
        """
        async with database.read() as session:
            values = self.values(now) | more
            return bool((await self._query.all(session, **values))[0].found)

    def values(self, now: dt.datetime) -> dict[str, dt.datetime]:
        """Return what the conditions are told."""
        return {"now": now - self.kept}


def due_by(due_at: Column[dt.datetime], written_at: Column[dt.datetime]) -> ColumnElement[bool]:
    """Return the condition that a row's time has come at `:now`.

    What was written by a clock that ran ahead is due at once: how far ahead its time lies says nothing.
    """
    ahead = later("now", SKEW)
    return or_(due_at <= bindparam("now"), and_(due_at > ahead, written_at > ahead))


class Due(Look):
    """Rows that are due at `:now`: `conditions` are the WHERE of whatever takes them."""

    def __init__(
        self, *conditions: ColumnElement[bool], kept: dt.timedelta = dt.timedelta()
    ) -> None:
        self.conditions = conditions
        self.any = exists().where(*conditions)
        super().__init__(self.any, kept)
