"""How far background work was behind over the last hour, a sample a minute: for the chart of the market's page."""

import datetime as dt
from dataclasses import astuple
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import Database
from app.reporting import backlog, kept_figures

NAME: Final = "lags"
KEPT: Final = dt.timedelta(hours=1)
EVERY: Final = dt.timedelta(seconds=55)
"""A little less than the loop's pause, so that no minute is left out."""


class Sample(NamedTuple):
    """Seconds that the oldest due message, webhook and wave were behind at an instant."""

    at: dt.datetime
    messages: int
    webhooks: int
    waves: int


async def list_samples(session: AsyncSession, now: dt.datetime) -> list[Sample]:
    """Return the samples of the last hour, the oldest first."""
    kept = await kept_figures.find(session, NAME, now, _read)
    return _recent(kept, now) if kept else []


class _Kept(NamedTuple):
    """What was kept, and when."""

    at: dt.datetime
    samples: list[Sample]


def _read(kept: kept_figures.CountedFigures) -> _Kept:
    samples = [
        Sample(dt.datetime.fromisoformat(at), *map(int, seconds))
        for at, *seconds in kept.figures["samples"]
    ]
    return _Kept(kept.at, samples)


def _recent(kept: _Kept, now: dt.datetime) -> list[Sample]:
    return [each for each in kept.samples if now - KEPT <= each.at <= now]


async def sample_due(database: Database, now: dt.datetime) -> None:
    """Add a sample where the last one is a minute old; of several processes the first does."""
    async with database.read() as session:
        kept = await kept_figures.find(session, NAME, now, _read)
        if kept is not None and now - kept.at < EVERY:
            return
        behind = await backlog.measure(session, now)
    samples = [*(_recent(kept, now) if kept else ()), Sample(now, *astuple(behind))]
    figures = {"samples": [[each.at.isoformat(), *each[1:]] for each in samples]}
    async with database.begin() as session:
        await kept_figures.keep(session, NAME, figures, now)
