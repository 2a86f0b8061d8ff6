"""A worker answers an offer, or takes an acceptance back."""

import datetime as dt
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import keyring
from app.database.wakeups import wake_loops
from app.jobs.models import Job, JobStatus
from app.messaging.outbox.enqueue import notify_many, suppress
from app.messaging.outbox.told import list_told
from app.offers import reliability, rules
from app.offers.closing import close_between, close_open
from app.offers.job_lock import LockedJob, lock_jobs, request_wave
from app.offers.lead_facts import accepted_params
from app.offers.links import payment_link
from app.offers.models import JobMatch
from app.offers.offer_message import job_params, zones_of
from app.offers.rules import (
    Action,
    CloseReason,
    OfferAnswer,
    OfferStatus,
    OfferTransition,
)
from app.offers.steps import (
    begin,
    load_offer,
    move,
    record,
    refusal_of,
    state_of_offer,
)
from app.offers.worker_names import shown_name_of
from app.workers.rules import TAKE_BACK_WITHIN

_DETAILS_OF_AGREEMENT = ("starts_on", "ends_on", "slots", "city", "time_zone", "closes_at")
"""What a worker who accepted is told once more."""
UNSENT_WHEN_ANSWERED = ("job_offer", "offer_reminder", "offer_open_again")
"""Messages that make no sense any more once the offer is answered."""


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
    begun = await begin(session, worker_id, offer_id, action, now)
    if begun is None:
        return await load_offer(session, offer_id)
    job, transition = begun
    taken = await move(
        session,
        offer_id,
        transition,
        now,
        responded_at=now,
        counts_since=now,
        reject_reason=reason if action is Action.REJECT else None,
    )
    if not taken:
        raise await refusal_of(session, offer_id, action, job, now)
    await reliability.add_answer(session, worker_id)
    await suppress(session, [offer_id], now, UNSENT_WHEN_ANSWERED)
    if action is Action.ACCEPT:
        await _accepted(session, job, offer_id, worker_id, now, base_url)
    else:
        # A worker who gave a reason is not asked for one.
        kind = "offer_rejected" if reason is None else "offer_rejected_noted"
        await notify_many(session, [job.worker_notice(worker_id, kind, offer_id, at=now)], now)
        await request_wave(session, [job.id], now)
    record(session, worker_id, offer_id, action, transition, now)
    return await load_offer(session, offer_id)


async def withdraw(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, now: dt.datetime
) -> JobMatch:
    """Withdraw an acceptance while no employer has bought the contact; repeating it changes nothing.

    The place is open again and the next wave may fill it; the worker can't accept this job again. Within five
    minutes of the answer (`TAKE_BACK_WITHIN`), and from a job that is over anyway, it counts for nothing.
    Raises `OfferNotFound`, `NotAccepted` or `AlreadyUnlocked`, and has then changed nothing.
    """
    begun = await begin(session, worker_id, offer_id, Action.WITHDRAW, now)
    if begun is None:
        return await load_offer(session, offer_id)
    job, transition = begun
    if not await _take_back(session, job, offer_id, transition, now):
        raise await refusal_of(session, offer_id, Action.WITHDRAW, job, now)
    await _withdrawn(session, job, offer_id, worker_id, now)
    record(session, worker_id, offer_id, Action.WITHDRAW, transition, now)
    return await load_offer(session, offer_id)


async def promote(
    session: AsyncSession, job: LockedJob, worker_id: UUID, offer_id: UUID, now: dt.datetime
) -> None:
    """Give a free place of a locked job to somebody who stood by; they are told, and so is the employer.

    They may take it back at any time until the contact is bought, and it counts for nothing. Raises what the transition
    refuses.
    """
    state = await state_of_offer(session, offer_id, job)
    transition = rules.decide(state, Action.PROMOTE, now)
    if transition is None or not await move(session, offer_id, transition, now, responded_at=now):
        raise await refusal_of(session, offer_id, Action.PROMOTE, job, now)
    await reliability.count(session, [offer_id], now)
    await _accepted(session, job, offer_id, worker_id, now, "", kind="standby_promoted")
    record(session, worker_id, offer_id, Action.PROMOTE, transition, now)


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
        transition = rules.decide(
            await state_of_offer(session, offer.id, job), Action.WITHDRAW, now
        )
        if transition is not None and await _take_back(
            session, job, offer.id, transition, now, of_active=False
        ):
            await _withdrawn(session, job, offer.id, worker_id, now)
            record(session, worker_id, offer.id, Action.WITHDRAW, transition, now)
            count += 1
    return count


async def _take_back(
    session: AsyncSession,
    job: LockedJob,
    offer_id: UUID,
    transition: OfferTransition,
    now: dt.datetime,
    *,
    of_active: bool = True,
) -> bool:
    """Move an acceptance to withdrawn, and count it where somebody had reason to rely on it."""
    # Who was given a place that they waited for (`standby_at`) may have other plans by now.
    columns = (JobMatch.responded_at, JobMatch.standby_at, Job.closes_at)
    query = select(*columns).join(Job, Job.id == JobMatch.job_id).where(JobMatch.id == offer_id)
    row = (await session.execute(query)).one()
    in_time = row.responded_at is not None and now - row.responded_at <= TAKE_BACK_WITHIN
    await reliability.uncount(session, [offer_id])
    if not await move(session, offer_id, transition, now, of_active=of_active):
        return False
    # It is over at its end, also where no process has noted that yet.
    is_open = job.status is JobStatus.PUBLISHED and (row.closes_at is None or row.closes_at > now)
    if is_open and not in_time and row.standby_at is None:
        await reliability.count(session, [offer_id], now)
    return True


async def _withdrawn(
    session: AsyncSession, job: LockedJob, offer_id: UUID, worker_id: UUID, now: dt.datetime
) -> None:
    await session.execute(
        update(Job)
        .where(Job.id == job.id)
        .values(accepted=Job.accepted - 1)
        .execution_options(synchronize_session=False)
    )
    await request_wave(session, [job.id], now)
    wake_loops(session, "standby")
    notices = [job.worker_notice(worker_id, "offer_withdrawn", offer_id)]
    unsent = await suppress(session, [offer_id], now, ("lead_accepted",))
    # Of a team some may have heard of the acceptance, and others not yet: those never do.
    heard = await list_told(session, offer_id, "lead_accepted") if unsent else None
    if heard is None or heard:
        name = await shown_name_of(session, worker_id)
        about = {"display_name": name}
        notices.append(job.employer_notice("lead_withdrawn", offer_id, about, only=heard))
    await notify_many(session, notices, now)


async def _accepted(
    session: AsyncSession,
    job: LockedJob,
    offer_id: UUID,
    worker_id: UUID,
    now: dt.datetime,
    base_url: str,
    *,
    kind: str = "offer_accepted",
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
    keys = keyring(session)
    lead["url"] = payment_link(keys, base_url, offer_id)
    details = (await job_params(session, [job.id]))[job.id]
    zones = await zones_of(session, [worker_id])
    about = {
        **{name: details[name] for name in _DETAILS_OF_AGREEMENT},
        "reader_zone": zones.get(worker_id),
    }
    notices = [
        job.worker_notice(worker_id, kind, offer_id, **about),
        job.employer_notice(
            "lead_accepted",
            offer_id,
            lead,
            link_of=lambda member_id: payment_link(keys, base_url, offer_id, member_id),
        ),
    ]
    await notify_many(session, notices, now)
    if accepted >= job.accept_limit:
        await close_open(session, job, CloseReason.FULL, None, now)
