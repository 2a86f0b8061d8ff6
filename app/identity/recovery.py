"""Changing a password: known, or forgotten and reset by a link sent to the e-mail address.

Every change ends the account's other sessions. A link is good once, for half an hour, and a newer
password makes every older link worthless.
"""

import datetime as dt
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import digest, random_token
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.identity.models import OneTimeCode, Role, User
from app.identity.rules import MAY_SIGN_IN
from app.identity.sessions import SessionEnded, SessionStore

LIFETIME: Final = dt.timedelta(minutes=30)
_PURPOSE = "reset"


class ResetTokenInvalid(Invalid):
    """The link was never ours, was used, or is too old."""

    code = "reset_token_invalid"
    detail = "This link was used already or is too old. Ask for a new one."


class PasswordChanged(Conflict):
    """Somebody changed the password at the same time."""

    code = "password_changed"
    detail = "The password was changed at the same time. Sign in again."


@dataclass(frozen=True)
class Reset:
    """A link to send: `token` goes into it and is kept nowhere."""

    id: UUID
    user_id: UUID
    token: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class Holder:
    """Whose password is about to be set: their words may not be in it."""

    user_id: UUID
    password_hash: str | None
    personal: tuple[str, ...]
    language: str


async def begin(session: AsyncSession, email: str, now: dt.datetime) -> list[Reset]:
    """Return a reset for each account with this e-mail address (employer and admin may share one)."""
    query = select(User.id).where(
        User.email == email, User.role != Role.WORKER, User.status.in_(MAY_SIGN_IN)
    )
    resets = [
        Reset(reset_id, user_id, f"{reset_id.hex}.{random_token()}", now + LIFETIME)
        for user_id in await session.scalars(query)
        for reset_id in [new_id()]
    ]
    session.add_all(
        OneTimeCode(
            id=reset.id,
            subject=str(reset.user_id),
            purpose=_PURPOSE,
            code_hash=digest(reset.token),
            created_at=now,
            expires_at=reset.expires_at,
        )
        for reset in resets
    )
    await session.flush()
    return resets


async def holder_of(session: AsyncSession, token: str, now: dt.datetime) -> Holder:
    """Return whose link this is, without using it. Raises `ResetTokenInvalid`."""
    try:
        reset_id = UUID(hex=token.split(".", 1)[0])
    except ValueError:
        raise ResetTokenInvalid from None
    query = select(OneTimeCode.subject, OneTimeCode.code_hash).where(
        OneTimeCode.id == reset_id,
        OneTimeCode.purpose == _PURPOSE,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > now,
    )
    row = (await session.execute(query)).one_or_none()
    if row is None or not hmac.compare_digest(row.code_hash, digest(token)):
        raise ResetTokenInvalid
    found = await _holder(session, UUID(row.subject))
    if found is None:
        raise ResetTokenInvalid
    return found


async def require_holder(session: AsyncSession, user_id: UUID) -> Holder:
    """Return what is needed to change a signed-in user's password. Raises `SessionEnded`."""
    found = await _holder(session, user_id)
    if found is None:
        raise SessionEnded
    return found


async def _holder(session: AsyncSession, user_id: UUID) -> Holder | None:
    query = select(User.name, User.email, User.password_hash, User.language).where(
        User.id == user_id, User.status.in_(MAY_SIGN_IN)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    return Holder(user_id, row.password_hash, (row.name, row.email or ""), row.language)


async def reset(
    session: AsyncSession,
    sessions: SessionStore,
    token: str,
    password_hash: str,
    now: dt.datetime,
) -> None:
    """Set the password a link was sent for; every session of the account ends.

    Raises `ResetTokenInvalid`: of two uses at once, one wins.
    """
    found = await holder_of(session, token, now)
    used = await session.scalar(
        update(OneTimeCode)
        .where(OneTimeCode.code_hash == digest(token), OneTimeCode.used_at.is_(None))
        .values(used_at=now)
        .returning(OneTimeCode.id)
    )
    if used is None:
        raise ResetTokenInvalid
    await _set(session, found, password_hash, now)
    await sessions.end_all(session, found.user_id)


async def change(
    session: AsyncSession,
    sessions: SessionStore,
    found: Holder,
    password_hash: str,
    session_id: UUID | None,
    now: dt.datetime,
) -> None:
    """Set the password of a signed-in user; every session ends but `session_id`.

    Raises `PasswordChanged` if it is no longer the one that was checked.
    """
    version = await _set(session, found, password_hash, now)
    await sessions.end_all(session, found.user_id, keep=session_id, version=version)


async def _set(session: AsyncSession, found: Holder, password_hash: str, now: dt.datetime) -> int:
    """Set the password, make every open link worthless, and return the account's new version."""
    version: int | None = await session.scalar(
        update(User)
        .where(
            User.id == found.user_id,
            User.password_hash.is_not_distinct_from(found.password_hash),
            User.status.in_(MAY_SIGN_IN),
        )
        .values(password_hash=password_hash, version=User.version + 1, updated_at=now)
        .returning(User.version)
    )
    if version is None:
        raise PasswordChanged
    await session.execute(
        update(OneTimeCode)
        .where(
            OneTimeCode.subject == str(found.user_id),
            OneTimeCode.purpose == _PURPOSE,
            OneTimeCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return version
