"""Close open offers: the job closes or is full, an account is suspended, or one side blocks the other."""

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app import audit
from app.attempts.work import Kind, Work
from app.database.due import Due
from app.database.statements import is_one_of, table, transition_update
from app.identity.actor import Actor
from app.jobs import lifecycle, publish_limits
from app.jobs.models import Job, JobStatus
from app.jobs.queries import JobNotFound, get_job, state_of
from app.jobs.rules import JobAction, JobNotOver, closes_at
from app.messaging.models import OutboxMessage, OutboxState
from app.messaging.outbox.enqueue import notify_many, suppress
from app.messaging.outbox.notice import Notice
from app.offers.effective_status import has_status
from app.offers.job_lock import LockedJob, lock_jobs, request_wave
from app.offers.models import JobMatch
from app.offers.rules import TABLE, Action, CloseReason, OfferStatus

_REASON = {
    JobAction.CANCEL: CloseReason.CANCELLED,
    JobAction.EXPIRE: CloseReason.EXPIRED,
    JobAction.FILL: CloseReason.FILLED,
    JobAction.CLOSE: CloseReason.CLOSED,
}

_TAKES_BACK = frozenset({JobAction.CANCEL, JobAction.CLOSE})
"""By which an employer may take a published job back before anybody was hired."""

type Closed = Row[UUID, UUID, UUID]


async def close_job(
    session: AsyncSession,
    job_id: UUID,
    action: JobAction,
    actor: Actor | None,
    now: dt.datetime,
    reason: str | None = None,
) -> Job:
    """Cancel, close, expire or fill a job: its open offers close, and everybody concerned hears of it once.

    Workers whose offer message has not left yet are not told of an offer they never got. A cancellation is
    also told to those who accepted, whether their contact was bought or not: they were going to come. Their
    acceptance stays as it is. A closed job's acceptances stay, too, and can be bought; their workers are told
    nothing. The employer is told unless they did it themselves. `actor` None is the system; `reason` goes to the
    log. Raises what `jobs.lifecycle.move` raises when the job's state forbids it.
    """
    locked = (await lock_jobs(session, [job_id])).get(job_id)
    if locked is None:
        raise JobNotFound
    job = await get_job(session, job_id, lock=True)
    await lifecycle.move(session, job, action, now)
    audit.record(
        session,
        f"job.{action.value}",
        job_id,
        actor,
        now,
        reason=reason,
        before={"status": locked.status.value},
        after={"status": job.status},
    )
    await close_open(session, locked, _REASON[action], actor, now)
    await _end_standby(session, locked, _REASON[action], now)
    if action == JobAction.CANCEL:
        await _notify_accepted(session, locked, now)
    if action in _TAKES_BACK and locked.status is JobStatus.PUBLISHED:
        await publish_limits.note(session, job, now)
    await _notify_employer(session, locked, action, actor, now)
    return job


async def close_open(
    session: AsyncSession,
    job: LockedJob,
    reason: CloseReason,
    actor: Actor | None,
    now: dt.datetime,
) -> int:
    """Close every open offer of a locked job; return how many.

    An offer past its deadline is left: it expired, and will be counted as that.
    """
    closed = await _close(session, [job.id], JobMatch.job_id == job.id, actor, now, reason.value)
    await _notify_workers(session, job, closed, reason, now)
    return len(closed)


async def close_for_worker(session: AsyncSession, worker_id: UUID, now: dt.datetime) -> int:
    """Close every open offer of a worker who was suspended or erased; return how many.

    Their next waves become due. Call it before the worker's own row is touched: a worker's row is
    locked after jobs and offers, never before them.
    """
    own = JobMatch.worker_id == worker_id
    return await _close_silently(session, own, now, "worker_unavailable")


async def close_between(
    session: AsyncSession, worker_id: UUID, employer_id: UUID, now: dt.datetime
) -> int:
    """Close every open offer from an employer to a worker, of whom one blocked the other; return how many.

    Call it before the worker's own row is touched, as for `close_for_worker`.
    """
    between = (JobMatch.worker_id == worker_id) & (JobMatch.employer_id == employer_id)
    return await _close_silently(session, between, now, "blocked")


async def close_for_employer(
    session: AsyncSession, employer_id: UUID, actor: Actor | None, now: dt.datetime
) -> int:
    """Close every open offer of an employer who was suspended, and tell the workers; return how many.

    Their jobs stay published but ask nobody until the employer is active again.
    """
    query = select(Job.id).where(Job.employer_id == employer_id, Job.status == JobStatus.PUBLISHED)
    jobs = await lock_jobs(session, (await session.scalars(query)).all())
    return sum(
        [await close_open(session, job, CloseReason.CANCELLED, actor, now) for job in jobs.values()]
    )


JOBS_DUE: Final = Due(
    is_one_of(table(Job).c.status, [JobStatus.PUBLISHED]), Job.closes_at <= bindparam("now")
)
ENDS: Final = Work(Kind.JOB_END, "expire_jobs", Job.id, Job.closes_at, JOBS_DUE)
_OVER: Final = (
    select(Job.id)
    .where(*JOBS_DUE.conditions)
    .order_by(Job.closes_at)
    .limit(bindparam("limit", type_=Integer))
)


async def expire_jobs_due(
    session: AsyncSession, now: dt.datetime, limit: int, only: Sequence[UUID] | None = None
) -> int:
    """Expire up to `limit` published jobs whose last shift has begun, of these or of all; return how many.

    A job that another transaction has locked is left for the next call.
    """
    query = _OVER if only is None else _OVER.where(Job.id.in_(only))
    due = (await session.scalars(query, {"now": now, "limit": limit})).all()
    locked = await lock_jobs(session, due, skip_locked=True)
    count = 0
    for job in locked.values():
        if job.status is JobStatus.PUBLISHED:
            try:
                await close_job(session, job.id, JobAction.EXPIRE, None, now)
            except JobNotOver:
                # The rules of its time zone changed since publishing: it ends by the new ones.
                await _end_later(session, job.id)
            else:
                count += 1
    return count


async def _end_later(session: AsyncSession, job_id: UUID) -> None:
    job = await get_job(session, job_id, lock=True)
    state = state_of(job)
    job.closes_at = closes_at(state.slots, state.starts_on, state.ends_on, state.time_zone)


async def _close_silently(
    session: AsyncSession, which: ColumnElement[bool], now: dt.datetime, why: str
) -> int:
    """Close open offers of several jobs without a message to the worker, who caused or knows it."""
    # Jobs of accepted offers too: an erasure withdraws those next, and locking jobs in two rounds could
    # deadlock with another transaction that does the same. And of rejected ones in time: a worker who takes
    # their no back at this moment has the offer open before it closes here, or is refused after.
    locked = or_(
        has_status(OfferStatus.OFFERED, now),
        JobMatch.status == OfferStatus.ACCEPTED,
        and_(JobMatch.status == OfferStatus.REJECTED, JobMatch.respond_by > now),
    )
    query = select(JobMatch.job_id).where(which, locked).distinct()
    jobs = await lock_jobs(session, (await session.scalars(query)).all())
    closed = await _close(session, list(jobs), which, None, now, why)
    await suppress(session, [row.id for row in closed], now)
    await request_wave(session, {row.job_id for row in closed}, now)
    return len(closed)


async def _close(
    session: AsyncSession,
    job_ids: Sequence[UUID],
    which: ColumnElement[bool],
    actor: Actor | None,
    now: dt.datetime,
    why: str,
) -> Sequence[Closed]:
    if not job_ids:
        return []
    close = TABLE.only(Action.CLOSE)
    rows = (which, JobMatch.job_id.in_(job_ids))
    statement = transition_update(JobMatch, close, now, *rows, remind_at=None)
    changed = statement.returning(JobMatch.id, JobMatch.job_id, JobMatch.worker_id)
    closed = (await session.execute(changed)).all()
    for row in closed:
        audit.record(
            session,
            "offer.close",
            row.id,
            actor,
            now,
            code=why,
            before={"status": close.source.value},
            after={"status": close.target.value},
        )
    return closed


async def _notify_workers(
    session: AsyncSession,
    job: LockedJob,
    closed: Sequence[Closed],
    reason: CloseReason,
    now: dt.datetime,
) -> None:
    ids = [row.id for row in closed]
    await suppress(session, ids, now)
    unsent = set(await session.scalars(_kept_back(ids))) if ids else set()
    await notify_many(
        session,
        [
            job.worker_notice(row.worker_id, "offer_closed", row.id, reason=reason.value)
            for row in closed
            if row.id not in unsent
        ],
        now,
    )


def _kept_back(offer_ids: Sequence[UUID]) -> Select[UUID | None]:
    """Select the offers that their workers never heard of: who answered one and took it back knows it."""
    again = aliased(OutboxMessage)
    return select(OutboxMessage.subject_id).where(
        OutboxMessage.subject_id.in_(offer_ids),
        OutboxMessage.kind == "job_offer",
        OutboxMessage.state == OutboxState.SUPPRESSED,
        ~exists().where(
            again.subject_id == OutboxMessage.subject_id, again.kind == "offer_open_again"
        ),
    )


async def _notify_accepted(session: AsyncSession, job: LockedJob, now: dt.datetime) -> None:
    """Tell those who said yes to a job that it is cancelled, and whose contact was bought that they need not come."""
    query = select(JobMatch.worker_id, JobMatch.id, JobMatch.unlocked_at).where(
        JobMatch.job_id == job.id, JobMatch.status == OfferStatus.ACCEPTED
    )
    notices = []
    for row in await session.execute(query):
        # Who was given a place that they waited for heard "closed" before: each time is an event of its own.
        notice = partial(job.worker_notice, row.worker_id, offer_id=row.id, at=now, urgent=True)
        if row.unlocked_at is None:
            notices.append(notice(kind="offer_closed", reason=CloseReason.CANCELLED.value))
        else:
            notices.append(notice(kind="job_called_off"))
    await notify_many(session, notices, now)


async def _end_standby(
    session: AsyncSession, job: LockedJob, reason: CloseReason, now: dt.datetime
) -> None:
    """Tell those who stood by for a job that it is over, and let them wait no longer."""
    ended = (
        update(JobMatch)
        .where(
            JobMatch.job_id == job.id,
            JobMatch.status == OfferStatus.CLOSED,
            JobMatch.standby_at.is_not(None),
        )
        .values(standby_at=None, updated_at=now)
        .returning(JobMatch.worker_id, JobMatch.id)
        .execution_options(synchronize_session=False)
    )
    rows = (await session.execute(ended)).all()
    await notify_many(
        session,
        [
            job.worker_notice(row.worker_id, "offer_closed", row.id, at=now, reason=reason.value)
            for row in rows
        ],
        now,
    )


async def _notify_employer(
    session: AsyncSession,
    job: LockedJob,
    action: JobAction,
    actor: Actor | None,
    now: dt.datetime,
) -> None:
    # A job can be reopened and closed again: each time is an event of its own.
    key = f"{job.id}:{now.isoformat()}"
    params = {"title": job.title}
    if action == JobAction.FILL:
        kind = "job_filled"
    else:
        kind = "job_closed"
        params["reason"] = _REASON[action].value
    notice = Notice(
        job.employer_id,
        kind,
        params,
        key,
        job.id,
        theirs=(job.posted_by,),
        done_by=None if actor is None else actor.user_id,
    )
    await notify_many(session, [notice], now)
