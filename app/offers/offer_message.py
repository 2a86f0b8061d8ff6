"""The parameters of an offer's message: what a worker needs to answer, and no contact of the employer."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.schema import Weekday
from app.employers.models import Employer
from app.jobs.models import Job, JobSlot
from app.masking.mask import mask_together
from app.messaging.outbox.notice import Notice
from app.workers.models import Worker


@dataclass(frozen=True, slots=True)
class Offered:
    """One offer, for its message."""

    offer_id: UUID
    worker_id: UUID
    job_id: UUID
    distance_km: float
    why: Sequence[Mapping[str, Any]]
    respond_by: dt.datetime


async def zones_of(session: AsyncSession, worker_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return each worker's time zone (IANA)."""
    query = select(Worker.id, Worker.time_zone).where(Worker.id.in_(worker_ids))
    return {row.id: row.time_zone for row in await session.execute(query)}


def offer_notice(
    kind: str,
    offer: Offered,
    job: Mapping[str, Any],
    reader_zone: str | None,
    at: dt.datetime | None = None,
) -> Notice:
    """Return the notice (`job_offer`, `offer_reminder`) of an offer; out of date at its deadline.

    The deadline is given in the worker's time zone (`reader_zone`), the hours of work in the job's. `at` is
    given for `offer_open_again`, which may come more than once.
    """
    return Notice(
        user_id=offer.worker_id,
        kind=kind,
        params={
            **job,
            "offer_id": str(offer.offer_id),
            "distance_km": round(offer.distance_km, 1),
            "why": [dict(reason) for reason in offer.why],
            "respond_by": offer.respond_by.isoformat(),
            "reader_zone": reader_zone,
        },
        key=str(offer.offer_id) if at is None else f"{offer.offer_id}:{at.isoformat()}",
        subject_id=offer.offer_id,
        expires_at=offer.respond_by,
    )


async def job_params(
    session: AsyncSession, job_ids: Collection[UUID]
) -> dict[UUID, dict[str, Any]]:
    """Return what messages about these jobs say: no address and no contact; disguised ones are masked."""
    slots: defaultdict[UUID, list[dict[str, str]]] = defaultdict(list)
    columns = (JobSlot.job_id, JobSlot.weekday, JobSlot.starts, JobSlot.ends)
    query = select(*columns).where(JobSlot.job_id.in_(job_ids))
    for slot in await session.execute(query.order_by(JobSlot.weekday, JobSlot.starts)):
        slots[slot.job_id].append(
            {
                "weekday": Weekday.of(slot.weekday).value,
                "start": slot.starts.strftime("%H:%M"),
                "end": slot.ends.strftime("%H:%M"),
            }
        )
    jobs = (
        select(
            Job.id,
            Job.title,
            Job.city,
            Job.starts_on,
            Job.ends_on,
            Job.time_zone,
            Job.salary_amount,
            Job.salary_currency,
            Job.salary_per,
            Job.positions,
            Job.closes_at,
            Employer.company_name,
            Employer.verified_at,
        )
        .join(Employer, Employer.id == Job.employer_id)
        .where(Job.id.in_(job_ids))
    )
    return {job.id: _params_of(job, slots[job.id]) for job in await session.execute(jobs)}


def _params_of(job: Row[*tuple[Any, ...]], slots: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    title, company, city = mask_together(job.title, job.company_name, job.city)
    return {
        "title": title,
        "company": company,
        "verified": job.verified_at is not None,
        "city": city,
        "starts_on": job.starts_on.isoformat(),
        "ends_on": job.ends_on.isoformat() if job.ends_on else None,
        "time_zone": job.time_zone,
        "slots": slots,
        "salary": None
        if job.salary_amount is None
        else {
            "amount": job.salary_amount,
            "currency": job.salary_currency,
            "per": job.salary_per,
        },
        "positions": job.positions,
        "closes_at": job.closes_at.isoformat() if job.closes_at else None,
    }
