"""What a worker's history says about them. Pure."""

from typing import Final

RELIABILITY_PRIOR: Final = 75.0
"""Where a newcomer starts: no better and no worse than is usual."""

RELIABILITY_PRIOR_WEIGHT: Final = 4
"""How many offers the prior weighs: after that many, half of the figure is the person's own."""


def reliability(answered: int, missed: int, withdrawn: int) -> float:
    """0 to 100, one decimal: the share of offers dealt with well, drawn toward the usual when few.

    Well is an answer in time, whichever it was; not well is an offer left to expire, or an acceptance
    taken back (which was answered in time first). A mean with a prior of a few offers.
    """
    kept = max(0, answered - withdrawn)
    prior = RELIABILITY_PRIOR / 100 * RELIABILITY_PRIOR_WEIGHT
    return round(100 * (kept + prior) / (kept + missed + withdrawn + RELIABILITY_PRIOR_WEIGHT), 1)
