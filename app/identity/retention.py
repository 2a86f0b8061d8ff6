"""What identity forgets by itself: sessions that expired, codes long spent, tries long ago."""

import datetime as dt
from typing import Final

from sqlalchemy import bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.due import Due
from app.identity import codes, sessions, sign_in_throttle
from app.identity.models import OneTimeCode, Session, SignInTries

DUE: Final = (
    Due(Session.expires_at <= bindparam("now")),
    Due(OneTimeCode.expires_at < bindparam("now"), delay=codes.KEPT),
    Due(
        SignInTries.updated_at < bindparam("now"),
        SignInTries.good_at.is_(None),
        delay=sign_in_throttle.FORGOTTEN_AFTER,
    ),
    Due(SignInTries.updated_at < bindparam("now"), delay=sign_in_throttle.KNOWN_FOR),
)


async def forget_old(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete at most `limit` of each; return how many of the more plentiful kind were deleted."""
    expired = await sessions.purge_expired(session, now, limit)
    tried = await sign_in_throttle.purge(session, now, limit)
    return max(expired, tried, await codes.purge(session, now, limit))
