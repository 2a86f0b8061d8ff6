"""Sealing values that versions before 0022 stored in clear: e-mail and street addresses, workers' texts.

A background loop does it in steps, because migrations have no keys, and the previous release may still write
clear values while this one starts. One statement seals a value and empties the clear column.
"""

import datetime as dt
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.session import Database, keyring, savepoint
from app.database.statements import rows_changed, table
from app.employers import shared_identifiers
from app.employers.models import Employer
from app.identity import users
from app.identity.models import User
from app.jobs import posting
from app.jobs.models import Job
from app.workers import profile
from app.workers.models import Worker

STEP: Final = 200
"""Rows of each kind in one transaction."""


class _Clear(NamedTuple):
    """A column that may hold clear values, and how they are sealed."""

    model: type[Any]
    column: str
    context: str
    empty: str | None = None


CLEAR: Final = (
    _Clear(User, "email", users.EMAIL),
    _Clear(Employer, "address", shared_identifiers.ADDRESS),
    _Clear(Job, "address", posting.ADDRESS),
    _Clear(Worker, "bio", profile.BIO, ""),
)


async def seal_due(
    session: AsyncSession, _now: dt.datetime | None = None, limit: int = STEP
) -> int:
    """Seal at most `limit` clear values of each kind; return how many were sealed."""
    return sum([await _seal(session, clear, limit) for clear in CLEAR])


async def seal_all(database: Database) -> int:
    """Seal every clear value, in steps; return how many were sealed."""
    total = 0
    while True:
        async with database.begin() as session:
            sealed = await seal_due(session)
        if not sealed:
            return total
        total += sealed


async def _seal(session: AsyncSession, clear: _Clear, limit: int) -> int:
    columns = table(clear.model).c
    value = columns[clear.column]
    is_clear = value.is_not(None) if clear.empty is None else value != clear.empty
    rows = (await session.execute(select(columns.id, value).where(is_clear).limit(limit))).all()
    keys, done = keyring(session), 0
    for row_id, text in rows:
        same = and_(columns.id == row_id, value == text)  # it may have been changed meanwhile
        sealed = _columns(keys, clear, text)
        try:
            async with savepoint(session):
                statement = update(table(clear.model)).where(same).values(sealed)
                done += await rows_changed(session, statement)
        except IntegrityError:
            # Two accounts with one address, one from each version: the indexed one can sign in.
            ALERTS.labels("address_twice").inc()
            logger().error("address_twice", user_id=str(row_id))
            unindexed = {name: sealed[name] for name in sealed if not name.endswith("_index")}
            done += await rows_changed(
                session, update(table(clear.model)).where(same).values(unindexed)
            )
    return done


def _columns(keys: Keyring, clear: _Clear, text: str) -> dict[str, Any]:
    emptied = {clear.column: clear.empty}
    if clear.model is User:
        return emptied | users.email_columns(keys, text)
    return emptied | {f"{clear.column}_sealed": keys.seal(text, clear.context)}
