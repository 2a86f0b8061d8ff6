"""What the wave policy is measured against, and one that knows all. What is changed here changes no figure of ours."""

from typing import Final

import numpy as np

from app.matching.rules import DEFAULT_WEIGHTS, offers_to_send
from app.simulation.city import Floats, Ints
from app.simulation.run import Market, OpenJob
from app.simulation.world import DAY_MINUTES
from app.workers.rules import RELIABILITY_PRIOR, RELIABILITY_PRIOR_WEIGHT

_TEN: Final = 10
_TWO_HOURS: Final = 120.0
NO_CAP: Final = 1_000_000


class NearestOnce:
    """Asks the ten nearest, once."""

    looks_at_answers = False
    minds_overlaps = False

    def look(self, market: Market, job: OpenJob) -> float | None:
        """Ask the ten nearest."""
        _ask_nearest(market, job, _TEN)
        return None


class NearestEveryTwoHours:
    """Asks the ten nearest who were not asked yet, every two hours, until the places are filled."""

    looks_at_answers = False
    minds_overlaps = False

    def look(self, market: Market, job: OpenJob) -> float | None:
        """Ask the next ten."""
        _ask_nearest(market, job, _TEN)
        return market.clock.later(market.now, _TWO_HOURS)


class Everybody:
    """Asks everybody who fits, and every hour whoever has come since."""

    looks_at_answers = False
    minds_overlaps = False

    def look(self, market: Market, job: OpenJob) -> float | None:
        """Ask all."""
        _ask_nearest(market, job, len(market.people))
        return market.now + 60.0


def _ask_nearest(market: Market, job: OpenJob, count: int) -> None:
    may = np.flatnonzero(market.may_be_asked(job))
    for place in may[np.argsort(job.job.km[may], kind="stable")][:count].tolist():
        market.ask(job, place, 0.0, None)


class Today:
    """The rules before this policy: the best score, twice the open places, every half hour.

    As they were when they were replaced, they know no night: answers are void after four hours of the clock.
    """

    looks_at_answers = False
    minds_overlaps = False
    interval = 30.0

    def look(self, market: Market, job: OpenJob) -> float | None:
        """Ask twice the open places, less the offers of the last half hour."""
        now, it = market.now, job.job
        fresh = sum(offer.at > now - self.interval for offer in job.open)
        wanted = offers_to_send(job.places, fresh)
        if wanted:
            may = np.flatnonzero(market.may_be_asked(job))
            best = scores(market, it.fitting[may], it.km[may])
            order = np.lexsort((it.km[may], -best))[:wanted]
            for place in may[order].tolist():
                market.ask(job, place, 0.0, market.world.rules.respond_within_minutes, rests=False)
        return now + self.interval


def scores(market: Market, workers: Ints, km: Floats) -> Floats:
    """Return what `app.matching.rules` and `app.workers.rules` give: all but distance and reliability are full."""
    answered, missed = market.answered[workers], market.missed[workers]
    prior = RELIABILITY_PRIOR_WEIGHT
    known = (100 * answered + RELIABILITY_PRIOR * prior) / (answered + missed + prior)
    weights = DEFAULT_WEIGHTS
    near = np.clip(100 * (1 - km / market.people.travel_km[workers]), 0, 100)
    full = 100 * (weights.availability + weights.skills) + 50 * weights.experience
    total: Floats = near * weights.distance + known * weights.reliability + full
    return total / weights.total


class Oracle:
    """Knows who would say yes, and asks just those, the least wanted elsewhere first."""

    looks_at_answers = True
    minds_overlaps = False

    def look(self, market: Market, job: OpenJob) -> float | None:
        """Ask as many as there are places, of those who will come."""
        world, it, people = market.world.answers, job.job, market.people
        hour = int(market.clock.read_at(market.now) % DAY_MINUTES // 60) % 24
        workers = it.fitting
        chance = people.answers[workers] * world.fatigue ** market.week[workers]
        minutes = world.median_minutes * np.exp(world.spread * it.delay_z)
        if world.answers_by_hour:
            chance = chance * world.answers_by_hour[hour]
        if world.minutes_by_hour:
            minutes = minutes * world.minutes_by_hour[hour]
        yes = 1 / (1 + np.exp(-(world.accept_logit + world.accept_per_km * it.km)))
        left = market.clock.waking(it.starts) - market.clock.waking(market.now)
        comes = (it.luck_answer < chance) & (it.luck_accept < yes) & (minutes < left)
        cap = market.world.rules.weekly_cap or NO_CAP
        free = market.may_be_asked(job) & comes & (market.week[workers] < cap)
        for offer in job.open:
            free[offer.place] = False
        may = np.flatnonzero(free)
        wanted = job.places - len(job.open)
        order = np.lexsort((minutes[may], self._wanted_elsewhere(market, job)[may]))
        for place in may[order][: max(wanted, 0)].tolist():
            market.ask(job, place, 0.0, None)
        return market.now + 60.0

    def _wanted_elsewhere(self, market: Market, job: OpenJob) -> Ints:
        counts = np.zeros(len(market.people), dtype=np.int64)
        for other in market.running.values():
            overlaps = other.job.starts < job.job.ends and job.job.starts < other.job.ends
            if overlaps and other is not job and other.places:
                counts[other.job.fitting] += 1
        return counts[job.job.fitting]
