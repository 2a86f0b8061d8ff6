"""Making the offers of one wave: many rows and messages in a handful of statements."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places
from app.core.ids import new_id
from app.database.many_rows import with_arrays
from app.database.statements import insert_of, is_postgresql, table
from app.jobs.models import Job
from app.messaging.outbox.enqueue import notify_many
from app.messaging.quiet_hours import QuietPeriod
from app.offers import rules
from app.offers.models import JobMatch
from app.offers.offer_message import Offered, job_params, offer_notice, zones_of
from app.offers.rules import OfferStatus
from app.policy.policy import Policy
from app.workers.quiet_hours import find_quiet_hours


@dataclass(frozen=True, slots=True)
class NewOffer:
    """A worker to be offered the job: the score and its parts are 0 to 100."""

    worker_id: UUID
    score: float
    distance: float
    availability: float
    skills: float
    experience: float
    reliability: float
    distance_km: float
    why: Sequence[Mapping[str, Any]]
    """Reasons as JSON data: `{"kind": "distance", "km": 2.1}`; written in the reader's language later."""
    answer_base: float | None = None
    """How likely an answer is held to be, 0 to 1, when not tired; None where nobody asked that."""
    asked_before: int | None = None
    """Offers to this worker in the seven days before."""


async def create(
    session: AsyncSession,
    job: Job,
    offers: Sequence[NewOffer],
    wave: int,
    now: dt.datetime,
    policy: Policy,
) -> int:
    """Offer `job` to these workers; return how many offers were made.

    A worker who was offered this job before is passed over, also when two waves race. Price and
    deadline are fixed here, the deadline so that it rests in the worker's quiet hours; nobody is offered a job whose last shift has begun. The caller has
    locked the job's row.
    """
    if not offers or (job.closes_at is not None and job.closes_at <= now):
        return 0
    within = job.respond_within_minutes or policy.deadlines.respond_within_minutes
    quiet = await find_quiet_hours(session, [offer.worker_id for offer in offers])
    deadlines = {
        offer.worker_id: rules.respond_by(now, within, job.closes_at, quiet.get(offer.worker_id))
        for offer in offers
    }
    # By where the job is, which decides who matches: what its text calls the city would be chosen for its price.
    city = places.nearest_city(job.latitude, job.longitude)
    price = policy.lead_price(job.category, city.name if city else None)
    common = {
        "job_id": job.id,
        "employer_id": job.employer_id,
        "status": OfferStatus.OFFERED.value,
        "wave": wave,
        "price_amount": price.amount,
        "price_currency": price.currency,
        "offered_at": now,
        "updated_at": now,
    }
    made = await _insert(
        session,
        [
            common
            | _row(offer)
            | _times(now, deadlines[offer.worker_id], quiet.get(offer.worker_id))
            for offer in offers
        ],
    )
    params = (await job_params(session, [job.id]))[job.id]
    zones = await zones_of(session, made)
    notices = [
        offer_notice(
            "job_offer",
            Offered(
                made[offer.worker_id],
                offer.worker_id,
                job.id,
                offer.distance_km,
                offer.why,
                deadlines[offer.worker_id],
            ),
            params,
            zones.get(offer.worker_id),
        )
        for offer in offers
        if offer.worker_id in made
    ]
    await notify_many(session, notices, now)
    return len(made)


def _times(
    now: dt.datetime, deadline: dt.datetime, quiet: QuietPeriod | None
) -> dict[str, dt.datetime | None]:
    return {"respond_by": deadline, "remind_at": rules.remind_at(now, deadline, quiet)}


def _row(offer: NewOffer) -> dict[str, Any]:
    return {
        "id": new_id(),
        "worker_id": offer.worker_id,
        "score": offer.score,
        "score_distance": offer.distance,
        "score_availability": offer.availability,
        "score_skills": offer.skills,
        "score_experience": offer.experience,
        "score_reliability": offer.reliability,
        "distance_km": offer.distance_km,
        "answer_base": offer.answer_base,
        "asked_before": offer.asked_before,
        "why": [dict(reason) for reason in offer.why],
    }


async def _insert(session: AsyncSession, rows: list[dict[str, Any]]) -> dict[UUID, UUID]:
    """Insert what is not there yet; return the new rows' ids by worker."""
    on_postgresql = is_postgresql(session)
    insert = _if_new(postgresql=on_postgresql)
    statement, values = with_arrays(insert, rows) if on_postgresql else (insert, rows)
    return {row.worker_id: row.id for row in await session.execute(statement, values)}


@cache
def _if_new(*, postgresql: bool) -> Insert:
    offers = table(JobMatch).c
    return (
        insert_of(JobMatch, postgresql=postgresql)
        .on_conflict_do_nothing(index_elements=[offers.job_id, offers.worker_id])
        .returning(offers.worker_id, offers.id)
    )
