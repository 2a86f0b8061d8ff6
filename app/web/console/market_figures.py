"""The market's figures as the page shows them: counting them takes most of a second of everybody's rows.

Of the whole market, once it is large, a loop counts them (`keep_due`), and a page reads what it kept. Figures of one
city, and of a small market, are counted when they are asked for, and kept for a minute by each process for itself.
Money, queues and lags are read each time, and so is whatever the API answers.
"""

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin import market, stats
from app.api.admin.market import MarketAnswer
from app.api.admin.stats import DayFigures
from app.catalogue import places
from app.core.logging import logger
from app.database.session import Database
from app.jobs.models import Job, JobStatus
from app.reporting import kept_figures, statistics
from app.web.console.desk import Desk

KEPT: Final = dt.timedelta(seconds=60)
"""For so long figures are shown again; the page says of when they are."""
PERIODS: Final = (7, 30, 90, 365)
"""Days of the figures that can be chosen."""
COUNTED_EVERY: Final = dt.timedelta(minutes=5)
"""So often a loop counts each period of the whole market."""
_LEFT_ALONE: Final = dt.timedelta(minutes=15)
"""Older than this no loop runs: then a page counts for itself."""
LARGE: Final = 5_000
"""With fewer workers a page counts in a few milliseconds, and no loop need."""
_MOST: Final = 32
"""Periods and cities of which figures are kept: those that were counted last."""

_USERS: Final = TypeAdapter(dict[str, dict[str, int]])
_JOBS: Final = TypeAdapter(dict[str, int])

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
            known = await _counted_before(session, days, city, desk.now)
            if known is None:
                known = await _count(session, desk.now, days, city)
                kept.keep(asked, known)
    return known


async def _counted_before(
    session: AsyncSession, days: int, city: str | None, now: dt.datetime
) -> CountedMarket | None:
    """Return what the loop has counted of the whole market, None where there is none or it is too old."""
    found = await kept_figures.find(session, _name(days), now, _read) if city is None else None
    return None if found is None or now - found.at > _LEFT_ALONE else found


def _read(found: kept_figures.CountedFigures) -> CountedMarket:
    return CountedMarket(
        found.at,
        MarketAnswer.model_validate(found.figures["found"]),
        [DayFigures.model_validate(day) for day in found.figures["days"]],
        _USERS.validate_python(found.figures["users"]),
        _JOBS.validate_python(found.figures["jobs"]),
    )


def _name(days: int) -> str:
    return f"market:{days}"


async def keep_due(database: Database, now: dt.datetime, *, large: int = LARGE) -> None:
    """Count the period of a large market that was counted longest ago, where that is `COUNTED_EVERY` ago.

    `large` is how many workers a small one has at most. One a round: the four together would keep a core busy for
    seconds. Where one can't be counted, that is logged, and the next that is due has its turn.
    """
    for period in await _due(database, now, large):
        try:
            await _keep(database, now, period)
        except Exception:  # noqa: BLE001 - each period is tried by itself
            logger().exception("market_figures_failed", days=period)
        else:
            return


async def _due(database: Database, now: dt.datetime, large: int) -> list[int]:
    """Return the periods that are due, first the one that was counted longest ago."""
    async with database.read() as session:
        if not await statistics.has_more_workers_than(session, large):
            return []
        never = dt.datetime.min.replace(tzinfo=dt.UTC)
        known = {}
        for days in PERIODS:
            found = await kept_figures.find(session, _name(days), now, _read)
            known[days] = found.at if found else never
    due = [days for days in PERIODS if now - known[days] >= COUNTED_EVERY]
    return sorted(due, key=known.__getitem__)


async def _keep(database: Database, now: dt.datetime, period: int) -> None:
    async with database.read() as session:
        counted = await _count(session, now, period, None)
    figures = {
        "found": counted.found.model_dump(mode="json"),
        "days": [day.model_dump(mode="json") for day in counted.days],
        "users": counted.users,
        "jobs": counted.jobs,
    }
    async with database.begin() as session:
        await kept_figures.keep(session, _name(period), figures, now)


async def _count(
    session: AsyncSession, now: dt.datetime, days: int, city: str | None
) -> CountedMarket:
    return CountedMarket(
        now,
        await market.count_market(session, now, days, places.by_city(city) if city else None),
        await stats.last_days(session, now),
        await statistics.accounts(session),
        await statistics.by_status(session, Job.status, JobStatus),
    )
