"""When workers want no messages."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.rules import QuietPeriod
from app.workers.models import Worker


async def find_quiet_hours(
    session: AsyncSession, ids: Collection[UUID]
) -> Mapping[UUID, QuietPeriod]:
    """Return the quiet hours of those among `ids` who are workers and keep any."""
    query = select(Worker.id, Worker.quiet_start, Worker.quiet_end, Worker.time_zone).where(
        Worker.id.in_(list(ids)), Worker.quiet_start.is_not(None), Worker.quiet_end.is_not(None)
    )
    return {
        row.id: QuietPeriod(row.quiet_start, row.quiet_end, row.time_zone)
        for row in await session.execute(query)
        if row.quiet_start is not None and row.quiet_end is not None
    }
