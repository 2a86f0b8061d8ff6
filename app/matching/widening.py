"""What a job may ask of people less strictly near its deadline, where its employer allows it: pure rules.

Those who fit are asked first. Only when they are not enough and little time is left are people asked who live up to
twice as far away as the radius says, or know the work less long. Nobody travels farther than they want to, and
skills, hours and all else hold as ever. Worker and employer read in the offer what it goes beyond.
"""

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from app.core.geo import MAX_TRAVEL_KM
from app.jobs.job_text import Widenable
from app.matching.rules import (
    Exclusion,
    Fit,
    JobFacts,
    OfferReason,
    ReasonKind,
    WorkerFacts,
    misfits,
    waves_rest,
)
from app.messaging.quiet_hours import waking_time

NEAR_MINUTES: Final = 600.0
"""Waking minutes before the deadline from which more people may be asked: the day before, for most shifts."""
WIDER: Final = 2.0
"""Times the radius."""
_BEYOND: Final = {
    Exclusion.DISTANCE: ReasonKind.WIDER_RADIUS,
    Exclusion.EXPERIENCE: ReasonKind.LESS_EXPERIENCE,
}


def minutes_until(closes_at: dt.datetime | None, time_zone: str, now: dt.datetime) -> float:
    """Return the minutes until the deadline in which people near the job are awake; endless without one."""
    if closes_at is None:
        return math.inf
    left = waking_time(waves_rest(time_zone, closes_at, now), now, closes_at)
    return left / dt.timedelta(minutes=1)


def widened(job: JobFacts, may_widen: Collection[str], minutes_left: float) -> JobFacts | None:
    """Return the job as it may be asked about now; None where that is as ever."""
    if minutes_left > NEAR_MINUTES:
        return None
    wider = job
    if Widenable.RADIUS in may_widen and job.radius_km is not None:
        wider = replace(wider, radius_km=min(job.radius_km * WIDER, MAX_TRAVEL_KM))
    if Widenable.EXPERIENCE in may_widen and job.min_experience_years:
        wider = replace(wider, min_experience_years=0)
    return None if wider == job else wider


def beyond(worker: WorkerFacts, job: JobFacts, fit: Fit) -> list[OfferReason]:
    """Return what of the job as it was written down this worker does not meet, for whoever reads the offer."""
    missed = [excluded.rule for excluded in misfits(worker, job, 0.0, fit)]
    return [OfferReason(reason, {}) for rule, reason in _BEYOND.items() if rule in missed]
