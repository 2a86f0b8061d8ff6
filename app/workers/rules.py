"""Figures about a worker, from profile and history. Pure."""

from typing import Final

RELIABILITY_PRIOR: Final = 75.0
"""The reliability of a newcomer: what is usual."""
RELIABILITY_PRIOR_WEIGHT: Final = 4
"""How many offers the prior weighs: after as many, half of the figure is the worker's own."""


def reliability(answered: int, missed: int, withdrawn: int) -> float:
    """Return 0 to 100, one decimal: the share of offers answered in time and not withdrawn.

    A mean with a prior: with few offers it stays near the usual. `answered` includes withdrawn acceptances.
    """
    kept = max(0, answered - withdrawn)
    prior = RELIABILITY_PRIOR / 100 * RELIABILITY_PRIOR_WEIGHT
    return round(100 * (kept + prior) / (kept + missed + withdrawn + RELIABILITY_PRIOR_WEIGHT), 1)


def completeness(*, located: bool, skills: bool, hours: bool, bio: bool) -> float:
    """Return the share of the profile that is filled in, 0 to 1.

    Location, skills and hours bring offers, a bio brings trust. Experience doesn't count: it may be none.
    """
    return sum((located, skills, hours, bio)) / 4
