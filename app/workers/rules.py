"""Figures about a worker, from profile and history. Pure."""

import datetime as dt
from dataclasses import dataclass
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


OUTCOME_COUNTS_FOR: Final = dt.timedelta(days=60)
"""How long an outcome counts, good or bad. After it the offer is forgotten, so nobody is held to an old slip."""
TAKE_BACK_WITHIN: Final = dt.timedelta(minutes=5)
"""How long an answer can be taken back so that neither it nor its withdrawal ever counts."""


@dataclass(frozen=True, slots=True)
class ReliabilityEffects:
    """What moved a reliability away from `RELIABILITY_PRIOR`, in its points; together that is the difference."""

    answered: float
    """Of all the answers that were kept, 0 or more."""
    each_lowering: float
    """Of each offer that was missed or withdrawn, 0 or less."""


def reliability_effects(answered: int, missed: int, withdrawn: int) -> ReliabilityEffects:
    """Explain `reliability` of the same counts.

    Answers are told by what they give alone, and what is lost to that is shared alike by what lowers it.
    """
    kept = max(0, answered - withdrawn)
    alone = reliability(kept, 0, 0)
    lowering = missed + withdrawn
    lost = reliability(answered, missed, withdrawn) - alone
    return ReliabilityEffects(
        answered=round(alone - RELIABILITY_PRIOR, 2),
        each_lowering=round(min(lost, 0.0) / lowering, 2) if lowering else 0.0,
    )


def completeness(*, located: bool, skills: bool, hours: bool, bio: bool) -> float:
    """Return the share of the profile that is filled in, 0 to 1.

    Location, skills and hours bring offers, a bio brings trust. Experience doesn't count: it may be none.
    """
    return sum((located, skills, hours, bio)) / 4
