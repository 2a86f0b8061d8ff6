"""How a job is likely to fill if it is published now: pure, over counts of the people who fit.

People are taken to be asked nearest first, `Pace.at_once` every `Pace.every_minutes`, as long as waking time is
left. Whether each says yes, and when, are chances (`Responses`); they say it independently of each other. So the
number of acceptances by any moment has a distribution that can be written down, and what is told is read off it.

Imports NumPy, so nothing imports this while the application starts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.matching.forecast_bands import BAND_KM
from app.matching.responses import Responses

type Floats = NDArray[np.float64]

MOST_ROUNDS: Final = 24
"""After so many rounds of asking everybody left is taken to be asked: nobody says how a third day goes."""
ENOUGH_SEEN: Final = 200
"""From so many offers that ended on, a forecast is called one from history."""
PAY_STEP: Final = 0.1
"""The share of pay that a lever adds."""
PAY_LOGIT: Final = 0.2
"""What that adds to the log odds of a yes: believed, not measured, until pay has been tried."""
_LEAST_CHANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Pace:
    """How people are asked."""

    at_once: int
    """Offers in each round."""
    every_minutes: float
    """Waking minutes between rounds."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Waking minutes by which something has happened with a chance of 50 and of 90 %; None: never so likely."""

    p50: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is to be expected of a job."""

    workers_that_fit: int
    expected_accepts: float
    """Acceptances by the end, counted up to `most_accepts`."""
    chance_to_fill: float
    first_accept: Quantiles
    fill: Quantiles


@dataclass(frozen=True, slots=True)
class _Group:
    """People alike: as likely to say yes, and asked in the same round."""

    size: int
    chance: float
    asked_at: float


def expectation(
    bands: Sequence[int],
    places: int,
    minutes_left: float,
    pace: Pace,
    responses: Responses,
    *,
    most_accepts: int,
    more_pay: bool = False,
) -> Expectation:
    """Return what is to be expected with so many people in each band of distance, who can all be asked.

    More people, or more time, never make filling less likely: whoever is added is asked in turn, and takes
    nobody's place but by living nearer.
    """
    groups = _groups(bands, minutes_left, pace, responses, more_pay=more_pay)

    def filled(minutes: float) -> float:
        return chance_of(places, groups, minutes, responses)

    def begun(minutes: float) -> float:
        return chance_of(1, groups, minutes, responses)

    end = max(0.0, minutes_left)
    expected = sum(
        group.size * group.chance * responses.replied(end - group.asked_at) for group in groups
    )
    return Expectation(
        workers_that_fit=sum(bands),
        expected_accepts=min(expected, float(most_accepts)),
        chance_to_fill=filled(end),
        first_accept=_quantiles(begun, end),
        fill=_quantiles(filled, end),
    )


def chance_to_fill(
    bands: Sequence[int],
    places: int,
    minutes_left: float,
    pace: Pace,
    responses: Responses,
    *,
    more_pay: bool = False,
) -> float:
    """Return `Expectation.chance_to_fill` alone."""
    groups = _groups(bands, minutes_left, pace, responses, more_pay=more_pay)
    return chance_of(places, groups, max(0.0, minutes_left), responses)


def _groups(
    bands: Sequence[int],
    minutes_left: float,
    pace: Pace,
    responses: Responses,
    *,
    more_pay: bool,
) -> list[_Group]:
    """Return the people in the order in which they are asked, as far as there is time for it."""
    groups: list[_Group] = []
    number = 0
    room = pace.at_once
    for count, km in zip(bands, BAND_KM, strict=True):
        chance = _paid_more(responses.yes(km)) if more_pay else responses.yes(km)
        left = count
        while left > 0:
            asked_at = number * pace.every_minutes
            if asked_at >= minutes_left:
                return groups
            size = left if number >= MOST_ROUNDS else min(left, room)
            groups.append(_Group(size, chance, asked_at))
            left -= size
            room -= size
            if room <= 0 and number < MOST_ROUNDS:
                number, room = number + 1, pace.at_once
    return groups


def _paid_more(chance: float) -> float:
    odds = chance / (1 - chance) * math.exp(PAY_LOGIT)
    return odds / (1 + odds)


def chance_of(wanted: int, groups: Sequence[_Group], minutes: float, responses: Responses) -> float:
    """Return how likely at least `wanted` of them have said yes within so many waking minutes."""
    below: Floats = np.zeros(max(wanted, 1))
    below[0] = 1.0
    if wanted <= 0:
        return 1.0
    for group in groups:
        chance = group.chance * responses.replied(minutes - group.asked_at)
        if chance > _LEAST_CHANCE:
            below = np.convolve(below, _binomial(group.size, chance, wanted))[:wanted]
    return float(min(1.0, max(0.0, 1.0 - below.sum())))


def _binomial(size: int, chance: float, terms: int) -> Floats:
    """Return the chances of 0, 1, … successes of `size`, at most `terms` of them."""
    count = min(size + 1, terms)
    odds = chance / (1 - chance)
    numbers = np.arange(1, count)
    # By logarithms: with many people the first chance is too small for a float.
    steps = np.log((size - numbers + 1) / numbers * odds)
    logs = np.concatenate([[0.0], np.cumsum(steps)]) + size * math.log1p(-chance)
    chances: Floats = np.exp(logs)
    return chances


def _quantiles(chance_by: Callable[[float], float], end: float) -> Quantiles:
    return Quantiles(_moment(chance_by, end, 0.5), _moment(chance_by, end, 0.9))


def _moment(chance_by: Callable[[float], float], end: float, wanted: float) -> float | None:
    """Return when the chance reaches `wanted`, to one part in a hundred; None if not by the end."""
    if chance_by(end) < wanted:
        return None
    low, high = 0.0, end
    for _ in range(30):
        if high - low <= max(1.0, high / 100):
            break
        middle = math.sqrt(max(low, 1.0) * high) if high > 4 else (low + high) / 2
        low, high = (low, middle) if chance_by(middle) >= wanted else (middle, high)
    return high
