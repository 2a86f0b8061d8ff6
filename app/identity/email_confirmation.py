"""Confirming an e-mail address by a link that is mailed to it."""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Invalid
from app.identity import email_tokens, users
from app.identity.email_tokens import EmailToken
from app.identity.models import User
from app.identity.rules import MAY_SIGN_IN

LIFETIME: Final = dt.timedelta(days=3)
_PURPOSE: Final = "email"


class EmailLinkInvalid(Invalid):
    """The link was never ours, was used, or is too old."""

    code = "email_link_invalid"
    detail = "This link was used already or is too old. Ask for a new one."
    remedy = "Send a new link."


class EmailMissing(Conflict):
    """The account has no e-mail address: its owner signs in by phone."""

    code = "email_missing"
    detail = "The account has no e-mail address yet."
    remedy = "Set an e-mail address in the profile first."


async def require_email(session: AsyncSession, user_id: UUID) -> None:
    """Raise `EmailMissing` for an account without an e-mail address."""
    has_one = select(User.id).where(User.id == user_id, users.has_email())
    if await session.scalar(has_one) is None:
        raise EmailMissing


async def issue_token(
    session: AsyncSession, user_id: UUID, *, now: dt.datetime
) -> EmailToken | None:
    """Issue a link, revoking older ones; None if the address is confirmed already."""
    unproven = select(User.id).where(
        User.id == user_id, users.has_email(), User.email_verified_at.is_(None)
    )
    if await session.scalar(unproven) is None:
        return None
    await email_tokens.revoke(session, user_id, _PURPOSE, now=now)
    return await email_tokens.issue(session, user_id, _PURPOSE, LIFETIME, now=now)


async def language_of(session: AsyncSession, token: str, *, now: dt.datetime) -> str:
    """Return the language of a link's owner, without using it. Raises `EmailLinkInvalid`."""
    user_id = await email_tokens.find_user_id(session, token, _PURPOSE, now=now)
    query = select(User.language).where(User.id == user_id, User.status.in_(MAY_SIGN_IN))
    language: str | None = await session.scalar(query)
    if user_id is None or language is None:
        raise EmailLinkInvalid
    return language


async def confirm(session: AsyncSession, token: str, *, now: dt.datetime) -> None:
    """Use a link: its owner's address is confirmed. Raises `EmailLinkInvalid`."""
    user_id = await email_tokens.find_user_id(session, token, _PURPOSE, now=now)
    if user_id is None or not await email_tokens.redeem(session, token, now=now):
        raise EmailLinkInvalid
    await mark_confirmed(session, user_id, now=now)


async def mark_confirmed(session: AsyncSession, user_id: UUID, *, now: dt.datetime) -> None:
    """Mark a user's address as confirmed; the first time stays."""
    await session.execute(
        update(User)
        .where(User.id == user_id, User.email_verified_at.is_(None))
        .values(email_verified_at=now, updated_at=now)
        .execution_options(synchronize_session=False)
    )
