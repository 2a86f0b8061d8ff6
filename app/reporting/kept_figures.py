"""Figures that a loop counts and pages show: whoever asks reads one row instead of everybody's.

They name nobody. A row is replaced whole, and one that is lost is counted anew. So is one that the code can't read
any more, and one from the future, which a clock that was ahead has left.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.statements import insert_of, is_postgresql
from app.reporting.models import KeptFigures

AHEAD: Final = dt.timedelta(minutes=1)
"""Clocks of our servers differ by less; figures from later than that are not there."""


class CountedFigures(NamedTuple):
    """Figures and the instant that they are of."""

    at: dt.datetime
    figures: dict[str, Any]


async def find[Read](
    session: AsyncSession, name: str, now: dt.datetime, read: Callable[[CountedFigures], Read]
) -> Read | None:
    """Return what `read` makes of the figures of that name; None where there are none that it can read."""
    query = select(KeptFigures.at, KeptFigures.figures).where(
        KeptFigures.name == name, KeptFigures.at <= now + AHEAD
    )
    row = (await session.execute(query)).one_or_none()
    try:
        return read(CountedFigures(row.at, row.figures)) if row else None
    except (KeyError, TypeError, ValueError):  # pydantic's are of the last kind
        # The row outlived the code that wrote it.
        return None


async def keep(session: AsyncSession, name: str, figures: dict[str, Any], at: dt.datetime) -> None:
    """Keep figures in place of those of before; of two processes at once the later instant stays.

    Figures from the future give way.
    """
    new = insert_of(KeptFigures, postgresql=is_postgresql(session))
    put = new.on_conflict_do_update(
        index_elements=["name"],
        set_={"at": new.excluded.at, "figures": new.excluded.figures},
        where=or_(KeptFigures.at <= new.excluded.at, KeptFigures.at > at + AHEAD),
    )
    await session.execute(put.values(name=name, at=at, figures=figures))
