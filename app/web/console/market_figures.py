"""The market's figures as the page shows them: counted at most once a minute, as they take a second of everybody's rows.

Only counts of the whole market are kept, by each process for itself. Money, queues and lags are read each time, and so
is whatever the API answers.
"""

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin import market, stats
from app.api.admin.market import MarketAnswer
from app.api.admin.stats import DayFigures
from app.database.session import Database
from app.jobs.models import Job, JobStatus
from app.reporting import statistics
from app.web.console.desk import Desk

KEPT: Final = dt.timedelta(seconds=60)
"""For so long figures are shown again; the page says of when they are."""
_MOST: Final = 32
"""Periods and cities of which figures are kept: those that were counted last."""

type _Asked = tuple[int, str | None]
"""How many days, and which city; None is all of them."""


class CountedMarket(NamedTuple):
    """What was counted, and when."""

    at: dt.datetime
    found: MarketAnswer
    days: list[DayFigures]
    users: dict[str, dict[str, int]]
    jobs: dict[str, int]


@dataclass
class _Kept:
    """The figures of one database that a process has counted last."""

    figures: dict[_Asked, CountedMarket] = field(default_factory=dict)
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Who asks while another counts waits for those figures instead of counting them again."""

    def find(self, asked: _Asked, now: dt.datetime) -> CountedMarket | None:
        """Return figures that are young enough, or None."""
        known = self.figures.get(asked)
        # A request that waited for another's count may have begun before it.
        return known if known and abs(now - known.at) < KEPT else None

    def keep(self, asked: _Asked, counted: CountedMarket) -> None:
        """Keep figures, and forget those that were counted first where there are too many."""
        self.figures.pop(asked, None)
        self.figures[asked] = counted
        while len(self.figures) > _MOST:
            del self.figures[next(iter(self.figures))]


_kept: Final[WeakKeyDictionary[Database, _Kept]] = WeakKeyDictionary()


async def figures_of(
    desk: Desk, session: AsyncSession, days: int, city: str | None
) -> CountedMarket:
    """Return the figures of a period and of one city or of all, at most `KEPT` old."""
    kept = _kept.setdefault(desk.rt.database, _Kept())
    asked = (days, city)
    if (known := kept.find(asked, desk.now)) is not None:
        return known
    async with kept.counting:
        if (known := kept.find(asked, desk.now)) is None:
            known = await _count(desk, session, days, city)
            kept.keep(asked, known)
    return known


async def _count(desk: Desk, session: AsyncSession, days: int, city: str | None) -> CountedMarket:
    return CountedMarket(
        desk.now,
        await market.get_market(session, desk.actor, desk.now, days, city),
        await stats.last_days(session, desk.now),
        await statistics.accounts(session),
        await statistics.by_status(session, Job.status, JobStatus),
    )
