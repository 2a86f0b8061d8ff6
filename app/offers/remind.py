"""One reminder of an unanswered offer, while there is still time to answer."""

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import claim_limit
from app.messaging.outbox import notify_many
from app.offers.models import JobMatch
from app.offers.notices import Offered, offer_notice, said_of_jobs, zones_of
from app.offers.rules import OfferStatus


async def remind_due(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Remind the workers of up to `limit` offers whose reminder is due; return how many.

    An offer that expired before its reminder could be sent is not reminded of any more.
    """
    due = (
        JobMatch.status == OfferStatus.OFFERED,
        JobMatch.remind_at <= now,
        JobMatch.respond_by > now,
    )
    query = select(JobMatch.id).where(*due).order_by(JobMatch.remind_at).limit(limit)
    # Skips what another transaction holds, and waits for nothing: offers before jobs is safe here.
    ids = (await session.scalars(claim_limit(session, query))).all()
    if not ids:
        return 0
    statement = (
        update(JobMatch)
        .where(JobMatch.id.in_(ids), *due)
        .values(remind_at=None, reminded_at=now, updated_at=now)
        .returning(
            JobMatch.id,
            JobMatch.worker_id,
            JobMatch.job_id,
            JobMatch.distance_km,
            JobMatch.why,
            JobMatch.respond_by,
        )
        .execution_options(synchronize_session=False)
    )
    offers = [Offered(*row) for row in await session.execute(statement)]
    said = await said_of_jobs(session, {offer.job_id for offer in offers})
    zones = await zones_of(session, {offer.worker_id for offer in offers})
    notices = [
        offer_notice("offer_reminder", offer, said[offer.job_id], zones.get(offer.worker_id))
        for offer in offers
    ]
    await notify_many(session, notices, now)
    return len(offers)
