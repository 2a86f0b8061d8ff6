"""A copy of everything that is kept about a worker; the API and the chat show it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers.models import Employer
from app.identity.models import User
from app.jobs.models import Job
from app.masking.mask import mask_together
from app.offers import appeals
from app.offers.models import JobMatch
from app.privacy.account_records import AccountRecords, list_account_records
from app.workers import availability, blocks, profile
from app.workers.blocks import BlockedEmployer
from app.workers.models import TimeOff, Worker, WorkerAvailability


class ExportedOffer(NamedTuple):
    """An offer of the worker's; what the employer wrote is masked as in every offer."""

    id: UUID
    job_id: UUID
    job_title: str
    employer_id: UUID
    company_name: str
    status: str
    score: float
    distance_km: float
    offered_at: dt.datetime
    respond_by: dt.datetime
    responded_at: dt.datetime | None
    reject_reason: str | None
    unlocked_at: dt.datetime | None


class ExportedAppeal(NamedTuple):
    """An appeal of the worker's against what lowered their reliability, and what came of it."""

    what: str
    note: str
    status: str
    created_at: dt.datetime
    decided_at: dt.datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class WorkerExport:
    """Everything kept about a worker."""

    user: User
    worker: Worker
    bio: str
    slots: Sequence[WorkerAvailability]
    time_off: Sequence[TimeOff]
    blocks: Sequence[BlockedEmployer]
    offers: Sequence[ExportedOffer]
    appeals: Sequence[ExportedAppeal]
    records: AccountRecords


async def export_worker(session: AsyncSession, worker_id: UUID) -> WorkerExport:
    """Return everything kept about a worker. Raises `WorkerNotFound`."""
    user, worker = await profile.get_worker(session, worker_id)
    return WorkerExport(
        user=user,
        worker=worker,
        bio=profile.bio_of(session, worker),
        slots=await availability.list_slots(session, worker_id),
        time_off=await availability.list_time_off(session, worker_id),
        blocks=await blocks.list_blocked_employers(session, worker_id),
        offers=await _list_offers(session, worker_id),
        appeals=[
            ExportedAppeal(
                row.about,
                appeals.note_of(session, row),
                row.status,
                row.created_at,
                row.decided_at,
                row.reason,
            )
            for row in await appeals.list_of_worker(session, worker_id)
        ],
        records=await list_account_records(session, worker_id),
    )


async def _list_offers(session: AsyncSession, worker_id: UUID) -> list[ExportedOffer]:
    query = (
        select(
            JobMatch.id,
            JobMatch.job_id,
            Job.title,
            JobMatch.employer_id,
            Employer.company_name,
            JobMatch.status,
            JobMatch.score,
            JobMatch.distance_km,
            JobMatch.offered_at,
            JobMatch.respond_by,
            JobMatch.responded_at,
            JobMatch.reject_reason,
            JobMatch.unlocked_at,
        )
        .join(Job, Job.id == JobMatch.job_id)
        .join(Employer, Employer.id == JobMatch.employer_id)
        .where(JobMatch.worker_id == worker_id)
        .order_by(JobMatch.id)
    )
    return [_masked(ExportedOffer._make(row)) for row in await session.execute(query)]


def _masked(offer: ExportedOffer) -> ExportedOffer:
    title, company = mask_together(offer.job_title, offer.company_name)
    return offer._replace(job_title=title or "", company_name=company or "")
