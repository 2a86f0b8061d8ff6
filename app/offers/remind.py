"""One reminder of an unanswered offer, while there is still time to answer."""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work
from app.database.due import Due
from app.database.statements import is_one_of, table
from app.messaging.outbox.enqueue import notify_many
from app.offers.models import JobMatch
from app.offers.offer_message import Offered, job_params, offer_notice, zones_of
from app.offers.rules import OfferStatus

REMINDERS_DUE: Final = Due(
    is_one_of(table(JobMatch).c.status, [OfferStatus.OFFERED]),
    JobMatch.remind_at <= bindparam("now"),
    JobMatch.respond_by > bindparam("now"),
)
REMINDERS: Final = Work(Kind.REMINDER, "remind", JobMatch.id, JobMatch.remind_at, REMINDERS_DUE)
_TO_REMIND: Final = (
    select(JobMatch.id)
    .where(*REMINDERS_DUE.conditions)
    .order_by(JobMatch.remind_at)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
_REMIND: Final = (
    update(JobMatch)
    .where(JobMatch.id.in_(bindparam("ids", expanding=True)), *REMINDERS_DUE.conditions)
    .values(remind_at=None, reminded_at=bindparam("now"), updated_at=bindparam("now"))
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


async def remind_due(
    session: AsyncSession, now: dt.datetime, limit: int, only: Sequence[UUID] | None = None
) -> int:
    """Remind the workers of up to `limit` offers, of these or of all that are due; return how many.

    An offer that expired before its reminder could be sent is not reminded of any more.
    """
    # Skips locked rows and waits for nothing, so locking offers before jobs is safe here.
    query = _TO_REMIND if only is None else _TO_REMIND.where(JobMatch.id.in_(only))
    ids = (await session.scalars(query, {"now": now, "limit": limit})).all()
    if not ids:
        return 0
    reminded = await session.execute(_REMIND, {"ids": ids, "now": now})
    offers = [Offered(*row) for row in reminded]
    params = await job_params(session, {offer.job_id for offer in offers})
    zones = await zones_of(session, {offer.worker_id for offer in offers})
    notices = [
        offer_notice("offer_reminder", offer, params[offer.job_id], zones.get(offer.worker_id))
        for offer in offers
    ]
    await notify_many(session, notices, now)
    return len(offers)
