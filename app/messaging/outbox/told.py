"""Who was told of something, and what waits for the end of somebody's quiet hours."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import keyring
from app.database.statements import rows_changed
from app.database.wakeups import wake_loops
from app.messaging.models import ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox.enqueue import QUIET, addresses_of


async def list_told(session: AsyncSession, subject_id: UUID, kind: str) -> set[UUID]:
    """Return whom a notice of this kind about this subject was sent to, or is under way to."""
    query = select(OutboxMessage.user_id).where(
        OutboxMessage.subject_id == subject_id,
        OutboxMessage.kind == kind,
        OutboxMessage.state != OutboxState.SUPPRESSED,
    )
    return {user_id for user_id in await session.scalars(query) if user_id is not None}


async def release_quiet_of(session: AsyncSession, person: ChatPerson, now: dt.datetime) -> None:
    """Send what waits for the end of the quiet hours of who wrote in the chat, a member of a team too."""
    addresses = addresses_of(person, keyring(session))
    theirs: ColumnElement[bool] = OutboxMessage.recipient_index.in_(addresses)
    if person.user_id is not None:
        theirs = or_(theirs, OutboxMessage.user_id == person.user_id)
    await _release(session, theirs, now)


async def release_quiet(session: AsyncSession, user_id: UUID, now: dt.datetime) -> None:
    """Send what waits for the end of a user's quiet hours: they are awake."""
    await _release(session, OutboxMessage.user_id == user_id, now)


async def _release(session: AsyncSession, whose: ColumnElement[bool], now: dt.datetime) -> None:
    released = (
        update(OutboxMessage)
        .where(
            whose,
            OutboxMessage.state == OutboxState.WAITING,
            OutboxMessage.error == QUIET,
        )
        .values(due_at=now, error=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    if await rows_changed(session, released):
        wake_loops(session, "outbox")
