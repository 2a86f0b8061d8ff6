"""Which of two workers' accounts stays, when two names (a phone, an id) prove to be one person's.

What an account is worth, from least to most:

- *nobody's*: pending, and nobody agreed in the chat. Whoever typed the phone anywhere has made it, or who
  writes has not agreed yet.
- *agreed*: pending, because the phone was hidden from us when they agreed in the chat.
- *held*: active or suspended. Somebody proved a phone for it.

| one, the other | none or erased | nobody's           | agreed             | held           |
|----------------|----------------|--------------------|--------------------|----------------|
| none or erased | none           | nobody's           | agreed             | held           |
| nobody's       | nobody's       | the last talked to | agreed             | held           |
| agreed         | agreed         | agreed             | the last talked to | held           |
| held           | held           | held               | held               | both, an alert |

The one that stays has the phone and the id from then on, and an agreed one is active with the phone. The
other keeps no name, so that nobody signs in to it, and is forgotten in time. Where both stay nothing is
moved: whoever has the phone is taken for its account's owner, whoever has the id for that one's.
"""

import datetime as dt
from enum import IntEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.identity import codes
from app.identity.models import Consent, User, UserStatus


class Worth(IntEnum):
    """What an account is worth beside another of the same person's."""

    ERASED = 0
    NOBODYS = 1
    AGREED = 2
    HELD = 3


async def the_one(
    session: AsyncSession, channel: str, one: UUID, other: UUID, now: dt.datetime
) -> UUID | None:
    """Return which of two accounts of one person stays; the other has given way.

    Of two that are worth the same it is `one`. Returns None, and has changed nothing, where somebody
    holds each of them.
    """
    first, second = [await _worth(session, channel, each) for each in (one, other)]
    stays, goes, worth = (one, other, second) if first >= second else (other, one, first)
    if worth is Worth.ERASED or await _gives_way(session, goes, now):
        return stays
    return None


async def agreed(session: AsyncSession, channel: str, user_id: UUID) -> bool:
    """Whether somebody agreed on this channel: what was typed elsewhere about a phone is not theirs."""
    query = select(Consent.id).where(
        Consent.user_id == user_id, Consent.channel == channel, Consent.withdrawn_at.is_(None)
    )
    return await session.scalar(query.limit(1)) is not None


async def call_for_a_person(
    session: AsyncSession, user_id: UUID, other_id: UUID, now: dt.datetime
) -> None:
    """Call for an administrator: somebody has, or moved to, what names another's account.

    Which of the two is theirs, a human has to find out. It is noted once, though each of their messages
    may meet it again; and by the accounts' ids, never by a phone.
    """
    if await audit.record_once(
        session, "worker.two_accounts", user_id, now, after={"other_account": str(other_id)}
    ):
        ALERTS.labels("two_accounts").inc()
        logger().error("two_accounts_of_one_person", user_id=str(user_id))


async def _worth(session: AsyncSession, channel: str, user_id: UUID) -> Worth:
    status = await session.scalar(select(User.status).where(User.id == user_id))
    if status in {None, UserStatus.ERASED}:
        return Worth.ERASED
    if status != UserStatus.PENDING:
        return Worth.HELD
    return Worth.AGREED if await agreed(session, channel, user_id) else Worth.NOBODYS


async def _gives_way(session: AsyncSession, user_id: UUID, now: dt.datetime) -> bool:
    """Take its names from an account that nobody has proven; False where somebody has.

    Who writes from a new number before the platform tells of the move has begun a second account, and
    so has whoever typed that number anywhere. Neither may cost the person the account they have.
    """
    query = select(User).where(User.id == user_id, User.status == UserStatus.PENDING)
    nobodys = await session.scalar(query.with_for_update())
    if nobodys is None:
        return False
    if nobodys.phone_index is not None:
        # Whoever read one would sign in as the person who has the phone from now on.
        await codes.void(session, nobodys.phone_index, now)
    nobodys.phone_index = nobodys.phone_sealed = nobodys.chat_user_id = None
    nobodys.updated_at = now
    # The unique names have to be free before the other takes them.
    await session.flush()
    return True
