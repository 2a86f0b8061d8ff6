"""Quiet hours of workers, and who is awake all the same."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.models import ChatPerson
from app.messaging.outbox.told import release_quiet
from app.messaging.quiet_hours import QuietPeriod
from app.workers.models import Worker

_QUIET: Final = select(
    Worker.id,
    Worker.quiet_start,
    Worker.quiet_end,
    Worker.time_zone,
    Worker.signed_in_at,
    Worker.created_at,
    select(func.max(ChatPerson.last_inbound_at))
    .where(ChatPerson.user_id == Worker.id)
    .scalar_subquery()
    .label("wrote_at"),
).where(
    Worker.id.in_(bindparam("ids", expanding=True)),
    Worker.quiet_start.is_not(None),
    Worker.quiet_end.is_not(None),
)


async def find_quiet_hours(
    session: AsyncSession, ids: Collection[UUID]
) -> Mapping[UUID, QuietPeriod]:
    """Return the quiet hours of those among `ids` who are workers with quiet hours.

    Registering, writing, tapping and signing in are signs of life (`QuietPeriod.active_at`).
    """
    if not ids:
        return {}
    return {
        row.id: QuietPeriod(
            row.quiet_start,
            row.quiet_end,
            row.time_zone,
            max(at for at in (row.created_at, row.signed_in_at, row.wrote_at) if at is not None),
        )
        for row in await session.execute(_QUIET, {"ids": list(ids)})
    }


async def note_sign_in(session: AsyncSession, worker_id: UUID, now: dt.datetime) -> None:
    """Note that a worker signed in: they are awake, and nothing waits for the end of their quiet hours."""
    await session.execute(
        update(Worker)
        .where(Worker.id == worker_id)
        .values(signed_in_at=now)
        .execution_options(synchronize_session=False)
    )
    await release_quiet(session, worker_id, now)
