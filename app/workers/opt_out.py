"""STOP and START: whether a person wants messages, and the worker they are offers.

`app.messaging.outbox.claim` sends nothing to who has stopped but what is essential to them; `app.matching.index`
takes the worker out of matching.
"""

import datetime as dt

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import changed
from app.messaging.models import ChatPerson
from app.workers.models import Worker


async def stop(session: AsyncSession, person: ChatPerson, *, now: dt.datetime) -> None:
    """Send this person nothing more, and make their worker no offers (STOP)."""
    await _set_stopped_at(session, person, now, now)


async def start(session: AsyncSession, person: ChatPerson, *, now: dt.datetime) -> None:
    """Undo `stop` (START)."""
    await _set_stopped_at(session, person, None, now)


async def _set_stopped_at(
    session: AsyncSession, person: ChatPerson, stopped_at: dt.datetime | None, now: dt.datetime
) -> None:
    person.stopped_at = stopped_at
    if person.user_id is None:
        return
    await session.execute(
        update(Worker)
        .where(Worker.id == person.user_id)
        .values(stopped_at=stopped_at, updated_at=now)
    )
    changed(session, "worker", person.user_id)
