"""What identity forgets by itself: sessions that expired, codes long spent, tries long ago."""

import datetime as dt
from typing import Final

from sqlalchemy import bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.due import Due
from app.identity import codes, growing_waits, sessions
from app.identity.models import OneTimeCode, Session, SignInTries

DUE: Final = (
    Due(Session.expires_at <= bindparam("now")),
    Due(OneTimeCode.expires_at < bindparam("now"), kept=codes.KEPT),
    Due(
        SignInTries.updated_at < bindparam("now"),
        SignInTries.good_at.is_(None),
        kept=growing_waits.FORGOTTEN_AFTER,
    ),
    Due(SignInTries.updated_at < bindparam("now"), kept=growing_waits.KNOWN_FOR),
)


async def forget_old(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete at most `limit` of each; return how many of the more plentiful kind were deleted."""
    expired = await sessions.forget_expired(session, now, limit)
    tried = await growing_waits.forget_old(session, now, limit)
    return max(expired, tried, await codes.forget_old(session, now, limit))
