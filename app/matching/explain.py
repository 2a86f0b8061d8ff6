"""Why a worker is asked about a job, or which rules keep them from it: the search's own rules."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.models import Job
from app.matching.candidates import find
from app.matching.load import facts_of_anybody, job_facts
from app.matching.refusals import AskingFacts, Caps, refusals
from app.matching.rules import (
    Excluded,
    Exclusion,
    JobFacts,
    OfferReason,
    Score,
    Weights,
    WorkerFacts,
    fit_of,
    misfits,
    score,
    why,
)
from app.matching.widening import minutes_until, widened
from app.policy.policy import Policy
from app.workers.profile import WorkerNotFound

MOST_PLACES: Final = 500
"""So many candidates are ranked to tell a worker's place among them: as many as a job may have places."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the search makes of one worker and one job."""

    excluded: Sequence[Excluded]
    """Every rule that keeps them from being asked, not only the first; empty: they may be."""
    score: Score | None
    """As it would be if they could be asked; None where they have no location."""
    reasons: Sequence[OfferReason]
    """What speaks for them."""
    place: int | None = None
    """Their place among those who may be asked, 1 the best; None beyond `MOST_PLACES`, or if excluded."""


def explain(
    worker: WorkerFacts,
    asking: AskingFacts,
    job: JobFacts,
    weights: Weights,
    minimum_share: float,
    caps: Caps,
) -> Explanation:
    """Explain one worker by the rules by which the search judges everybody: pure."""
    fit = fit_of(worker, job)
    excluded = [*refusals(asking, caps), *misfits(worker, job, minimum_share, fit)]
    if not asking.is_located:
        near = [each for each in excluded if each.rule is not Exclusion.DISTANCE]
        return Explanation(near, None, [])
    scored = score(worker, job, weights, fit)
    return Explanation(excluded, scored, why(worker, job, scored))


async def explain_worker(
    session: AsyncSession, job: Job, worker_id: UUID, now: dt.datetime, policy: Policy
) -> Explanation:
    """Explain what the search makes of this worker for this job at `now`. Raises `WorkerNotFound`.

    Whether the job asks anybody at all now (it may be full, or over) is its own matter.
    """
    weights = Weights(**policy.matching.weights.model_dump())
    share = policy.matching.minimum_availability_share
    caps = Caps(
        policy.limits.offers_per_worker_per_week,
        policy.limits.offers_per_worker_per_week_of_one_employer,
    )
    facts = await job_facts(session, job, now)
    # Near the deadline more may be asked than the job says; whoever fits it as it is comes first all the same.
    facts = widened(facts, job.may_widen, minutes_until(job.closes_at, job.time_zone, now)) or facts
    found = await facts_of_anybody(session, worker_id, facts, now, job.closes_at)
    if found is None:
        raise WorkerNotFound
    explained = explain(*found, facts, weights, share, caps)
    if explained.excluded:
        return explained
    best = await find(
        session,
        facts,
        MOST_PLACES,
        now,
        weights=weights,
        minimum_share=share,
        caps=caps,
        closes_at=job.closes_at,
    )
    ids = [candidate.worker.id for candidate in best.best]
    place = ids.index(worker_id) + 1 if worker_id in ids else None
    return Explanation([], explained.score, explained.reasons, place)
