"""Whom to ask about a job now, and when to look again: the wave policy. Pure.

One module for the real system and the simulator. It takes facts as columns, one entry a person, and
returns places in these columns. What it does, in this order:

1. From the offers that wait for an answer it works out how likely the open places fill soon, and by the
   end, if nobody else is asked.
2. If that is less than what is wanted, it asks more people, until it is enough: those first who are most likely to
   say yes, less what they were asked lately, so that offers spread, and less if they also have a skill that few
   have: jobs that need it have nobody else.
3. It looks again when the silence of those asked will have made it too unlikely; answers make it look at once.

Asked only where the job would otherwise ask nobody at all: whoever may say yes to another offer for the same hours.
Never asked, whatever else holds: whoever had as many offers in seven days as they want, sleeps, has given these
hours away, or was asked about this job before (the caller passes nobody who was). What is no input here
(name, age, gender, language, what an answer was) cannot decide anything.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.matching.response import Curves, Floats, Ints

type Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AskingRules:
    """What the policy aims at; times in minutes in which people are awake."""

    soon_minutes: float = 40.0
    soon_chance: float = 0.5
    """How likely all places fill within `soon_minutes` from now, at least, where people are asked seldom."""
    haste_load: float = 1.0
    """Where people were usually asked so often in the week before, half of that chance is enough, and soon far less:
    each offer more tires whom another job needs, so one after the other is asked where there is time."""
    urgent_minutes: float = 300.0
    """With so little time left `end_chance` counts."""
    end_chance: float = 0.97
    """How likely all places fill by the end, at least, once it is urgent."""
    enough_chance: float = 0.93
    """Nobody is asked for speed alone where the places fill by the end as likely as this."""
    spread: float = 0.8
    """Factor of somebody's turn for each offer of the last seven days, beyond their being tired."""
    spread_long: float = 0.95
    """The same for each offer of the last 28 days."""
    fit_power: float = 1.5
    """How much the score counts: the power to which it is taken."""
    newcomer_turn: float = 3.0
    """Factor of the turn of somebody who was never offered anything."""
    liked_turn: float = 1.2
    """Factor of the turn of somebody whom the employer likes."""
    sparing: float = 0.5
    """How much whoever has a rarer skill, too, is spared: the power of how many times fewer have it."""
    least_share: float = 0.25
    """For speed alone only people are asked whose chance is at least this share of the best one's."""


@dataclass(frozen=True, slots=True)
class OpenOffers:
    """Offers of the job that are open, one entry each."""

    answers: Floats
    """How likely each was to be answered, when it was made."""
    accepts: Floats
    """How likely an answer is a yes."""
    elapsed: Floats
    """Waking minutes since it could be read."""
    hour: Ints
    """Of the week, when it could be read."""

    def __len__(self) -> int:
        """Count the open offers."""
        return len(self.answers)


@dataclass(frozen=True, slots=True)
class Candidates:
    """People who fit the job and were not asked about it, one entry each."""

    base: Floats
    """How likely each answers when not tired (`Curves.base`)."""
    load: Ints
    """Offers in the last seven days."""
    lately: Ints
    """Offers in the last 28 days."""
    cap: Ints
    """Offers in seven days that they want at most."""
    km: Floats
    newcomer: Bools
    """Whether they were never offered anything."""
    liked: Bools
    """Whether this employer likes them."""
    barred: Bools
    """Whether they can't be asked: these hours are given away."""
    torn: Bools
    """Whether another offer for some of these hours is open: they are asked only where nobody else can be, and nobody
    was, because a yes to both would book them twice."""
    fit: Floats
    """Their score, 0 to 1."""
    scarce: Floats
    """How much other jobs may need them: `scarcity`, 0 where not more than this one."""
    arrives: Floats
    """How likely somebody who said yes comes: 1 for now."""

    def __len__(self) -> int:
        """Count the candidates."""
        return len(self.base)


@dataclass(frozen=True, slots=True)
class Need:
    """A job that people are asked for."""

    places: int
    """Still open."""
    minutes_left: float
    """Waking minutes until its deadline."""
    hour: int
    """Of the week, now."""
    asked_anybody: bool = False
    """Whether anybody was asked about the job before."""


MOST_SCARCE: Final = 3.0
"""Nobody is held to be needed more than if twenty times fewer had their rarest skill: they want work as well."""


def scarcity(
    skills: Collection[str], required: Collection[str], people_with: Mapping[str, int]
) -> float:
    """Return how much rarer somebody's rarest other skill is than what a job requires, as a logarithm; at least 0.

    `people_with` says how many have a skill, of the skills that jobs ask for: no other one counts.
    """
    others = [
        people_with[skill] for skill in skills if skill in people_with and skill not in required
    ]
    if not others:
        return 0.0
    here = [people_with[skill] for skill in required if skill in people_with]
    among = min(here) if here else max(people_with.values())
    return min(max(math.log(max(among, 1) / max(min(others), 1)), 0.0), MOST_SCARCE)


class Outlook:
    """How likely enough of many people say yes: the distribution of their number, one added at a time."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._below = [1.0] + [0.0] * (places - 1) if places <= _EXACT else []
        self._mean = self._spread = 0.0

    def add(self, chance: float) -> None:
        """Count one more, who says yes with this chance."""
        self._mean += chance
        self._spread += chance * (1 - chance)
        below = self._below
        for count in range(len(below) - 1, 0, -1):
            below[count] += chance * (below[count - 1] - below[count])
        if below:
            below[0] *= 1 - chance

    @property
    def chance(self) -> float:
        """How likely at least as many as there are places say yes."""
        if self._below:
            return 1 - sum(self._below)
        if self._spread <= 0:
            return float(self._mean >= self._places)
        return _normal((self._mean - self._places + 0.5) / self._spread**0.5)


_EXACT: Final = 24
"""Up to so many places the distribution is exact; beyond, the normal one is near enough."""
LOOKS: Final = (5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)
"""Minutes after which to look again, at the choice."""
_HASTE_POWER: Final = 4
"""How suddenly haste ends around `haste_load`."""
NOBODY_LEFT: Final = 60.0
"""Minutes after which to look again where nobody is left to ask: people join, and weeks go by."""


def _normal(at: float) -> float:
    return 0.5 * (1 + math.erf(at / math.sqrt(2)))


class Plan:
    """What one job needs now. Ask `wants_more` first: the candidates need not be read where it is False."""

    def __init__(self, need: Need, waiting: OpenOffers, curves: Curves, rules: AskingRules) -> None:
        self._need, self._waiting, self._curves, self._rules = need, waiting, curves, rules
        self._asked: list[float] = []
        """How likely each of those chosen now says yes at all."""
        [(self._soon, self._end)] = self._outlooks((0.0,))

    @property
    def wants_more(self) -> bool:
        """Whether more people have to be asked now."""
        need = self._need
        return (
            need.places > 0 and need.minutes_left > 0 and not self._is_enough(self._soon, self._end)
        )

    @property
    def chance(self) -> float:
        """How likely the places fill by the end, with what was asked so far."""
        return self._end.chance

    def choose(self, candidates: Candidates, most: int, *, unlikely: bool = False) -> list[int]:
        """Return the places of those to ask now, at most so many, first who has the first turn.

        With time left whoever is much less likely to say yes than the best is passed over, unless `unlikely`.
        """
        if not self.wants_more or not len(candidates) or most <= 0:
            return []
        may = ~candidates.barred & (candidates.load < candidates.cap)
        open_to = np.flatnonzero(may & ~candidates.torn)
        if not len(open_to) and not self._need.asked_anybody and not self._asked:
            open_to = np.flatnonzero(may)
        if not len(open_to):
            return []
        need, curves, rules = self._need, self._curves, self._rules
        load = candidates.load[open_to]
        chance = (
            curves.answers(candidates.base[open_to], load, need.hour)
            * curves.accepts(candidates.km[open_to])
            * candidates.arrives[open_to]
        )
        turn = (
            chance
            * rules.spread**load
            * rules.spread_long ** candidates.lately[open_to]
            * candidates.fit[open_to] ** rules.fit_power
            * np.exp(-rules.sparing * candidates.scarce[open_to])
            * np.where(candidates.newcomer[open_to], rules.newcomer_turn, 1.0)
            * np.where(candidates.liked[open_to], rules.liked_turn, 1.0)
        )
        share_soon = curves.replied_at(min(rules.soon_minutes, need.minutes_left), need.hour)
        share_end = curves.replied_at(need.minutes_left, need.hour)
        least = 0.0
        if need.minutes_left > rules.urgent_minutes and not unlikely:
            least = rules.least_share * float(chance.max())
        chosen: list[int] = []
        for place in np.argsort(-turn, kind="stable").tolist():
            likely = float(chance[place])
            if likely < least:
                continue
            self._soon.add(likely * share_soon)
            self._end.add(likely * share_end)
            self._asked.append(likely)
            chosen.append(int(open_to[place]))
            if len(chosen) >= most or self._is_enough(self._soon, self._end):
                break
        return chosen

    def look_again(self) -> float:
        """Return in how many waking minutes more people will be wanted if nobody answers.

        Where more are wanted now already, nobody is left to ask, or as many were asked as may be at once:
        the caller, who set that limit, knows when it opens.
        """
        if self.wants_more:
            return NOBODY_LEFT
        for minutes, outlook in zip(LOOKS, self._outlooks(LOOKS), strict=True):
            if not self._is_enough(*outlook):
                return minutes
        return LOOKS[-1]

    def _outlooks(self, afters: Sequence[float]) -> Iterator[tuple[Outlook, Outlook]]:
        """Yield how likely the places fill soon, and by the end, if nobody else is asked.

        For each of `afters`, as it will be when nobody has answered in so many minutes from now.
        """
        need, curves = self._need, self._curves
        from_waiting = self._from_waiting(np.array(afters)) if len(self._waiting) else None
        for place, after in enumerate(afters):
            left = max(need.minutes_left - after, 0.0)
            soonest = min(self._rules.soon_minutes, left)
            soon, end = Outlook(need.places), Outlook(need.places)
            if from_waiting is not None:
                for outlook, chances in zip((soon, end), from_waiting, strict=True):
                    for chance in chances[place].tolist():
                        outlook.add(chance)
            if self._asked:
                before = curves.replied_at(after, need.hour)
                by_soon = curves.replied_at(after + soonest, need.hour) - before
                by_end = curves.replied_at(after + left, need.hour) - before
                for likely in self._asked:
                    rest = max(1 - likely * before, 1e-9)
                    soon.add(likely * by_soon / rest)
                    end.add(likely * by_end / rest)
            yield soon, end

    def _from_waiting(self, afters: Floats) -> tuple[Floats, Floats]:
        """Return how likely each open offer is accepted soon, and by the end: a row for each of `afters`."""
        waiting, curves = self._waiting, self._curves
        left = np.maximum(self._need.minutes_left - afters, 0.0)[:, None]
        elapsed = waiting.elapsed[None, :] + afters[:, None]
        before = curves.replied(elapsed, waiting.hour)
        still = waiting.accepts * waiting.answers / np.maximum(1 - waiting.answers * before, 1e-9)
        soonest = np.minimum(self._rules.soon_minutes, left)
        return (
            still * (curves.replied(elapsed + soonest, waiting.hour) - before),
            still * (curves.replied(elapsed + left, waiting.hour) - before),
        )

    def _is_enough(self, soon: Outlook, end: Outlook) -> bool:
        by_the_end, rules = end.chance, self._rules
        # Where everybody is asked often, haste would use up those whom another job needs more.
        busy = self._curves.usual_load / rules.haste_load
        soon_wanted = rules.soon_chance / (1 + busy**_HASTE_POWER)
        if self._need.minutes_left <= rules.urgent_minutes and by_the_end < rules.end_chance:
            return False
        return by_the_end >= rules.enough_chance or soon.chance >= soon_wanted
