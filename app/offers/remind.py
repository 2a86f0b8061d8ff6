"""One reminder of an unanswered offer, while there is still time to answer."""

import datetime as dt
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, Integer, bindparam, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.outbox import notify_many
from app.offers.models import JobMatch
from app.offers.notices import Offered, offer_notice, said_of_jobs, zones_of
from app.offers.rules import OfferStatus
from app.prepared import Check, Claim
from app.sql import is_one_of, table


def _is_due(
    now: dt.datetime | BindParameter[dt.datetime],
) -> tuple[ColumnElement[bool], ...]:
    return (
        is_one_of(table(JobMatch).c.status, [OfferStatus.OFFERED]),
        JobMatch.remind_at <= now,
        JobMatch.respond_by > now,
    )


REMINDERS_DUE: Final = Check(exists().where(*_is_due(bindparam("now"))))
_TO_REMIND: Final = Claim(
    select(JobMatch.id)
    .where(*_is_due(bindparam("now")))
    .order_by(JobMatch.remind_at)
    .limit(bindparam("limit", type_=Integer))
)


async def remind_due(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Remind the workers of up to `limit` offers whose reminder is due; return how many.

    An offer that expired before its reminder could be sent is not reminded of any more.
    """
    # Skips what another transaction holds, and waits for nothing: offers before jobs is safe here.
    values = {"now": now, "limit": limit}
    ids = (await session.scalars(_TO_REMIND.on(session), values)).all()
    if not ids:
        return 0
    statement = (
        update(JobMatch)
        .where(JobMatch.id.in_(ids), *_is_due(now))
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
