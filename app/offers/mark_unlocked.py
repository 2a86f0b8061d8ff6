"""Mark a match as unlocked. `app.payments` decides that it was paid."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.database.statements import transition_update
from app.employers.phones import find_callers
from app.identity.models import User, UserStatus
from app.jobs.models import Job, JobStatus
from app.jobs.rules import JobAction
from app.messaging.outbox.enqueue import notify_many
from app.offers import rules
from app.offers.closing import close_job
from app.offers.job_lock import lock_jobs
from app.offers.models import JobMatch
from app.offers.rules import Action, MatchNotAccepted, OfferState, OfferStatus


class MatchNotFound(NotFound):
    """There is no such match for this employer."""

    code = "match_not_found"
    detail = "There is no such match, or it is not yours."


async def worker_of(session: AsyncSession, employer_id: UUID, match_id: UUID) -> UUID:
    """Return the worker behind a match of this employer. Raises `MatchNotFound`."""
    own_match = (JobMatch.id == match_id, JobMatch.employer_id == employer_id)
    worker_id = await session.scalar(select(JobMatch.worker_id).where(*own_match))
    if worker_id is None:
        raise MatchNotFound
    return worker_id


async def is_for_sale(session: AsyncSession, match_id: UUID) -> bool:
    """Whether a lead can be bought; see `list_for_sale`."""
    return match_id in await list_for_sale(session, [match_id])


async def list_for_sale(session: AsyncSession, match_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these leads can be bought: the worker accepted and is active, the job is not cancelled.

    A worker who read that the job is cancelled expects no call. A payment under way is refunded. A job
    that is filled or has begun may still need one more worker.
    """
    query = (
        select(JobMatch.id)
        .join(User, User.id == JobMatch.worker_id)
        .join(Job, Job.id == JobMatch.job_id)
        .where(
            JobMatch.id.in_(match_ids),
            JobMatch.status == OfferStatus.ACCEPTED,
            User.status == UserStatus.ACTIVE,
            Job.status != JobStatus.CANCELLED,
        )
    )
    return set(await session.scalars(query))


async def mark_unlocked(session: AsyncSession, match_id: UUID, now: dt.datetime) -> JobMatch:
    """Note that the employer bought the contact of this match, and send the worker a message.

    The acceptance can't be taken back from now on. With as many contacts as positions the job is
    filled, and its open offers close. The caller writes the audit row, together with the payment's
    side. Raises `MatchNotFound`, `MatchNotAccepted` (also for a worker who is suspended or erased, and
    for a cancelled job) or `AlreadyUnlocked`, and has then changed nothing.
    """
    job_id = await session.scalar(select(JobMatch.job_id).where(JobMatch.id == match_id))
    if job_id is None:
        raise MatchNotFound
    job = (await lock_jobs(session, [job_id]))[job_id]
    query = (
        select(JobMatch).where(JobMatch.id == match_id).execution_options(populate_existing=True)
    )
    match = (await session.scalars(query)).one()
    state = OfferState(
        OfferStatus(match.status), match.respond_by, match.unlocked_at is not None, job.has_room
    )
    rules.decide(state, Action.UNLOCK, now)
    if not await is_for_sale(session, match_id):
        raise MatchNotAccepted
    unlock = rules.TABLE.only(Action.UNLOCK)
    statement = (
        transition_update(JobMatch, unlock, now, JobMatch.id == match_id, unlocked_at=now)
        .returning(JobMatch)
        .execution_options(populate_existing=True)
    )
    match = (await session.scalars(statement)).one()
    raised = (
        update(Job)
        .where(Job.id == job_id)
        .values(unlocked=Job.unlocked + 1)
        .returning(Job.unlocked)
        .execution_options(synchronize_session=False)
    )
    unlocked = (await session.execute(raised)).scalar_one()
    callers = await find_callers(session, [job.employer_id])
    caller = callers.get(job.employer_id)
    calls = None if caller is None else caller.as_param()
    notice = job.worker_notice(
        match.worker_id, "contact_unlocked", match_id, urgent=True, caller=calls
    )
    await notify_many(session, [notice], now)
    if unlocked >= job.positions and job.status is JobStatus.PUBLISHED:
        await close_job(session, job_id, JobAction.FILL, None, now)
    return match
