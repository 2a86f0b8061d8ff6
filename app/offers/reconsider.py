"""A worker takes a rejection back: the offer is open again, for as long as it still stands."""

import datetime as dt
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers.models import BlockByEmployer
from app.identity.models import User, UserStatus
from app.messaging.outbox.enqueue import notify_many, suppress
from app.offers import reliability, rules
from app.offers.models import JobMatch
from app.offers.offer_message import Offered, job_params, offer_notice, zones_of
from app.offers.rules import Action, OfferClosed
from app.offers.steps import begin, load_offer, move, record, refusal_of
from app.workers.models import BlockByWorker

_OFFERS_NOTHING = (UserStatus.SUSPENDED, UserStatus.ERASED)
"""Employers with these statuses have no open offers."""
_UNSENT_WHEN_OPEN = ("offer_rejected", "offer_rejected_noted")


async def reconsider(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, now: dt.datetime
) -> JobMatch:
    """Open a rejected offer again while it stands: in time, its job published and not full.

    The deadline stays what it was, and nothing is accepted by it. What the rejection did is undone: its
    reason goes, and it counts no more as an answer, so the offer can still be answered or missed. An offer
    that is open already stays as it is. Raises `OfferNotFound`, `NotRejected`, `OfferExpired`, `OfferClosed`
    (also where one side blocked the other meanwhile) or `AccountSuspended`, and has then changed nothing.
    """
    begun = await begin(session, worker_id, offer_id, Action.RECONSIDER, now)
    if begun is None:
        return await load_offer(session, offer_id)
    job, transition = begun
    if not await may_be_asked(session, offer_id):
        raise OfferClosed
    offer = await load_offer(session, offer_id)
    remind_at = rules.remind_at(offer.offered_at, offer.respond_by)
    await reliability.uncount(session, [offer_id])
    due = remind_at is not None and remind_at > now and offer.reminded_at is None
    if not await move(
        session,
        offer_id,
        transition,
        now,
        responded_at=None,
        reject_reason=None,
        remind_at=remind_at if due else None,
    ):
        raise await refusal_of(session, offer_id, Action.RECONSIDER, job, now)
    await suppress(session, [offer_id], now, _UNSENT_WHEN_OPEN)
    await _tell(session, offer, now)
    record(session, worker_id, offer_id, Action.RECONSIDER, transition, now)
    return await load_offer(session, offer_id)


async def may_be_asked(session: AsyncSession, offer_id: UUID) -> bool:
    """Whether the employer may still offer this worker anything; the caller has locked the job.

    Blocks and suspensions lock it too, so that none comes in between.
    """
    barred = or_(
        exists().where(User.id == JobMatch.employer_id, User.status.in_(_OFFERS_NOTHING)),
        exists().where(
            BlockByWorker.worker_id == JobMatch.worker_id,
            BlockByWorker.employer_id == JobMatch.employer_id,
        ),
        exists().where(
            BlockByEmployer.worker_id == JobMatch.worker_id,
            BlockByEmployer.employer_id == JobMatch.employer_id,
        ),
    )
    return (
        await session.scalar(select(JobMatch.id).where(JobMatch.id == offer_id, ~barred))
        is not None
    )


async def _tell(session: AsyncSession, offer: JobMatch, now: dt.datetime) -> None:
    """Send the offer once more, with its buttons."""
    params = (await job_params(session, [offer.job_id]))[offer.job_id]
    zones = await zones_of(session, [offer.worker_id])
    about = Offered(
        offer.id, offer.worker_id, offer.job_id, offer.distance_km, offer.why, offer.respond_by
    )
    notice = offer_notice("offer_open_again", about, params, zones.get(offer.worker_id), at=now)
    await notify_many(session, [notice], now)
