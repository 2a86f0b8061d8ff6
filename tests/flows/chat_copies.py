"""Conversations that have taken place when a test begins: had once in a run, then copied.

Registering takes eleven messages. The transcripts tell of it in full; all other tests would only wait for it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.schema import load_models

type Rows = Sequence[tuple[Table, Sequence[dict[str, Any]]]]


async def rows_of(session: AsyncSession) -> Rows:
    """Return all that a database holds, in the order in which it can be written."""
    found = []
    for table in load_models().sorted_tables:
        rows = (await session.execute(select(table))).mappings()
        found.append((table, [dict(row) for row in rows]))
    return [(table, rows) for table, rows in found if rows]


async def write(session: AsyncSession, copied: Rows) -> None:
    """Write it all into a database that holds nothing yet, of whichever kind."""
    for table, rows in copied:
        await session.execute(insert(table), rows)
