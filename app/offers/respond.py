"""A worker answers an offer, or takes an acceptance back."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, NotFound
from app.database.session import keyring
from app.database.statements import rows_changed, transition_update
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.identity.sign_in import AccountSuspended
from app.jobs.models import Job, JobStatus
from app.messaging.outbox.enqueue import notify_many, suppress
from app.offers import rules
from app.offers.closing import close_between, close_open
from app.offers.job_lock import LockedJob, lock_jobs, request_wave
from app.offers.lead_facts import accepted_params
from app.offers.links import payment_link
from app.offers.models import JobMatch
from app.offers.rules import (
    Action,
    CloseReason,
    OfferAnswer,
    OfferState,
    OfferStatus,
    OfferTransition,
)
from app.offers.worker_names import shown_name_of
from app.workers.models import Worker

UNSENT_WHEN_ANSWERED = ("job_offer", "offer_reminder")
"""Messages that make no sense any more once the offer is answered."""


class OfferNotFound(NotFound):
    """There is no such offer for this worker."""

    code = "offer_not_found"
    detail = "There is no such offer, or it is not yours."


async def respond(
    session: AsyncSession,
    worker_id: UUID,
    offer_id: UUID,
    answer: OfferAnswer,
    reason: str | None,
    now: dt.datetime,
    *,
    base_url: str = "",
) -> JobMatch:
    """Accept or reject an offer; the same answer again changes nothing.

    `reason` is kept with a rejection. `base_url` is the address of the employer's pages, for the payment
    link in the message about a new lead. Raises `OfferNotFound`, `AlreadyResponded`, `OfferExpired`,
    `OfferClosed` or `AccountSuspended`, and has then changed nothing.
    """
    action = Action(answer)
    begun = await _begin(session, worker_id, offer_id, action, now)
    if begun is None:
        return await _offer(session, offer_id)
    job, transition = begun
    taken = await _move(
        session,
        offer_id,
        transition,
        now,
        responded_at=now,
        reject_reason=reason if action is Action.REJECT else None,
    )
    if not taken:
        raise await _refusal(session, offer_id, action, job, now)
    await _count(session, worker_id, answered=1)
    await suppress(session, [offer_id], now, UNSENT_WHEN_ANSWERED)
    if action is Action.ACCEPT:
        await _accepted(session, job, offer_id, worker_id, now, base_url)
    else:
        # A worker who gave a reason is not asked for one.
        kind = "offer_rejected" if reason is None else "offer_rejected_noted"
        await notify_many(session, [job.worker_notice(worker_id, kind, offer_id)], now)
        await request_wave(session, [job.id], now)
    _record(session, worker_id, offer_id, action, transition, now)
    return await _offer(session, offer_id)


async def withdraw(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, now: dt.datetime
) -> JobMatch:
    """Withdraw an acceptance while no employer has bought the contact; repeating it changes nothing.

    The place is open again and the next wave may fill it; the worker can't accept this job again.
    Raises `OfferNotFound`, `NotAccepted` or `AlreadyUnlocked`, and has then changed nothing.
    """
    begun = await _begin(session, worker_id, offer_id, Action.WITHDRAW, now)
    if begun is None:
        return await _offer(session, offer_id)
    job, transition = begun
    if not await _move(session, offer_id, transition, now):
        raise await _refusal(session, offer_id, Action.WITHDRAW, job, now)
    await _withdrawn(session, job, offer_id, worker_id, now)
    _record(session, worker_id, offer_id, Action.WITHDRAW, transition, now)
    return await _offer(session, offer_id)


async def break_with(
    session: AsyncSession, worker_id: UUID, employer_id: UUID, now: dt.datetime
) -> None:
    """End what is open between a worker and an employer whom they block: offers, and acceptances.

    The contact can no longer be sold to this employer; what was unlocked stays unlocked. Call it before the
    worker's row changes, as for `withdraw_all`.
    """
    await close_between(session, worker_id, employer_id, now)
    await withdraw_all(session, worker_id, now, employer_id)


async def withdraw_all(
    session: AsyncSession, worker_id: UUID, now: dt.datetime, employer_id: UUID | None = None
) -> int:
    """Withdraw a worker's acceptances that nobody unlocked, all or one employer's; return how many.

    Call it while the name is still there, and before the worker's row changes: that row is locked after
    jobs and offers.
    """
    acceptances = [
        JobMatch.worker_id == worker_id,
        JobMatch.status == OfferStatus.ACCEPTED,
        JobMatch.unlocked_at.is_(None),
    ]
    if employer_id is not None:
        acceptances.append(JobMatch.employer_id == employer_id)
    # All the jobs at once and in order; one after the other could wait in a circle.
    jobs = await lock_jobs(
        session, (await session.scalars(select(JobMatch.job_id).where(*acceptances))).all()
    )
    offers = select(JobMatch.id, JobMatch.job_id).where(
        *acceptances, JobMatch.job_id.in_(list(jobs))
    )
    count = 0
    for offer in (await session.execute(offers)).all():
        job = jobs[offer.job_id]
        transition = rules.decide(await _state(session, offer.id, job), Action.WITHDRAW, now)
        if transition is not None and await _move(
            session, offer.id, transition, now, of_active=False
        ):
            await _withdrawn(session, job, offer.id, worker_id, now)
            _record(session, worker_id, offer.id, Action.WITHDRAW, transition, now)
            count += 1
    return count


async def _withdrawn(
    session: AsyncSession, job: LockedJob, offer_id: UUID, worker_id: UUID, now: dt.datetime
) -> None:
    await session.execute(
        update(Job)
        .where(Job.id == job.id)
        .values(accepted=Job.accepted - 1)
        .execution_options(synchronize_session=False)
    )
    await _count(session, worker_id, withdrawn=1)
    await request_wave(session, [job.id], now)
    notices = [job.worker_notice(worker_id, "offer_withdrawn", offer_id)]
    unsent = await suppress(session, [offer_id], now, ("lead_accepted",))
    if not unsent:
        name = await shown_name_of(session, worker_id)
        notices.append(job.employer_notice("lead_withdrawn", offer_id, {"display_name": name}))
    await notify_many(session, notices, now)


async def _begin(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, action: Action, now: dt.datetime
) -> tuple[LockedJob, OfferTransition] | None:
    """Lock the offer's job and return the transition to take, or None if it was taken before."""
    query = select(JobMatch.job_id).where(JobMatch.id == offer_id, JobMatch.worker_id == worker_id)
    job_id = await session.scalar(query)
    if job_id is None:
        raise OfferNotFound
    job = (await lock_jobs(session, [job_id]))[job_id]
    transition = rules.decide(await _state(session, offer_id, job), action, now)
    return None if transition is None else (job, transition)


async def _state(session: AsyncSession, offer_id: UUID, job: LockedJob) -> OfferState:
    columns = (JobMatch.status, JobMatch.respond_by, JobMatch.unlocked_at)
    row = (await session.execute(select(*columns).where(JobMatch.id == offer_id))).one()
    return OfferState(
        OfferStatus(row.status), row.respond_by, row.unlocked_at is not None, job.has_room
    )


async def _move(
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
    statement = transition_update(JobMatch, transition, now, *rows, remind_at=None, **values)
    return await rows_changed(session, statement) == 1


async def _refusal(
    session: AsyncSession, offer_id: UUID, action: Action, job: LockedJob, now: dt.datetime
) -> Exception:
    """Return why the UPDATE changed nothing although the check before it passed."""
    try:
        rules.decide(await _state(session, offer_id, job), action, now)
    except Conflict as refusal:
        return refusal
    return AccountSuspended()


async def _accepted(
    session: AsyncSession,
    job: LockedJob,
    offer_id: UUID,
    worker_id: UUID,
    now: dt.datetime,
    base_url: str,
) -> None:
    query = (
        update(Job)
        .where(
            Job.id == job.id,
            Job.status == JobStatus.PUBLISHED,
            Job.accepted < Job.accept_limit,  # keeps the last place from going twice
        )
        .values(accepted=Job.accepted + 1)
        .returning(Job.accepted)
        .execution_options(synchronize_session=False)
    )
    accepted = (await session.execute(query)).scalar_one()
    lead = await accepted_params(session, offer_id, accepted)
    lead["url"] = payment_link(keyring(session), base_url, offer_id)
    notices = [
        job.worker_notice(worker_id, "offer_accepted", offer_id),
        job.employer_notice("lead_accepted", offer_id, lead),
    ]
    await notify_many(session, notices, now)
    if accepted >= job.accept_limit:
        await close_open(session, job, CloseReason.FULL, None, now)


async def _count(session: AsyncSession, worker_id: UUID, **counts: int) -> None:
    await session.execute(
        update(Worker)
        .where(Worker.id == worker_id)
        .values({name: getattr(Worker, name) + count for name, count in counts.items()})
        .execution_options(synchronize_session=False)
    )


async def _offer(session: AsyncSession, offer_id: UUID) -> JobMatch:
    query = select(JobMatch).where(JobMatch.id == offer_id)
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


def _record(
    session: AsyncSession,
    worker_id: UUID,
    offer_id: UUID,
    action: Action,
    transition: OfferTransition,
    now: dt.datetime,
) -> None:
    audit.record(
        session,
        f"offer.{action.value}",
        offer_id,
        Actor(worker_id, Role.WORKER, UserStatus.ACTIVE, ""),
        now,
        before={"status": transition.source.value},
        after={"status": transition.target.value},
    )
