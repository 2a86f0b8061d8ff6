"""Tokens in mailed links: good once, for a limited time; only their hash is stored."""

import datetime as dt
import hmac
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import digest, random_token
from app.core.ids import new_id
from app.identity.models import OneTimeCode


@dataclass(frozen=True)
class EmailToken:
    """A token to send in a link; `token` itself is stored nowhere."""

    id: UUID
    user_id: UUID
    token: str
    expires_at: dt.datetime


async def issue(
    session: AsyncSession, user_id: UUID, purpose: str, lifetime: dt.timedelta, *, now: dt.datetime
) -> EmailToken:
    """Issue a token for one purpose."""
    link_id = new_id()
    link = EmailToken(link_id, user_id, f"{link_id.hex}.{random_token()}", now + lifetime)
    session.add(
        OneTimeCode(
            id=link.id,
            subject=str(user_id),
            purpose=purpose,
            code_hash=digest(link.token),
            created_at=now,
            expires_at=link.expires_at,
        )
    )
    await session.flush()
    return link


async def find_user_id(
    session: AsyncSession, token: str, purpose: str, *, now: dt.datetime
) -> UUID | None:
    """Return a token's user, without using it; None for an unknown, used or expired one."""
    try:
        link_id = UUID(hex=token.split(".", 1)[0])
    except ValueError:
        return None
    query = select(OneTimeCode.subject, OneTimeCode.code_hash).where(
        OneTimeCode.id == link_id,
        OneTimeCode.purpose == purpose,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > now,
    )
    row = (await session.execute(query)).one_or_none()
    if row is None or not hmac.compare_digest(row.code_hash, digest(token)):
        return None
    return UUID(row.subject)


async def redeem(session: AsyncSession, token: str, *, now: dt.datetime) -> bool:
    """Use a token up; return whether it was unused. In a race one gets True."""
    used = await session.scalar(
        update(OneTimeCode)
        .where(OneTimeCode.code_hash == digest(token), OneTimeCode.used_at.is_(None))
        .values(used_at=now)
        .returning(OneTimeCode.id)
    )
    return used is not None


async def revoke(session: AsyncSession, user_id: UUID, purpose: str, *, now: dt.datetime) -> None:
    """Revoke a user's tokens for this purpose."""
    await session.execute(
        update(OneTimeCode)
        .where(
            OneTimeCode.subject == str(user_id),
            OneTimeCode.purpose == purpose,
            OneTimeCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
