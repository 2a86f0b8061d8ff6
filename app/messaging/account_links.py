"""The mail with a link to set a password: for who forgot theirs, and for who is invited."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import password_reset
from app.identity.email_tokens import EmailToken
from app.messaging.outbox import enqueue


async def send_reset_link(
    session: AsyncSession, base_url: str, link: EmailToken, now: dt.datetime
) -> None:
    """Mail a link by which its user can set a new password."""
    await enqueue.notify(
        session,
        link.user_id,
        "password_reset",
        {
            "url": f"{base_url}/reset-password?token={link.token}",
            "minutes": round(password_reset.LIFETIME.total_seconds() / 60),
        },
        key=str(link.id),
        now=now,
        expires_at=link.expires_at,
    )
