"""The log's head, exported to where the database's owner can't reach it.

A chain whose newest rows were deleted is valid by itself. An exported head proves the deletion: the row of
its number is missing, or has another hash.
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

_EXPORTED = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Head:
    """Number, hash and time of the log's last row; `at` is None for an empty log."""

    number: int
    hash: str
    at: dt.datetime | None = None

    def __str__(self) -> str:
        """Return the exported form, `NUMBER:HASH`."""
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Parse an exported head. Raises `Invalid`."""
        found = _EXPORTED.fullmatch(text.strip())
        if found is None:
            raise Invalid.field("head", "Give a head as it was exported: NUMBER:HASH.")
        return cls(int(found[1]), found[2])


async def current(session: AsyncSession) -> Head:
    """Return the current head."""
    query = select(AuditHead.number, AuditHead.hash, AdminActionLog.at).join(
        AdminActionLog, AdminActionLog.number == AuditHead.number, isouter=True
    )
    row = (await session.execute(query)).one_or_none()
    return Head(0, GENESIS) if row is None else Head(row.number, row.hash, row.at)


async def find_missing(session: AsyncSession, exported: Sequence[Head]) -> list[Head]:
    """Return the heads that the log doesn't contain: it was cut off or rewritten."""
    numbers = {head.number for head in exported}
    query = select(AdminActionLog.number, AdminActionLog.hash).where(
        AdminActionLog.number.in_(numbers)
    )
    known = {(row.number, row.hash) for row in await session.execute(query)} | {(0, GENESIS)}
    return [head for head in exported if (head.number, head.hash) not in known]
