"""Why a worker rejected an offer: asked for afterwards, optional, and without effect on their score."""

import datetime as dt
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.statements import rows_changed
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus


async def give_reason(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, reason: str, now: dt.datetime
) -> bool:
    """Note the reason for a rejection that has none yet; return whether it was noted."""
    statement = (
        update(JobMatch)
        .where(
            JobMatch.id == offer_id,
            JobMatch.worker_id == worker_id,
            JobMatch.status == OfferStatus.REJECTED,
            JobMatch.reject_reason.is_(None),
        )
        .values(reject_reason=reason, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    return await rows_changed(session, statement) == 1
