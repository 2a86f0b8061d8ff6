"""Looking whether everything holds that must: in tests after every campaign of faults, and by an operator.

It only reads, and may run beside everything else.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts import invariants as attempts
from app.audit.log import verify
from app.database.session import Database
from app.messaging import invariants as messages
from app.messaging.retention import SENT_KEPT
from app.offers import invariants as offers
from app.payments import invariants as payments
from app.workers import invariants as workers

ALL = (
    *attempts.INVARIANTS,
    *messages.INVARIANTS,
    *offers.INVARIANTS,
    *payments.INVARIANTS,
    *workers.INVARIANTS,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one invariant stands: how many rows it is about, and how many of them break it."""

    says: str
    about: int
    broken: int


async def examine(database: Database, now: dt.datetime | None = None) -> list[Finding]:
    """Return how every invariant stands at `now`, else at this moment."""
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
            # PostgreSQL itself lets nothing in that breaks these.
            found.append(await _sqlite(session))
    return found


async def _sqlite(session: AsyncSession) -> Finding:
    dangling = (await session.execute(text("PRAGMA foreign_key_check"))).all()
    whole = (await session.scalar(text("PRAGMA integrity_check"))) == "ok"
    return Finding(
        "the file is whole, and every reference leads somewhere", 1, len(dangling) or 1 - whole
    )
