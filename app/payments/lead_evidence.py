"""What we know ourselves of a lead that is no good, so that nobody has to judge."""

import datetime as dt
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.models import User, UserStatus
from app.messaging.models import Channel, ChatPerson, OutboxMessage, OutboxState
from app.offers.models import JobMatch
from app.payments.models import Unlock
from app.workers.models import BlockByWorker

UNREACHABLE: Final = "131026"
"""WhatsApp's error for a number that can't receive its messages."""
UNDELIVERED_AFTER: Final = dt.timedelta(hours=24)
"""A phone that was off for a night is no dead number."""
_GONE: Final = {
    UserStatus.ERASED: "account_erased",
    UserStatus.SUSPENDED: "account_suspended",
}
_REFUSED: Final = (OutboxState.FAILED, OutboxState.DEAD)
_TAKEN: Final = (OutboxState.ACCEPTED, OutboxState.SENT)
_ARRIVED: Final = (OutboxState.DELIVERED, OutboxState.READ)


async def find(session: AsyncSession, unlock: Unlock, now: dt.datetime) -> str | None:
    """Return why the contact is no good beyond doubt, or None where somebody has to judge.

    The worker is gone (erased, suspended), has broken with this employer since the acceptance, or our own messages
    to them failed or never arrived since then; that an older one did says nothing any more.
    """
    status = await session.scalar(select(User.status).where(User.id == unlock.worker_id))
    if status in _GONE:
        return _GONE[UserStatus(status)]
    query = select(JobMatch.responded_at).where(JobMatch.id == unlock.match_id)
    accepted_at = await session.scalar(query)
    if accepted_at is None:
        return None
    if await _broke_with(session, unlock, accepted_at):
        return "worker_withdrew"
    if await _refused(session, unlock, accepted_at):
        return "unreachable"
    if await _undelivered(session, unlock, accepted_at, now):
        return "undelivered"
    return None


async def _broke_with(session: AsyncSession, unlock: Unlock, since: dt.datetime) -> bool:
    query = exists().where(
        BlockByWorker.worker_id == unlock.worker_id,
        BlockByWorker.employer_id == unlock.employer_id,
        BlockByWorker.created_at >= since,
    )
    return bool(await session.scalar(select(query)))


async def _refused(session: AsyncSession, unlock: Unlock, since: dt.datetime) -> bool:
    """Whether WhatsApp says that this number can't be reached."""
    query = exists().where(
        OutboxMessage.created_at >= since,
        OutboxMessage.user_id == unlock.worker_id,
        OutboxMessage.error_code == UNREACHABLE,
        OutboxMessage.state.in_(_REFUSED),
    )
    return bool(await session.scalar(select(query)))


async def _undelivered(
    session: AsyncSession, unlock: Unlock, since: dt.datetime, now: dt.datetime
) -> bool:
    """Whether nothing of ours arrived for a day, and the worker wrote nothing either."""
    ours = (
        OutboxMessage.user_id == unlock.worker_id,
        OutboxMessage.channel == Channel.WHATSAPP,
        OutboxMessage.created_at >= since,
    )
    taken = exists().where(
        *ours,
        OutboxMessage.state.in_(_TAKEN),
        OutboxMessage.created_at <= now - UNDELIVERED_AFTER,
    )
    arrived = exists().where(*ours, OutboxMessage.state.in_(_ARRIVED))
    wrote = exists().where(
        ChatPerson.user_id == unlock.worker_id, ChatPerson.last_inbound_at >= since
    )
    return bool(await session.scalar(select(taken & ~arrived & ~wrote)))
