"""How people answer offers, learned from how they did: chances, and the time a reply takes. Pure.

Imports NumPy, so nothing imports this while the application starts.

What is learned about everybody together (`Curves`): how likely an answer is, by how often somebody was
asked in the last week and by the hour; how likely a yes is, by distance; how long a reply takes, as a survival
curve by the hour of the week. What is learned about one person (`History`) is only how likely they
answer at all, and is shrunk towards everybody's: a no counts as an answer, as a yes does.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]

HALF_LIFE_DAYS: Final = 28.0
"""After so many days an outcome counts half."""
LOADS: Final = 10
"""Offers in the last seven days that are told apart; more count as nine."""
HOURS: Final = 48
"""Hours of the week that are told apart: 24 of weekdays, 24 of weekends."""
EDGES: Final = (2.0, 4.0, 7.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 480.0)
"""Minutes between which the curve of replies is a straight line; the last stands for all that is later."""

CLOSED_COUNTS: Final = 0.5
"""An offer that was closed before it was answered counts so much of one that ran out."""
_PRIOR_ANSWER: Final = 0.45
_PRIOR_STRENGTH: Final = 4.0
_PRIOR_LOGIT: Final = (1.0, -0.15)
_PRIOR_MEDIAN_MINUTES: Final = 30.0
_PRIOR_TIRED: Final = 0.95
_LEAST_STRENGTH, _MOST_STRENGTH = 1.5, 20.0
_EVIDENCE: Final = 30.0
"""Offers' worth of what is believed before anything was seen, for each figure that is learned."""
_MOST_CHANCE: Final = 0.97


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Offers that ended, one entry each."""

    worker: Ints
    """Numbers that tell workers apart."""
    base: Floats
    """How likely an answer of this person was held to be, when asked, before load and hour."""
    load: Ints
    """Offers to this person in the seven days before."""
    hour: Ints
    """Of the week, 0 to 47, when it could be read."""
    km: Floats
    answered: NDArray[np.bool_]
    accepted: NDArray[np.bool_]
    minutes: Floats
    """Waking minutes until the answer, or until the offer ended without one."""
    expired: NDArray[np.bool_]
    """Whether it ran out; one that was closed says nothing about later minutes."""
    age_days: Floats

    def __len__(self) -> int:
        """Count the offers."""
        return len(self.base)


def _prior_by_load() -> Floats:
    return np.array([_PRIOR_TIRED**load for load in range(LOADS)])


def _prior_replies() -> Floats:
    return np.array([_lognormal(edge / _PRIOR_MEDIAN_MINUTES) for edge in EDGES])


def _lognormal(ratio: float) -> float:
    return 0.5 * (1 + math.erf(math.log(ratio) / math.sqrt(2)))


@dataclass(frozen=True, slots=True)
class Curves:
    """What is known of everybody together."""

    answer: float = _PRIOR_ANSWER
    """The share of offers that are answered, of people about whom nothing is known."""
    strength: float = _PRIOR_STRENGTH
    """How many offers of their own weigh as much as that."""
    by_load: Floats = field(default_factory=_prior_by_load)
    by_hour: Floats = field(default_factory=lambda: np.ones(HOURS))
    accept_logit: tuple[float, float] = _PRIOR_LOGIT
    """At no distance, and for each kilometre."""
    replies: Floats = field(default_factory=lambda: np.tile(_prior_replies(), (HOURS, 1)))
    """Share of the replies that came by each of `EDGES`, by the hour at which the offer could be read."""
    usual_load: float = 0.0
    """How many offers people had in the seven days before, on average over the offers made."""
    seen: int = 0
    """How many outcomes this was learned from."""
    people_with: Mapping[str, int] = field(default_factory=dict)
    """How many people who can be asked have a skill, of the skills that jobs asked for lately."""

    def base(self, answered: Floats, silent: Floats) -> Floats:
        """Return how likely each answers when not tired, from their own (decayed) counts."""
        prior = self.answer * self.strength
        base: Floats = (answered + prior) / (answered + silent + self.strength)
        return base

    def answers(self, base: Floats, load: Ints, hour: Ints | int) -> Floats:
        """Return how likely each answers at all."""
        tired = self.by_load[np.minimum(load, LOADS - 1)]
        chance: Floats = np.minimum(base * tired * self.by_hour[hour], _MOST_CHANCE)
        return chance

    def accepts(self, km: Floats) -> Floats:
        """Return how likely each says yes if they answer."""
        logit = self.accept_logit[0] + self.accept_logit[1] * km
        chance: Floats = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
        return chance

    def replied(self, minutes: Floats | float, hour: Ints | int) -> Floats:
        """Return the share of replies that come within so many waking minutes."""
        at = np.asarray(minutes, dtype=np.float64)
        place = np.minimum(np.searchsorted(EDGES, at), len(EDGES) - 1)
        high = self.replies[hour, place]
        low = np.where(place > 0, self.replies[hour, np.maximum(place - 1, 0)], 0.0)
        begin = _STARTS[place]
        part = np.minimum(np.maximum((at - begin) / (_ENDS[place] - begin), 0.0), 1.0)
        share: Floats = low + (high - low) * part
        return share

    def replied_at(self, minutes: float, hour: int) -> float:
        """Return `replied` of one time at one hour, which many calls need quickly."""
        place = min(bisect_left(EDGES, minutes), len(EDGES) - 1)
        row = self.replies[hour]
        high, begin = float(row[place]), (EDGES[place - 1] if place else 0.0)
        low = float(row[place - 1]) if place else 0.0
        part = min(max((minutes - begin) / (EDGES[place] - begin), 0.0), 1.0)
        return low + (high - low) * part

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "answer": self.answer,
            "strength": self.strength,
            "by_load": self.by_load.tolist(),
            "by_hour": self.by_hour.tolist(),
            "accept_logit": list(self.accept_logit),
            "replies": self.replies.tolist(),
            "usual_load": self.usual_load,
            "seen": self.seen,
            "people_with": dict(self.people_with),
        }


_STARTS: Final = np.array([0.0, *EDGES[:-1]])
_ENDS: Final = np.array(EDGES)


def from_json(values: Any) -> Curves:
    """Return the curves that `Curves.as_json` wrote; those of nobody known for anything else."""
    try:
        curves = Curves(
            answer=float(values["answer"]),
            strength=float(values["strength"]),
            by_load=np.array(values["by_load"], dtype=np.float64),
            by_hour=np.array(values["by_hour"], dtype=np.float64),
            accept_logit=(float(values["accept_logit"][0]), float(values["accept_logit"][1])),
            replies=np.array(values["replies"], dtype=np.float64),
            usual_load=float(values["usual_load"]),
            seen=int(values["seen"]),
            # Absent in what a version before wrote.
            people_with={
                str(skill): int(count) for skill, count in values.get("people_with", {}).items()
            },
        )
    except (TypeError, KeyError, ValueError, IndexError, AttributeError):
        return Curves()
    shapes = (curves.by_load.shape, curves.by_hour.shape, curves.replies.shape)
    numbers = np.concatenate(
        [
            [curves.answer, curves.strength, curves.usual_load, *curves.accept_logit],
            curves.by_load.ravel(),
            curves.by_hour.ravel(),
            curves.replies.ravel(),
        ]
    )
    if shapes != ((LOADS,), (HOURS,), (HOURS, len(EDGES))) or not np.isfinite(numbers).all():
        return Curves()
    return curves


def weight_of(outcomes: Outcomes) -> Floats:
    """Return how much each counts: half after `HALF_LIFE_DAYS`."""
    weight: Floats = 0.5 ** (np.maximum(outcomes.age_days, 0) / HALF_LIFE_DAYS)
    return weight


def fit_curves(outcomes: Outcomes) -> Curves:
    """Learn the curves from offers that ended; with few of them they stay near what is usual."""
    if not len(outcomes):
        return Curves()
    weight = weight_of(outcomes)
    replies = _replies(outcomes, weight)
    # What was closed early was silent for a part of the time in which replies come.
    cut_short = Curves(replies=replies).replied(outcomes.minutes, outcomes.hour)
    heard = np.where(outcomes.expired | outcomes.answered, 1.0, cut_short)
    answer, strength = _prior_of_people(outcomes, weight, heard)
    expected = weight * outcomes.base * heard
    came = weight * outcomes.answered
    by_load = _by_load(outcomes.load, came, expected)
    tired = by_load[np.minimum(outcomes.load, LOADS - 1)]
    by_hour = _ratios(outcomes.hour, came, expected * tired, HOURS, np.ones(HOURS))
    return Curves(
        answer=answer,
        strength=strength,
        by_load=by_load,
        by_hour=by_hour,
        accept_logit=_accept_logit(outcomes, weight),
        replies=replies,
        usual_load=float(np.average(outcomes.load, weights=weight)),
        seen=len(outcomes),
    )


def _ratios(group: Ints, came: Floats, expected: Floats, groups: int, prior: Floats) -> Floats:
    """Return answers over expected answers by group, shrunk towards `prior`."""
    numerator = np.bincount(group, weights=came, minlength=groups)
    denominator = np.bincount(group, weights=expected, minlength=groups)
    ratios: Floats = (numerator + _EVIDENCE * prior) / (denominator + _EVIDENCE)
    return ratios


def _by_load(load: Ints, came: Floats, expected: Floats) -> Floats:
    group = np.minimum(load, LOADS - 1)
    raw = _ratios(group, came, expected, LOADS, _prior_by_load())
    # More offers never make anybody fresher; what noise says otherwise is levelled.
    falling: Floats = np.minimum.accumulate(raw)
    return falling


def _replies(outcomes: Outcomes, weight: Floats) -> Floats:
    """Return the curve of replies by Kaplan and Meier, whole, and by the hour as far as that is known."""
    place = np.minimum(np.searchsorted(EDGES, outcomes.minutes), len(EDGES) - 1)
    size = HOURS * len(EDGES)
    cell = outcomes.hour * len(EDGES) + place
    shape = (HOURS, len(EDGES))
    came = np.bincount(cell, weights=weight * outcomes.answered, minlength=size).reshape(shape)
    ended = np.bincount(cell, weights=weight, minlength=size).reshape(shape)
    # At risk in a stretch: whoever's offer had not ended before it.
    at_risk = ended[:, ::-1].cumsum(axis=1)[:, ::-1]
    at_risk = at_risk - (ended - came) / 2  # closed or run out within it: half of it on average
    usual = _hazards_of(_prior_replies() * _PRIOR_ANSWER)
    whole = (came.sum(0) + _EVIDENCE * usual) / (at_risk.sum(0) + _EVIDENCE)
    by_hour = (came + _EVIDENCE * whole) / (at_risk + _EVIDENCE)
    left = np.cumprod(1 - np.clip(by_hour, 0, 1), axis=1)
    share = 1 - left
    curve: Floats = share / np.maximum(share[:, -1:], 1e-9)
    return curve


def _hazards_of(share: Floats) -> Floats:
    before = np.concatenate([[0.0], share[:-1]])
    hazards: Floats = (share - before) / (1 - before)
    return hazards


def _prior_of_people(outcomes: Outcomes, weight: Floats, heard: Floats) -> tuple[float, float]:
    """Return the usual share of answers and how alike people are, by the moments of their own shares."""
    _, group = np.unique(outcomes.worker, return_inverse=True)
    asked = np.bincount(group, weights=weight * heard)
    came = np.bincount(group, weights=weight * outcomes.answered)
    mean = float((came.sum() + _EVIDENCE * _PRIOR_ANSWER) / (asked.sum() + _EVIDENCE))
    mean = min(mean, _MOST_CHANCE)
    many = asked >= 2
    if many.sum() < _EVIDENCE:
        return mean, _PRIOR_STRENGTH
    share, size = np.minimum(came[many] / asked[many], 1.0), asked[many]
    usual = mean * (1 - mean)
    # E (share - mean)^2 = usual * (1 / size + (1 - 1 / size) / (strength + 1))
    spread = float(np.average((share - mean) ** 2, weights=size)) / usual
    by_luck = float(np.average(1 / size, weights=size))
    alike = (spread - by_luck) / max(1 - by_luck, 1e-6)
    strength = 1 / alike - 1 if alike > 0 else _MOST_STRENGTH
    return mean, min(max(strength, _LEAST_STRENGTH), _MOST_STRENGTH)


def _accept_logit(outcomes: Outcomes, weight: Floats) -> tuple[float, float]:
    """Return the logistic curve of acceptances over distance, by a few of Newton's steps."""
    told = outcomes.answered
    km, yes, weights = outcomes.km[told], outcomes.accepted[told].astype(float), weight[told]
    a, b = _PRIOR_LOGIT
    sure = (4.0, 100.0)  # of the prior, as precisions: a standard deviation of 0.5, and of 0.1 a km
    for _ in range(8):
        chance = 1 / (1 + np.exp(-np.clip(a + b * km, -30, 30)))
        lean = weights * (yes - chance)
        curved = weights * chance * (1 - chance)
        gradient_a = lean.sum() - sure[0] * (a - _PRIOR_LOGIT[0])
        gradient_b = (lean * km).sum() - sure[1] * (b - _PRIOR_LOGIT[1])
        aa = curved.sum() + sure[0]
        ab = (curved * km).sum()
        bb = (curved * km * km).sum() + sure[1]
        down = aa * bb - ab * ab
        a += (bb * gradient_a - ab * gradient_b) / down
        b += (aa * gradient_b - ab * gradient_a) / down
    # Nobody is held to prefer work that is farther away.
    return float(a), float(min(b, 0.0))
