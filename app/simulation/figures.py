"""The figures of a run."""

from dataclasses import dataclass, fields
from statistics import fmean
from typing import Any

import numpy as np

from app.simulation.city import Floats
from app.simulation.run import Played
from app.simulation.world import DAY_MINUTES

NEWCOMER_DAYS = 14
CELL_KM = 5.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one seed, or the mean of several."""

    fill: float
    """The share of places that were filled by their deadline."""
    offers_per_fill: float
    median_hours_to_fill: float
    """Over all places, from the publication; a place that stays open counts until its deadline."""
    gini_offers: float
    """How unevenly offers are spread over workers: 0 alike, 1 all to one."""
    newcomers_offered: float
    """The share of newcomers who were offered something within 14 days, of those for whom a job was
    published in these days that they fit."""
    cap_breaches: float
    """Offers to somebody who had as many as the weekly cap allows."""
    double_bookings: float
    """Acceptances by somebody who had given these hours to another job."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def figures_of(run: Played, days: int) -> Figures:
    """Compute the figures of a run."""
    market = run.market
    places = sum(job.job.places for job in market.done)
    filled = sum(job.filled for job in market.done)
    offers = int(market.offers.sum())
    return Figures(
        fill=filled / places if places else 1.0,
        offers_per_fill=offers / filled if filled else float(offers),
        median_hours_to_fill=float(np.median(hours_to_fill(run))) if places else 0.0,
        gini_offers=gini(market.offers.astype(float)),
        newcomers_offered=_newcomers(run, days),
        cap_breaches=market.cap_breaches,
        double_bookings=market.double_bookings,
    )


def mean_of(figures: list[Figures]) -> Figures:
    """Return the mean of each figure over several seeds."""
    return Figures(*(fmean(getattr(one, each.name) for one in figures) for each in fields(Figures)))


def hours_to_fill(run: Played) -> Floats:
    """Return the hours from publication until each place was filled, or until its deadline."""
    hours: list[float] = []
    for job in run.market.done:
        it = job.job
        hours += [(at - it.published) / 60 for at in job.filled_at]
        hours += [(it.starts - it.published) / 60] * (it.places - job.filled)
    return np.array(hours)


def gini(values: Floats) -> float:
    """Return the Gini coefficient: 0 where all are alike."""
    total = float(values.sum())
    if total <= 0:
        return 0.0
    size = len(values)
    ranked = np.sort(values)
    return float((2 * np.arange(1, size + 1) - size - 1) @ ranked / (size * total))


def _newcomers(run: Played, days: int) -> float:
    market = run.market
    joins = market.people.joins
    last = (days - NEWCOMER_DAYS) * DAY_MINUTES
    new = (joins > 0) & (joins <= last)
    within = NEWCOMER_DAYS * DAY_MINUTES
    could = np.zeros(len(joins), dtype=bool)
    for job in market.jobs:
        workers = job.fitting
        age = job.published - joins[workers]
        could[workers[(age >= 0) & (age <= within)]] = True
    new &= could
    if not new.any():
        return 1.0
    return float((market.first_offer[new] - joins[new] <= within).mean())


def by_cell(run: Played) -> dict[tuple[int, int], tuple[int, float]]:
    """Return for each cell of five kilometres how many workers live there, and offers to each on average."""
    people, offers = run.market.people, run.market.offers
    cells: dict[tuple[int, int], tuple[int, float]] = {}
    column = (people.x // CELL_KM).astype(int)
    row = (people.y // CELL_KM).astype(int)
    for x, y in sorted(set(zip(column.tolist(), row.tolist(), strict=True))):
        here = (column == x) & (row == y)
        cells[x, y] = (int(here.sum()), float(offers[here].mean()))
    return cells
