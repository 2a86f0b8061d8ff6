"""The log's head, to be kept where the database's owner can't reach: it tells a log that was cut off.

A chain whose newest rows are gone is whole by itself. Whoever kept its head of some day finds out: the
row of that number is missing, or has another hash.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.log import GENESIS
from app.audit.models import AdminActionLog, AuditHead
from app.core.errors import Invalid

_WRITTEN = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Head:
    """How long the log was, and its last row's hash; `at` is that row's instant, None of no row."""

    number: int
    hash: str
    at: dt.datetime | None = None

    def __str__(self) -> str:
        """Return it as it is exported and read again: `NUMBER:HASH`."""
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Return an exported head. Raises `Invalid`."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise Invalid.field("head", "Give a head as it was exported: NUMBER:HASH.")
        return cls(int(found[1]), found[2])


async def current(session: AsyncSession) -> Head:
    """Return the head as it is now."""
    query = select(AuditHead.number, AuditHead.hash, AdminActionLog.at).join(
        AdminActionLog, AdminActionLog.number == AuditHead.number, isouter=True
    )
    row = (await session.execute(query)).one_or_none()
    return Head(0, GENESIS) if row is None else Head(row.number, row.hash, row.at)


async def find_missing(session: AsyncSession, exported: Sequence[Head]) -> list[Head]:
    """Return those of these heads that the log doesn't contain: it was cut off or written anew."""
    numbers = {head.number for head in exported}
    query = select(AdminActionLog.number, AdminActionLog.hash).where(
        AdminActionLog.number.in_(numbers)
    )
    there = {(row.number, row.hash) for row in await session.execute(query)} | {(0, GENESIS)}
    return [head for head in exported if (head.number, head.hash) not in there]
