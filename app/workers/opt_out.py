"""STOP and START: whether a person wants messages, and the worker they are offers.

`app.messaging.outbox.claim` sends nothing to who has stopped but what is essential to them; `app.matching.index`
takes the worker out of matching.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import select, update
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


async def inherit_stop(
    session: AsyncSession, gone_id: UUID, kept_id: UUID, *, now: dt.datetime
) -> bool:
    """Let the STOP of a worker's account that goes hold for the one that stays; return whether there was one.

    The caller has locked both workers.
    """
    stopped_at = await session.scalar(select(Worker.stopped_at).where(Worker.id == gone_id))
    if stopped_at is None:
        return False
    for table, own in ((Worker, Worker.id == kept_id), (ChatPerson, ChatPerson.user_id == kept_id)):
        await session.execute(
            update(table)
            .where(own, table.stopped_at.is_(None))
            .values(stopped_at=stopped_at, updated_at=now)
            .execution_options(synchronize_session=False)
        )
    changed(session, "worker", kept_id)
    return True
