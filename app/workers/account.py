"""What of a worker's account is the workers' own to show and to erase.

The whole, with offers and messages, is `app.privacy.personal_data`.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import changed
from app.workers.models import BlockByWorker, TimeOff, Worker, WorkerAvailability


async def erase_profile(session: AsyncSession, worker_id: UUID, now: dt.datetime) -> None:
    """Empty a worker's profile, hours, times off and blocks; the row stays, for others point at it."""
    await session.execute(
        update(Worker)
        .where(Worker.id == worker_id)
        .values(
            city=None,
            latitude=None,
            longitude=None,
            max_distance_km=1.0,
            skills=[],
            experience_years=0,
            bio="",
            bio_sealed=None,
            time_zone="UTC",
            weekly_offer_cap=None,
            quiet_start=None,
            quiet_end=None,
            verified_at=None,
            answered=0,
            missed=0,
            withdrawn=0,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    for table in (WorkerAvailability, TimeOff, BlockByWorker):
        await session.execute(delete(table).where(table.worker_id == worker_id))
    changed(session, "worker", worker_id)
