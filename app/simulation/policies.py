"""The policies that can be simulated: the real one, with what it learns, and its rivals."""

from collections.abc import Callable
from typing import Final

import numpy as np

from app.matching.asking import MOST_SCARCE, AskingRules, Candidates, Need, OpenOffers, Plan
from app.matching.response import CLOSED_COUNTS, Curves, Outcomes, fit_curves
from app.matching.rules import offers_to_send
from app.simulation.city import Floats, Ints
from app.simulation.rivals import (
    NO_CAP,
    Everybody,
    NearestEveryTwoHours,
    NearestOnce,
    Oracle,
    Today,
    scores,
)
from app.simulation.run import Market, OpenJob, SimOffer, SimPolicy
from app.simulation.world import DAY_MINUTES

_LEARN_EVERY: Final = DAY_MINUTES / 4
_MEMORY: Final = 20_000
"""Offers from which is learned: the newest ones."""
_MOST_SKILLS: Final = 60


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
        self.people_with: Ints = np.zeros(_MOST_SKILLS, dtype=np.int64)
        """How many people have each skill that jobs asked for, as learned last."""

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
        cap = market.world.rules.weekly_cap or NO_CAP
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
            fit=scores(market, workers, job.job.km) / 100,
            scarce=self.scarce(market, job),
            arrives=np.ones(size),
        )

    def scarce(self, market: Market, job: OpenJob) -> Floats:
        """Return what `asking.scarcity` gives, of all at once."""
        people, it = self.people_with, job.job
        if not people[it.skill]:
            return np.zeros(len(it.fitting))
        counts = np.where(market.people.skills[it.fitting] & (people > 0), people, np.inf)
        counts[:, it.skill] = np.inf
        rarer: Floats = np.log(people[it.skill] / np.minimum(counts.min(axis=1), people[it.skill]))
        return np.minimum(rarer, MOST_SCARCE)

    def _learn(self, market: Market) -> None:
        if market.now - self._learned_at < _LEARN_EVERY or not market.ended:
            return
        self._learned_at = market.now
        there = market.people.joins <= market.now
        wanted = np.zeros(market.world.workers.skills, dtype=bool)
        wanted[[each.job.skill for each in (*market.running.values(), *market.done)]] = True
        self.people_with = np.where(wanted, market.people.skills[there].sum(axis=0), 0)
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


POLICIES: Final[dict[str, Callable[[], SimPolicy]]] = {
    "waves": Waves,
    "today": Today,
    "nearest-once": NearestOnce,
    "nearest-2h": NearestEveryTwoHours,
    "everybody": Everybody,
    "oracle": Oracle,
}
