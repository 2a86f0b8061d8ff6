"""Making the offers of one wave: many rows and messages in a handful of statements."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.masking import mask
from app.core.schema import Weekday
from app.db import is_postgresql
from app.employers.models import Employer
from app.jobs.models import Job
from app.messaging.outbox import Notice, notify_many
from app.offers import rules
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.policy.policy import Policy

_BATCH = 500
"""Rows in one INSERT: SQLite binds at most 32,766 values a statement."""


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
    """Reasons as JSON data: `{"kind": "distance", "km": 2.1}`; said in the reader's language later."""


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
    deadline are fixed here; nobody is offered a job whose last shift has begun. The caller holds the
    job's row.
    """
    within = job.respond_within_minutes or policy.deadlines.respond_within_minutes
    deadline = rules.respond_by(now, within, job.closes_at)
    if deadline <= now or not offers:
        return 0
    price = policy.lead_price(job.category)
    common = {
        "job_id": job.id,
        "employer_id": job.employer_id,
        "status": OfferStatus.OFFERED.value,
        "wave": wave,
        "price_amount": price.amount,
        "price_currency": price.currency,
        "offered_at": now,
        "respond_by": deadline,
        "remind_at": rules.remind_at(now, deadline),
        "updated_at": now,
    }
    rows = [common | _row(offer) for offer in offers]
    made: dict[UUID, UUID] = {}
    for start in range(0, len(rows), _BATCH):
        made |= await _insert(session, rows[start : start + _BATCH])
    said = await _said_of(session, job, deadline)
    await notify_many(
        session,
        [
            Notice(
                user_id=offer.worker_id,
                kind="job_offer",
                params=said
                | {
                    "offer_id": str(made[offer.worker_id]),
                    "distance_km": round(offer.distance_km, 1),
                    "why": [dict(reason) for reason in offer.why],
                },
                key=f"job_offer:{made[offer.worker_id]}",
                subject_id=made[offer.worker_id],
                expires_at=deadline,
            )
            for offer in offers
            if offer.worker_id in made
        ],
        now,
    )
    return len(made)


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
        "why": [dict(reason) for reason in offer.why],
    }


async def _insert(session: AsyncSession, rows: list[dict[str, Any]]) -> dict[UUID, UUID]:
    """Insert what is not there yet; return the new rows' ids by worker."""
    table: Table = JobMatch.metadata.tables[JobMatch.__tablename__]
    insert = postgresql_insert if is_postgresql(session) else sqlite_insert
    statement = (
        insert(table)
        .values(rows)
        .on_conflict_do_nothing(index_elements=[table.c.job_id, table.c.worker_id])
        .returning(table.c.worker_id, table.c.id)
    )
    return {worker_id: match_id for worker_id, match_id in await session.execute(statement)}


async def _said_of(session: AsyncSession, job: Job, deadline: dt.datetime) -> dict[str, Any]:
    """What an offer's message says about the job: no address, no employer's contact."""
    query = select(Employer.company_name, Employer.verified_at).where(Employer.id == job.employer_id)
    company, verified_at = (await session.execute(query)).one()
    salary = None
    if job.salary_amount is not None:
        salary = {
            "amount": job.salary_amount,
            "currency": job.salary_currency,
            "per": job.salary_per,
        }
    return {
        "title": mask(job.title),
        "company": mask(company),
        "verified": verified_at is not None,
        "city": job.city,
        "starts_on": job.starts_on.isoformat(),
        "ends_on": job.ends_on.isoformat() if job.ends_on else None,
        "time_zone": job.time_zone,
        "slots": [
            {
                "weekday": Weekday.of(slot.weekday).value,
                "start": slot.starts.strftime("%H:%M"),
                "end": slot.ends.strftime("%H:%M"),
            }
            for slot in job.slots
        ],
        "salary": salary,
        "positions": job.positions,
        "respond_by": deadline.isoformat(),
    }
