"""Count a job's offers by status, for its employer."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.offers.effective_status import effective_status
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus


async def counts_of(
    session: AsyncSession, job_ids: Collection[UUID], now: dt.datetime
) -> Mapping[UUID, Mapping[OfferStatus, int]]:
    """Return each job's number of offers by effective status, in one query."""
    status = effective_status(now).label("status")
    query = (
        select(JobMatch.job_id, status, func.count())
        .where(JobMatch.job_id.in_(job_ids))
        .group_by(JobMatch.job_id, status)
    )
    found: defaultdict[UUID, dict[OfferStatus, int]] = defaultdict(dict)
    for job_id, current, count in await session.execute(query):
        found[job_id][OfferStatus(current)] = count
    return found
