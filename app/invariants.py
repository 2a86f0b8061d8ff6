"""Check every invariant of the data, after fault campaigns in tests and by an operator; it only reads."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts import invariants as attempts
from app.audit.log import verify
from app.database.session import Database
from app.invoices import invariants as invoices
from app.messaging import invariants as messages
from app.messaging.retention import SENT_KEPT
from app.moderation import invariants as moderation
from app.offers import invariants as offers
from app.payments import invariants as payments
from app.workers import invariants as workers

ALL = (
    *attempts.INVARIANTS,
    *invoices.INVARIANTS,
    *messages.INVARIANTS,
    *moderation.INVARIANTS,
    *offers.INVARIANTS,
    *payments.INVARIANTS,
    *workers.INVARIANTS,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one invariant: the number of its rows, and of those that break it."""

    says: str
    about: int
    broken: int


async def examine(database: Database, now: dt.datetime | None = None) -> list[Finding]:
    """Return the result of every invariant at `now` (None: this moment)."""
    now = now or dt.datetime.now(dt.UTC)
    values = {"messages_since": now - SENT_KEPT + dt.timedelta(days=1)}
    async with database.read() as session:
        found = [
            Finding(
                each.says,
                await session.scalar(each.about, values) or 0,
                await session.scalar(each.broken, values) or 0,
            )
            for each in ALL
        ]
        good, bad = await verify(session)
        found.append(Finding("the audit log's chain is whole", good, int(bad is not None)))
        if not database.is_postgresql:
            # PostgreSQL itself prevents these.
            found.append(await _sqlite(session))
    return found


async def _sqlite(session: AsyncSession) -> Finding:
    dangling = (await session.execute(text("PRAGMA foreign_key_check"))).all()
    whole = (await session.scalar(text("PRAGMA integrity_check"))) == "ok"
    return Finding(
        "the file is whole, and every reference leads somewhere", 1, len(dangling) or 1 - whole
    )
