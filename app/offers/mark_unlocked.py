"""Mark a match as unlocked. `app.payments` decides that it was paid."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from app.core.errors import DomainError, NotFound
from app.database.statements import is_postgresql, table
from app.database.types import UtcDateTime
from app.employers.phones import Caller, find_callers
from app.identity.models import User, UserStatus
from app.jobs.models import Job, JobStatus
from app.jobs.rules import JobAction
from app.messaging.outbox.enqueue import notify_many
from app.messaging.outbox.notice import Notice
from app.offers import rules
from app.offers.closing import close_job
from app.offers.job_lock import LockedJob, lock_jobs
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
    query = select(JobMatch.id).where(JobMatch.id.in_(match_ids), *for_sale())
    return set(await session.scalars(query))


_MATCH, _USER, _JOB = table(JobMatch).c, table(User).c, table(Job).c


def for_sale() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a match that can be bought; see `list_for_sale`."""
    return (
        _MATCH.status == OfferStatus.ACCEPTED,
        exists().where(_USER.id == _MATCH.worker_id, _USER.status == UserStatus.ACTIVE),
        exists().where(_JOB.id == _MATCH.job_id, _JOB.status != JobStatus.CANCELLED),
    )


@dataclass(frozen=True, slots=True)
class SoldLead:
    """A lead whose contact is bought from now on, and what its worker is to hear of it."""

    match_id: UUID
    worker_id: UUID
    job: LockedJob
    notice: Notice


async def mark_unlocked(session: AsyncSession, match_id: UUID, now: dt.datetime) -> SoldLead:
    """Note that the employer bought the contact of this match, and send the worker a message; see `sell`."""
    job_id = await session.scalar(select(JobMatch.job_id).where(JobMatch.id == match_id))
    if job_id is None:
        raise MatchNotFound
    job = (await lock_jobs(session, [job_id]))[job_id]
    caller = (await find_callers(session, [job.employer_id])).get(job.employer_id)
    sold = await sell(session, match_id, job, caller, now)
    await notify_many(session, [sold.notice], now)
    return sold


_AT: Final = bindparam("at", type_=UtcDateTime())
_UNLOCKS: Final = rules.TABLE.only(Action.UNLOCK)
_SELL: Final = (
    update(table(JobMatch))
    .where(
        _MATCH.id == bindparam("match_id", type_=Uuid()),
        *_UNLOCKS.conditions(_MATCH, _AT),
        *for_sale(),
    )
    .values(status=_UNLOCKS.target.value, unlocked_at=_AT, updated_at=_AT)
    .returning(_MATCH.worker_id)
)
_COUNT: Final = (
    update(table(Job))
    .where(_JOB.id == bindparam("of_job", type_=Uuid()))
    .values(unlocked=_JOB.unlocked + 1)
    .returning(_JOB.unlocked, _JOB.status)
)


class _Sold(NamedTuple):
    worker_id: UUID
    unlocked: int
    """How many contacts of the job are bought, with this one."""
    status: str
    """The job's."""


@cache
def _sell_and_count() -> ReturningUpdate[Any]:
    """Return `_SELL` and `_COUNT` as one statement, for PostgreSQL: the job counts what was sold."""
    sold = _SELL.cte("sold")
    worker_id = select(sold.c.worker_id).scalar_subquery()
    return (
        update(table(Job))
        .where(_JOB.id == bindparam("of_job", type_=Uuid()), worker_id.is_not(None))
        .values(unlocked=_JOB.unlocked + 1)
        .returning(worker_id.label("worker_id"), _JOB.unlocked, _JOB.status)
    )


async def _take(
    session: AsyncSession, match_id: UUID, job_id: UUID, now: dt.datetime
) -> _Sold | None:
    """Unlock the match if it is for sale, and count it at its job."""
    asked = {"match_id": match_id, "at": now}
    if is_postgresql(session):
        statement = _sell_and_count()
        row = (await session.execute(statement, asked | {"of_job": job_id})).one_or_none()
        return None if row is None else _Sold(*row)
    worker_id = (await session.execute(_SELL, asked)).scalar_one_or_none()
    if worker_id is None:
        return None
    return _Sold(worker_id, *(await session.execute(_COUNT, {"of_job": job_id})).one())


async def sell(
    session: AsyncSession, match_id: UUID, job: LockedJob, caller: Caller | None, now: dt.datetime
) -> SoldLead:
    """Note that the employer bought the contact of this match; the caller of this sends the worker the notice.

    The acceptance can't be taken back from now on. With as many contacts as positions the job is filled, and its open
    offers close. `job` is the match's, locked by this transaction; `caller` says who will call. Who calls this writes
    the audit row, together with the payment's side. Raises `MatchNotAccepted` (also for a worker who is suspended or
    erased, and for a cancelled job) or `AlreadyUnlocked`, and has then changed nothing.
    """
    sold = await _take(session, match_id, job.id, now)
    if sold is None:
        raise await _why_not(session, match_id, job, now)
    calls, to = None if caller is None else caller.as_param(), sold.worker_id
    notice = job.worker_notice(to, "contact_unlocked", match_id, urgent=True, caller=calls)
    if sold.unlocked >= job.positions and sold.status == JobStatus.PUBLISHED:
        await close_job(session, job.id, JobAction.FILL, None, now)
    return SoldLead(match_id, to, job, notice)


async def _why_not(
    session: AsyncSession, match_id: UUID, job: LockedJob, now: dt.datetime
) -> DomainError:
    """Return why this match can't be unlocked."""
    query = select(JobMatch.status, JobMatch.respond_by, JobMatch.unlocked_at)
    match = (await session.execute(query.where(JobMatch.id == match_id))).one()
    state = OfferState(
        OfferStatus(match.status), match.respond_by, match.unlocked_at is not None, job.has_room
    )
    try:
        rules.decide(state, Action.UNLOCK, now)
    except DomainError as refusal:
        return refusal
    return MatchNotAccepted()
