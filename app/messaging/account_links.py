"""Mails with a link: to confirm an e-mail address, and to set a password."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import email_confirmation, password_reset
from app.identity.email_tokens import EmailToken
from app.messaging.outbox import enqueue


async def send_confirmation_link(
    session: AsyncSession, base_url: str, user_id: UUID, now: dt.datetime
) -> bool:
    """Mail a link to confirm a user's address; False if it is confirmed already."""
    link = await email_confirmation.issue_token(session, user_id, now=now)
    if link is None:
        return False
    url = f"{base_url}/confirm-email?token={link.token}"
    params = {"url": url, "days": email_confirmation.LIFETIME.days}
    await _notify(session, "email_link", link, params, now)
    return True


async def send_reset_link(
    session: AsyncSession, base_url: str, link: EmailToken, now: dt.datetime
) -> None:
    """Mail a link by which its user can set a new password: one who forgot theirs."""
    url = f"{base_url}/reset-password?token={link.token}"
    minutes = round(password_reset.LIFETIME.total_seconds() / 60)
    await _notify(session, "password_reset", link, {"url": url, "minutes": minutes}, now)


async def send_invitation_link(
    session: AsyncSession, base_url: str, link: EmailToken, company: str, now: dt.datetime
) -> None:
    """Mail somebody who is invited into a company's team the link to set their password."""
    url = f"{base_url}/reset-password?token={link.token}"
    days = password_reset.INVITATION_LIFETIME.days
    params = {"url": url, "company": company, "days": days}
    await _notify(session, "team_invitation", link, params, now)


async def send_admin_invitation(
    session: AsyncSession, base_url: str, link: EmailToken, now: dt.datetime
) -> None:
    """Mail somebody who is invited to administer the link to set their password."""
    url = f"{base_url}/reset-password?token={link.token}"
    days = password_reset.INVITATION_LIFETIME.days
    params = {"url": url, "days": days}
    await _notify(session, "admin_invitation", link, params, now)


async def _notify(
    session: AsyncSession, kind: str, link: EmailToken, params: dict[str, Any], now: dt.datetime
) -> None:
    await enqueue.notify(
        session,
        link.user_id,
        kind,
        params,
        key=str(link.id),
        now=now,
        expires_at=link.expires_at,
    )
