"""What identity forgets by itself: sessions that expired, codes long spent, tries long ago."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import codes, sessions, tries


async def forget_old(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete at most `limit` of each; return how many of the more plentiful kind were deleted."""
    expired = await sessions.forget_expired(session, now, limit)
    tried = await tries.forget_old(session, now, limit)
    return max(expired, tried, await codes.forget_old(session, now, limit))
