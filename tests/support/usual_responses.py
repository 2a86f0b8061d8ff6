"""How people answer offers, in a few numbers: a `Responses` of a test's own."""

import math
from dataclasses import dataclass
from typing import Final

_LEAST_MINUTES: Final = 1e-6
"""Nobody replies sooner."""


@dataclass(frozen=True, slots=True)
class UsualResponses:
    """What is believed before anything was seen."""

    answer: float = 0.45
    """The share of offers that are answered."""
    accept_logit: float = 1.0
    """Log odds that an answer is a yes, next door."""
    per_km: float = -0.15
    """What each kilometre adds to them."""
    median_minutes: float = 30.0
    """Half of the replies come within so many waking minutes."""
    seen: int = 0

    def yes(self, km: float) -> float:
        """Return how likely somebody so far away who is asked says yes at all."""
        return self.answer / (1 + math.exp(-(self.accept_logit + self.per_km * km)))

    def replied(self, minutes: float) -> float:
        """Return the share of replies by then: a lognormal curve."""
        if minutes < _LEAST_MINUTES:
            return 0.0
        return 0.5 * (1 + math.erf(math.log(minutes / self.median_minutes) / math.sqrt(2)))
