"""How people answered offers here, as a forecast takes it: over everybody, and over all hours of the week. Pure.

Imports NumPy, so nothing imports this while the application starts.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from app.matching.response import EDGES, HOURS, Curves, Floats

USUAL_LOAD: Final = 1
"""Offers that somebody asked next had in the last seven days, as a forecast takes it."""


@dataclass(frozen=True)
class LearnedResponses:
    """What was learned (`Curves`), as `responses.Responses`: whoever is asked is not known yet."""

    curves: Curves

    @property
    def seen(self) -> int:
        """How many offers that ended it was learned from."""
        return self.curves.seen

    def yes(self, km: float) -> float:
        """Return how likely somebody so far away who is asked says yes at all."""
        accepts = float(self.curves.accepts(np.array([km]))[0])
        return min(accepts * self._answers, 1 - 1e-9)

    def replied(self, minutes: float) -> float:
        """Return the share of replies that come within so many waking minutes; never falls."""
        if minutes <= 0:
            return 0.0
        return float(np.interp(minutes, (0.0, *EDGES), self._by_edge))

    @cached_property
    def _answers(self) -> float:
        base = np.full(HOURS, self.curves.answer)
        loads = np.full(HOURS, USUAL_LOAD)
        return float(self.curves.answers(base, loads, np.arange(HOURS)).mean())

    @cached_property
    def _by_edge(self) -> Floats:
        usual = self.curves.replies.mean(axis=0)
        steps: Floats = np.maximum.accumulate(np.concatenate([[0.0], np.clip(usual, 0, 1)]))
        return steps
