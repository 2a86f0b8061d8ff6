"""Figures that a loop counts and pages show: whoever asks reads one row instead of everybody's.

They name nobody. A row is replaced whole, and one that is lost is counted anew.
"""

import datetime as dt
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.statements import insert_of, is_postgresql
from app.reporting.models import KeptFigures


class CountedFigures(NamedTuple):
    """Figures and the instant that they are of."""

    at: dt.datetime
    figures: dict[str, Any]


async def find(session: AsyncSession, name: str) -> CountedFigures | None:
    """Return the figures of that name, None where none were counted yet."""
    query = select(KeptFigures.at, KeptFigures.figures).where(KeptFigures.name == name)
    row = (await session.execute(query)).one_or_none()
    return CountedFigures(row.at, row.figures) if row else None


async def ages(session: AsyncSession) -> dict[str, dt.datetime]:
    """Return of when the figures of each name are."""
    rows = await session.execute(select(KeptFigures.name, KeptFigures.at))
    return {row.name: row.at for row in rows}


async def keep(session: AsyncSession, name: str, figures: dict[str, Any], at: dt.datetime) -> None:
    """Keep figures in place of those of before; of two processes at once the later instant stays."""
    new = insert_of(KeptFigures, postgresql=is_postgresql(session))
    put = new.on_conflict_do_update(
        index_elements=["name"],
        set_={"at": new.excluded.at, "figures": new.excluded.figures},
        where=KeptFigures.at < new.excluded.at,
    )
    await session.execute(put.values(name=name, at=at, figures=figures))
