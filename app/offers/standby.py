"""Standby: who came too late for a job that is full waits for a place, and gets it when somebody withdraws.

A worker whose offer was closed because the job was full says that they would still come (`standby_at`). When a place is
free, `app.matching.standby` gives it to whoever has waited longest. They wait until the job's last shift begins, the job
closes, or they say no.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.audit.models import AdminActionLog
from app.database.statements import rows_changed
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.jobs.models import Job, JobStatus
from app.offers.job_lock import LockedJob, lock_jobs
from app.offers.models import JobMatch
from app.offers.reconsider import may_be_asked
from app.offers.rules import AlreadyResponded, CloseReason, OfferClosed, OfferStatus
from app.offers.steps import OfferNotFound


@dataclass(frozen=True, slots=True)
class StandbyPlace:
    """Where somebody stands who waits for a place."""

    offer_id: UUID
    since: dt.datetime
    ahead: int
    """How many have waited longer."""
    accepted: int
    """Who may still withdraw: acceptances whose contact nobody bought."""
    open_places: int


async def stand_by(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, now: dt.datetime
) -> StandbyPlace:
    """Wait for a place of a job that is full; doing so again changes nothing.

    Raises `OfferNotFound`, or `OfferClosed` where there is nothing to wait for: the job is not published any more or
    over, the offer was not closed because the job was full, or the employer may not ask this worker.
    """
    job = await _lock_job(session, worker_id, offer_id)
    over = await session.scalar(
        select(Job.closes_at <= now).where(Job.id == job.id, Job.closes_at.is_not(None))
    )
    if job.status is not JobStatus.PUBLISHED or over or not await may_be_asked(session, offer_id):
        raise OfferClosed
    if job.has_room and not await _was_too_late(session, offer_id):
        raise OfferClosed
    statement = (
        update(JobMatch)
        .where(
            JobMatch.id == offer_id,
            JobMatch.status == OfferStatus.CLOSED,
            JobMatch.standby_at.is_(None),
        )
        .values(standby_at=now, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    if await rows_changed(session, statement):
        _record(session, worker_id, offer_id, "offer.stand_by", now)
    return await get_standing(session, worker_id, offer_id, job)


async def leave(session: AsyncSession, worker_id: UUID, offer_id: UUID, now: dt.datetime) -> None:
    """Wait no longer; whoever does not wait changes nothing.

    Raises `OfferNotFound`, or `AlreadyResponded` once they have the place: they hold an acceptance, which they may withdraw.
    """
    await _lock_job(session, worker_id, offer_id)
    status = await session.scalar(select(JobMatch.status).where(JobMatch.id == offer_id))
    if status == OfferStatus.ACCEPTED:
        raise AlreadyResponded
    if await forget(session, [offer_id], now):
        _record(session, worker_id, offer_id, "offer.leave_standby", now)


async def forget(session: AsyncSession, offer_ids: list[UUID], now: dt.datetime) -> int:
    """Let these offers wait no longer; return how many did. The caller has locked their jobs."""
    statement = (
        update(JobMatch)
        .where(
            JobMatch.id.in_(offer_ids),
            JobMatch.status == OfferStatus.CLOSED,
            JobMatch.standby_at.is_not(None),
        )
        .values(standby_at=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    return await rows_changed(session, statement)


async def get_standing(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, job: LockedJob
) -> StandbyPlace:
    """Return where somebody stands. Raises `OfferClosed` for an offer that does not wait."""
    own = select(JobMatch.standby_at).where(
        JobMatch.id == offer_id,
        JobMatch.worker_id == worker_id,
        JobMatch.status == OfferStatus.CLOSED,
    )
    since = await session.scalar(own)
    if since is None:
        raise OfferClosed
    waits = (
        JobMatch.job_id == job.id,
        JobMatch.status == OfferStatus.CLOSED,
        JobMatch.standby_at < since,
    )
    ahead = await session.scalar(select(func.count()).where(*waits))
    return StandbyPlace(
        offer_id,
        since,
        ahead or 0,
        job.accepted - job.unlocked,
        max(job.accept_limit - job.accepted, 0),
    )


async def _was_too_late(session: AsyncSession, offer_id: UUID) -> bool:
    """Whether an offer closed because its job was full: a place may have become free since."""
    closed = select(AdminActionLog.number).where(
        AdminActionLog.target_type == "match",
        AdminActionLog.target_id == str(offer_id),
        AdminActionLog.action == "offer.close",
        AdminActionLog.reason == CloseReason.FULL.value,
    )
    return await session.scalar(closed.limit(1)) is not None


async def _lock_job(session: AsyncSession, worker_id: UUID, offer_id: UUID) -> LockedJob:
    query = select(JobMatch.job_id).where(JobMatch.id == offer_id, JobMatch.worker_id == worker_id)
    job_id = await session.scalar(query)
    if job_id is None:
        raise OfferNotFound
    return (await lock_jobs(session, [job_id]))[job_id]


def _record(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, action: str, now: dt.datetime
) -> None:
    audit.record(
        session, action, offer_id, Actor(worker_id, Role.WORKER, UserStatus.ACTIVE, ""), now
    )
