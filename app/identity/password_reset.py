"""Changing a password, or resetting a forgotten one by a mailed link.

Every change ends the account's other sessions and revokes its links. A link is good once, for half an hour.
"""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import SealBroken
from app.core.errors import Conflict, Invalid
from app.database.session import keyring
from app.database.wakeups import wake_loops
from app.identity import email_confirmation, email_tokens, sign_in_throttle, users
from app.identity.email_tokens import EmailToken
from app.identity.models import ResetRequest, Role, TeamMember, User
from app.identity.rules import MAY_SIGN_IN
from app.identity.sessions import SessionEnded, SessionStore

LIFETIME: Final = dt.timedelta(minutes=30)
INVITATION_LIFETIME: Final = dt.timedelta(days=7)
"""Whoever is invited may be on leave."""
LOOP: Final = "password_resets"
"""The background loop that mails the links."""
_PURPOSE = "reset"
_REQUEST = "reset-request"


class ResetTokenInvalid(Invalid):
    """The link was never ours, was used, or is too old."""

    code = "reset_token_invalid"
    detail = "This link was used already or is too old. Ask for a new one."
    remedy = "Ask for a new link."


class PasswordChanged(Conflict):
    """Somebody changed the password at the same time."""

    code = "password_changed"
    detail = "The password was changed at the same time. Sign in again."


@dataclass(frozen=True)
class PasswordOwner:
    """The account whose password is to be set; `personal` may not be in it."""

    user_id: UUID
    password_hash: str | None
    personal: tuple[str, ...]
    language: str
    role: str
    email: str


async def request(session: AsyncSession, email: str, *, now: dt.datetime) -> None:
    """Request a link for this address: one row, whether or not there is an account, so timing tells nothing."""
    sealed = keyring(session).seal(email, _REQUEST)
    session.add(ResetRequest(email_sealed=sealed, created_at=now))
    wake_loops(session, LOOP)


async def has_requests(session: AsyncSession) -> bool:
    """Whether any link is requested."""
    return await session.scalar(select(ResetRequest.id).limit(1)) is not None


async def take_requests(session: AsyncSession, limit: int) -> list[str]:
    """Remove and return the oldest requested addresses; one that can't be unsealed is dropped."""
    oldest = (
        select(ResetRequest)
        .order_by(ResetRequest.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    emails = []
    for request in await session.scalars(oldest):
        with suppress(SealBroken):
            emails.append(keyring(session).open(request.email_sealed, _REQUEST))
        await session.delete(request)
    return emails


async def issue_tokens(
    session: AsyncSession, email: str, *, now: dt.datetime, role: Role | None = None
) -> list[EmailToken]:
    """Issue a link for each account with this e-mail address, or only for that of `role`."""
    roles = {Role.EMPLOYER, Role.ADMIN} if role is None else {role}
    query = select(User.id).where(
        users.email_equals(keyring(session), email),
        User.role.in_(roles),
        User.status.in_(MAY_SIGN_IN),
        # The mailbox of a company whose opener has left: nobody signs in by it.
        ~exists().where(TeamMember.user_id == User.id, TeamMember.left_at.is_not(None)),
    )
    found = (await session.scalars(query)).all()
    return [
        await email_tokens.issue(session, user_id, _PURPOSE, LIFETIME, now=now) for user_id in found
    ]


async def issue_invitation(session: AsyncSession, user_id: UUID, *, now: dt.datetime) -> EmailToken:
    """Issue the link by which somebody who is invited sets their first password; older ones are good no more."""
    await email_tokens.revoke(session, user_id, _PURPOSE, now=now)
    return await email_tokens.issue(session, user_id, _PURPOSE, INVITATION_LIFETIME, now=now)


async def get_token_owner(session: AsyncSession, token: str, *, now: dt.datetime) -> PasswordOwner:
    """Return the owner of a link, without using it. Raises `ResetTokenInvalid`."""
    user_id = await email_tokens.find_user_id(session, token, _PURPOSE, now=now)
    found = await _find_owner(session, user_id) if user_id is not None else None
    if found is None:
        raise ResetTokenInvalid
    return found


async def get_owner(session: AsyncSession, user_id: UUID) -> PasswordOwner:
    """Return a signed-in user as password owner. Raises `SessionEnded`."""
    found = await _find_owner(session, user_id)
    if found is None:
        raise SessionEnded
    return found


async def _find_owner(session: AsyncSession, user_id: UUID) -> PasswordOwner | None:
    query = select(User).where(User.id == user_id, User.status.in_(MAY_SIGN_IN))
    user = await session.scalar(query.execution_options(populate_existing=True))
    if user is None:
        return None
    email = users.email_of(session, user) or ""
    return PasswordOwner(
        user_id, user.password_hash, (user.name, email), user.language, user.role, email
    )


async def set_by_token(
    session: AsyncSession,
    sessions: SessionStore,
    token: str,
    password_hash: str,
    *,
    now: dt.datetime,
) -> None:
    """Set the password by a link, and end every session. Raises `ResetTokenInvalid`; in a race one wins."""
    found = await get_token_owner(session, token, now=now)
    if not await email_tokens.redeem(session, token, now=now):
        raise ResetTokenInvalid
    await _set(session, found, password_hash, now)
    await email_confirmation.mark_confirmed(
        session, found.user_id, now=now
    )  # the link was mailed to it
    await sessions.end_all(session, found.user_id)


async def change(
    session: AsyncSession,
    sessions: SessionStore,
    found: PasswordOwner,
    password_hash: str,
    session_id: UUID | None,
    *,
    now: dt.datetime,
) -> None:
    """Set a signed-in user's password, and end every session but `session_id`.

    Raises `PasswordChanged` if it is no longer the one that was checked.
    """
    version = await _set(session, found, password_hash, now)
    await sessions.end_all(session, found.user_id, keep=session_id, version=version)


async def _set(
    session: AsyncSession, found: PasswordOwner, password_hash: str, now: dt.datetime
) -> int:
    """Set the password, revoke open links, and return the account's new version."""
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
    await email_tokens.revoke(session, found.user_id, _PURPOSE, now=now)
    # Guesses at the second factor needed the old password: their back-off ends.
    await sign_in_throttle.reset_second_factor(session, str(found.user_id))
    return version
