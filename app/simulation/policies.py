"""The policies that can be simulated: the real one, what it is measured against, and one that knows all."""

from collections.abc import Callable
from typing import Final

import numpy as np

from app.matching.asking import AskingRules, Candidates, Need, OpenOffers, Plan
from app.matching.response import CLOSED_COUNTS, Curves, Outcomes, fit_curves
from app.matching.rules import DEFAULT_WEIGHTS, offers_to_send
from app.simulation.city import Floats, Ints
from app.simulation.run import Market, OpenJob, SimOffer, SimPolicy
from app.simulation.world import DAY_MINUTES
from app.workers.rules import RELIABILITY_PRIOR, RELIABILITY_PRIOR_WEIGHT

_TEN: Final = 10
_TWO_HOURS: Final = 120.0
_LEARN_EVERY: Final = DAY_MINUTES / 4
_NO_CAP: Final = 1_000_000
_MEMORY: Final = 20_000
"""Offers from which is learned: the newest ones."""


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
            scores = _scores(market, it.fitting[may], it.km[may])
            order = np.lexsort((it.km[may], -scores))[:wanted]
            for place in may[order].tolist():
                market.ask(job, place, 0.0, market.world.rules.respond_within_minutes, rests=False)
        return now + self.interval


def _scores(market: Market, workers: Ints, km: Floats) -> Floats:
    """Return what `app.matching.rules` and `app.workers.rules` give: all but distance and reliability are full."""
    answered, missed = market.answered[workers], market.missed[workers]
    prior = RELIABILITY_PRIOR_WEIGHT
    known = (100 * answered + RELIABILITY_PRIOR * prior) / (answered + missed + prior)
    weights = DEFAULT_WEIGHTS
    near = np.clip(100 * (1 - km / market.people.travel_km[workers]), 0, 100)
    full = 100 * (weights.availability + weights.skills) + 50 * weights.experience
    total: Floats = near * weights.distance + known * weights.reliability + full
    return total / weights.total


class Waves:
    """The policy of the real system, `app.matching.asking`, with what it has learned so far."""

    looks_at_answers = True
    minds_overlaps = True

    def __init__(self, rules: AskingRules | None = None) -> None:
        self.rules = rules or AskingRules()
        self.curves = Curves()
        self._learned_at = 0.0
        self._read = 0
        self._rows: list[tuple[float, ...]] = []

    def look(self, market: Market, job: OpenJob) -> float | None:
        """Ask whom the policy chooses."""
        clock, now = market.clock, market.now
        if clock.is_quiet(now):
            return clock.read_at(now)
        self._learn(market)
        it, hour = job.job, _hour(now)
        left = clock.waking(it.starts) - clock.waking(now)
        need = Need(job.places, left, hour, asked_anybody=job.offers > 0)
        waiting = self._waiting(market, job)
        plan = Plan(need, waiting, self.curves, self.rules)
        of = market.world.rules
        fresh = sum(elapsed < of.wave_minutes for elapsed in waiting.elapsed.tolist())
        most = offers_to_send(job.places, fresh, of.offers_per_open_place)
        chosen: list[int] = []
        if plan.wants_more and most:
            chosen = plan.choose(self._candidates(market, job), most)
            for place, base in zip(chosen, self._bases(market, it.fitting[chosen]), strict=True):
                market.ask(job, place, float(base), of.respond_within_minutes)
        limited = plan.wants_more and len(chosen) >= most
        return clock.later(now, of.wave_minutes if limited else plan.look_again())

    def _waiting(self, market: Market, job: OpenJob) -> OpenOffers:
        offers, clock = job.open, market.clock
        hour = np.array([_hour(offer.at) for offer in offers], dtype=np.int64)
        base = np.array([offer.base for offer in offers])
        load = np.array([offer.load for offer in offers], dtype=np.int64)
        km = job.job.km[[offer.place for offer in offers]] if offers else np.zeros(0)
        now = clock.waking(market.now)
        return OpenOffers(
            answers=self.curves.answers(base, load, hour),
            accepts=self.curves.accepts(km),
            elapsed=np.array([now - clock.waking(offer.at) for offer in offers]),
            hour=hour,
        )

    def _bases(self, market: Market, workers: Ints) -> np.ndarray:
        silent = market.missed[workers] + CLOSED_COUNTS * market.closed[workers]
        return self.curves.base(market.answered[workers], silent)

    def _candidates(self, market: Market, job: OpenJob) -> Candidates:
        workers = job.job.fitting
        size = len(workers)
        cap = market.world.rules.weekly_cap or _NO_CAP
        return Candidates(
            base=self._bases(market, workers),
            load=market.week[workers],
            lately=market.month[workers],
            cap=np.full(size, cap, dtype=np.int64),
            km=job.job.km,
            newcomer=market.offers[workers] == 0,
            liked=np.zeros(size, dtype=bool),
            barred=~market.may_be_asked(job),
            torn=job.busy_with > 0,
            fit=_scores(market, workers, job.job.km) / 100,
            arrives=np.ones(size),
        )

    def _learn(self, market: Market) -> None:
        if market.now - self._learned_at < _LEARN_EVERY or not market.ended:
            return
        self._learned_at = market.now
        clock = market.clock
        for offer in market.ended[self._read :]:
            end = offer.replies_at if offer.status in _ANSWERED else _silent_until(offer)
            self._rows.append(
                (
                    offer.worker,
                    offer.base,
                    offer.load,
                    _hour(offer.at),
                    offer.job.job.km[offer.place],
                    offer.status in _ANSWERED,
                    offer.status == "accepted",
                    clock.waking(end or offer.void_at) - clock.waking(offer.at),
                    offer.status == "expired",
                    offer.at / DAY_MINUTES,
                )
            )
        self._read = len(market.ended)
        columns = np.array(self._rows[-_MEMORY:]).T
        self.curves = fit_curves(
            Outcomes(
                worker=columns[0].astype(np.int64),
                base=columns[1],
                load=columns[2].astype(np.int64),
                hour=columns[3].astype(np.int64),
                km=columns[4],
                answered=columns[5] > 0,
                accepted=columns[6] > 0,
                minutes=columns[7],
                expired=columns[8] > 0,
                age_days=market.now / DAY_MINUTES - columns[9],
            )
        )


_ANSWERED: Final = ("accepted", "rejected")


def _silent_until(offer: SimOffer) -> float:
    filled = offer.job.filled_at
    if offer.status == "expired":
        return offer.void_at
    return filled[-1] if filled and offer.job.places == 0 else offer.void_at


def _hour(at: float) -> int:
    days, minute = divmod(at, DAY_MINUTES)
    return int(minute // 60) + (24 if int(days) % 7 >= 5 else 0)


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
        cap = market.world.rules.weekly_cap or _NO_CAP
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


POLICIES: Final[dict[str, Callable[[], SimPolicy]]] = {
    "waves": Waves,
    "today": Today,
    "nearest-once": NearestOnce,
    "nearest-2h": NearestEveryTwoHours,
    "everybody": Everybody,
    "oracle": Oracle,
}
