"""How chances that were forecast compare with what happened, and what a chance is worth by that. Pure.

A forecast takes people to be there for this job alone. Where many jobs ask the same people, fewer places fill than it says, and
by how much shows in the jobs that ended. The log odds of a chance are moved along a straight line, fitted to what was said of
those jobs and whether they filled (Platt, 1999). With few of them the line stays near the one that changes nothing.

Imports NumPy, so nothing imports this while the application starts.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

_MOST_LOGIT: Final = 5.0
"""Chances beyond 0.7 and 99.3 % count as these: how sure a model is of itself there says little."""
_SURE_OF_SHIFT, _SURE_OF_SLOPE = 4.0, 20.0
"""Precisions of what is believed before: no shift give or take 0.5, a slope of 1 give or take 0.22."""
_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the log odds of a forecast chance become: `shift + slope * them`."""

    shift: float = 0.0
    slope: float = 1.0
    jobs: int = 0
    """That ended, from which it was learned."""

    def of(self, chance: float) -> float:
        """Return what a chance is worth; the more, the more the chance is. What can't be stays so."""
        if self.jobs == 0 or chance <= 0:
            return chance
        return _share(self.shift + self.slope * _logit(chance))


def calibrated(said: Floats, came: Floats) -> Calibration:
    """Fit the line to what was said of jobs that ended, 0 to 1, and whether they filled, 0 or 1."""
    possible = said > 0
    said, came = said[possible], came[possible]
    if not len(said):
        return Calibration()
    odds = np.array([_logit(chance) for chance in said.tolist()])
    line, held = (0.0, 1.0), _held_by((0.0, 1.0), odds, came)
    for _ in range(_STEPS):
        step = _newton(line, odds, came)
        # Far from the best line a whole step leads beyond it, and each next one farther.
        for part in (1.0, 0.5, 0.25, 0.1, 0.03):
            tried = line[0] + part * step[0], line[1] + part * step[1]
            if (now_held := _held_by(tried, odds, came)) > held:
                line, held = tried, now_held
                break
        else:
            break
    # What was held to be likelier never becomes less likely.
    return Calibration(line[0], max(line[1], 0.0), len(said))


def _held_by(line: tuple[float, float], odds: Floats, came: Floats) -> float:
    """Return how well a line says what came, and keeps to what is believed: the log of its likelihood."""
    moved = np.clip(line[0] + line[1] * odds, -30, 30)
    seen = float((came * moved - np.logaddexp(0, moved)).sum())
    return seen - _SURE_OF_SHIFT * line[0] ** 2 / 2 - _SURE_OF_SLOPE * (line[1] - 1) ** 2 / 2


def _newton(line: tuple[float, float], odds: Floats, came: Floats) -> tuple[float, float]:
    share = 1 / (1 + np.exp(-np.clip(line[0] + line[1] * odds, -30, 30)))
    lean, curved = came - share, share * (1 - share)
    of_shift = float(lean.sum()) - _SURE_OF_SHIFT * line[0]
    of_slope = float((lean * odds).sum()) - _SURE_OF_SLOPE * (line[1] - 1)
    aa = float(curved.sum()) + _SURE_OF_SHIFT
    ab = float((curved * odds).sum())
    bb = float((curved * odds * odds).sum()) + _SURE_OF_SLOPE
    down = aa * bb - ab * ab
    return (bb * of_shift - ab * of_slope) / down, (aa * of_slope - ab * of_shift) / down


def _logit(chance: float) -> float:
    if chance >= 1:
        return _MOST_LOGIT
    return min(max(math.log(chance / (1 - chance)), -_MOST_LOGIT), _MOST_LOGIT)


def _share(logit: float) -> float:
    return 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))
