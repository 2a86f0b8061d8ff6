"""What every verb of a worker about their offer has in common: lock, decide, move, count, record."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, NotFound
from app.database.statements import rows_changed, transition_update
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.identity.sign_in import AccountSuspended
from app.offers import rules
from app.offers.job_lock import LockedJob, lock_jobs
from app.offers.models import JobMatch
from app.offers.rules import Action, OfferState, OfferStatus, OfferTransition


class OfferNotFound(NotFound):
    """There is no such offer for this worker."""

    code = "offer_not_found"
    detail = "There is no such offer, or it is not yours."


async def begin(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, action: Action, now: dt.datetime
) -> tuple[LockedJob, OfferTransition] | None:
    """Lock the offer's job and return the transition to take, or None if it was taken before."""
    query = select(JobMatch.job_id).where(JobMatch.id == offer_id, JobMatch.worker_id == worker_id)
    job_id = await session.scalar(query)
    if job_id is None:
        raise OfferNotFound
    job = (await lock_jobs(session, [job_id]))[job_id]
    transition = rules.decide(await state_of_offer(session, offer_id, job), action, now)
    return None if transition is None else (job, transition)


async def state_of_offer(session: AsyncSession, offer_id: UUID, job: LockedJob) -> OfferState:
    """Return what decides about an offer of a locked job."""
    columns = (JobMatch.status, JobMatch.respond_by, JobMatch.unlocked_at)
    row = (await session.execute(select(*columns).where(JobMatch.id == offer_id))).one()
    return OfferState(
        OfferStatus(row.status), row.respond_by, row.unlocked_at is not None, job.has_room
    )


async def move(
    session: AsyncSession,
    offer_id: UUID,
    transition: OfferTransition,
    now: dt.datetime,
    *,
    of_active: bool = True,
    **values: Any,
) -> bool:
    """Take the transition by compare-and-set; whether one row changed.

    The WHERE repeats the guards, so the deadline holds in the accepting statement. With `of_active`, a
    worker who was suspended a moment ago changes nothing.
    """
    rows = [JobMatch.id == offer_id]
    if of_active:
        rows.append(exists().where(User.id == JobMatch.worker_id, User.status == UserStatus.ACTIVE))
    values = {"remind_at": None, **values}
    statement = transition_update(JobMatch, transition, now, *rows, **values)
    return await rows_changed(session, statement) == 1


async def refusal_of(
    session: AsyncSession, offer_id: UUID, action: Action, job: LockedJob, now: dt.datetime
) -> Exception:
    """Return why the UPDATE changed nothing although the check before it passed."""
    try:
        rules.decide(await state_of_offer(session, offer_id, job), action, now)
    except Conflict as refusal:
        return refusal
    return AccountSuspended()


async def load_offer(session: AsyncSession, offer_id: UUID) -> JobMatch:
    """Return the offer as the database has it now."""
    query = select(JobMatch).where(JobMatch.id == offer_id)
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


def record(
    session: AsyncSession,
    worker_id: UUID,
    offer_id: UUID,
    action: Action,
    transition: OfferTransition,
    now: dt.datetime,
) -> None:
    """Write a worker's step to the log."""
    audit.record(
        session,
        f"offer.{action.value}",
        offer_id,
        Actor(worker_id, Role.WORKER, UserStatus.ACTIVE, ""),
        now,
        before={"status": transition.source.value},
        after={"status": transition.target.value},
    )
