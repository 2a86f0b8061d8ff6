"""Signing in by code or password, and refreshing a session.

Unknown accounts and wrong secrets get the same answer after the same time. Only the right code or password
tells that an account is suspended.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import set_committed_value

from app.core.errors import Forbidden, Unauthenticated
from app.database.session import keyring
from app.identity import codes, second_factor, users
from app.identity.models import Role, TeamMember, User, UserStatus
from app.identity.passwords import verify_password
from app.identity.rules import MAY_SIGN_IN
from app.identity.sessions import IssuedSession, SessionEnded, SessionStore


class InvalidCredentials(Unauthenticated):
    """Unknown account, or wrong code or password; which one is not told. A wrong code counts."""

    code = "invalid_credentials"
    detail = "These details don't match an account, or the code is wrong or too old."
    remedy = "Ask the person again; after several tries, ask for a new code or password."
    keeps_changes = True


class AccountSuspended(Forbidden):
    """Right code or password, but the account is shut."""

    code = "account_suspended"
    detail = "This account is suspended. Contact support."
    keeps_changes = True


@dataclass(frozen=True)
class SignedIn:
    """A signed-in account, and its session."""

    user_id: UUID
    role: Role
    status: UserStatus
    name: str
    version: int
    session: IssuedSession


async def with_code(
    session: AsyncSession,
    sessions: SessionStore,
    phone: str,
    code: str,
    *,
    now: dt.datetime,
    address: str | None = None,
) -> SignedIn:
    """Sign a worker in by phone (E.164) and a code, typed at `address`; the first code proves the phone.

    Raises `InvalidCredentials`, `AccountSuspended` and `SessionsDown`.
    """
    subject = users.index_of_phone(keyring(session), phone)
    if not await codes.redeem(session, subject, code, now=now, address=address):
        raise InvalidCredentials
    user = await users.find_by_phone(session, phone)
    if user is None:
        raise InvalidCredentials
    if user.status == UserStatus.PENDING:
        if await users.prove_phone(session, user.id, now=now):
            set_committed_value(user, "status", UserStatus.ACTIVE)
        else:
            await session.refresh(user)
    return await start(session, sessions, user, now)


@dataclass(frozen=True)
class AccountCredentials:
    """An account's password hash; all None where there is no such account."""

    user_id: UUID | None = None
    password_hash: str | None = None


async def find_credentials(session: AsyncSession, role: Role, email: str) -> AccountCredentials:
    """Return what `verify_credentials` needs; its slow check must not hold a transaction open."""
    query = select(User.id, User.password_hash).where(
        User.role == role, users.email_equals(keyring(session), email)
    )
    row = (await session.execute(query)).one_or_none()
    return AccountCredentials(row.id, row.password_hash) if row else AccountCredentials()


async def verify_credentials(found: AccountCredentials, password: str) -> bool:
    """Whether this is the account's password; takes the same time without an account."""
    return await verify_password(password, found.password_hash) and found.user_id is not None


async def with_password(
    session: AsyncSession,
    sessions: SessionStore,
    found: AccountCredentials,
    totp_code: str | None,
    *,
    now: dt.datetime,
    right: bool,
    account: str,
) -> SignedIn:
    """Sign in an employer or administrator; `right` is the result of `verify_credentials`.

    `account` is the key of its tries (`sign_in_throttle.account_key`). A wrong password and a wrong second
    factor run the same statements. Raises `InvalidCredentials` (also for a password changed meanwhile),
    `AccountSuspended` and `SessionsDown`.
    """
    query = select(User).where(User.id == found.user_id, User.password_hash == found.password_hash)
    user = (await session.scalars(query)).one_or_none()
    checked = user if right else None
    good = await second_factor.verify(session, checked, account, totp_code, now=now)
    if checked is None or not good:
        raise InvalidCredentials
    return await start(session, sessions, checked, now)


async def start(
    session: AsyncSession, sessions: SessionStore, user: User, now: dt.datetime
) -> SignedIn:
    """Begin a session of a user who has proven who they are. Raises `AccountSuspended`, `SessionsDown`."""
    if user.status not in MAY_SIGN_IN or not await _enter_team(session, user, now):
        raise AccountSuspended
    issued = await sessions.create(session, user.id, user.version, now)
    return _signed_in(user, issued)


async def _enter_team(session: AsyncSession, user: User, now: dt.datetime) -> bool:
    """Let a member who signs in for the first time join; return whether they and their company may sign in."""
    if user.role != Role.EMPLOYER:
        return True
    company = aliased(User)
    query = (
        select(TeamMember.joined_at, TeamMember.left_at, company.status)
        .join(company, company.id == TeamMember.employer_id)
        .where(TeamMember.user_id == user.id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return True  # who opened a company of before there were teams
    if row.left_at is not None or row.status not in MAY_SIGN_IN:
        return False
    if row.joined_at is None:
        await session.execute(
            update(TeamMember)
            .where(TeamMember.user_id == user.id, TeamMember.joined_at.is_(None))
            .values(joined_at=now)
            .execution_options(synchronize_session=False)
        )
    return True


def _signed_in(user: User, issued: IssuedSession) -> SignedIn:
    return SignedIn(
        user_id=user.id,
        role=Role(user.role),
        status=UserStatus(user.status),
        name=user.name,
        version=user.version,
        session=issued,
    )


async def refresh(
    session: AsyncSession, sessions: SessionStore, refresh_token: str, *, now: dt.datetime
) -> SignedIn:
    """Exchange a refresh token for the next one. Raises `SessionEnded`; a token used before ends its session."""
    rotated = await sessions.rotate(session, refresh_token, now)
    user = await session.get(User, rotated.user_id)
    if user is None or user.status not in MAY_SIGN_IN or user.version != rotated.version:
        await sessions.end(session, rotated.session_id)
        raise SessionEnded
    return _signed_in(user, IssuedSession(rotated.session_id, rotated.refresh_token))
