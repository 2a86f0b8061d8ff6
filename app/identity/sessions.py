"""Sessions: a signed-in device and its one refresh token.

A refresh token is the session's id and 256 random bits, of which a hash is stored. Each is good once: one that
comes back was copied, so its session ends. A session also ends some days after its sign-in, however often it
is refreshed. Sessions are stored in the database or in Redis (`redis_sessions`). While the store is down
nobody is let in (`SessionsDown`).
"""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, override
from uuid import UUID

from sqlalchemy import bindparam, case, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import digest, random_token
from app.core.errors import Unauthenticated, Unavailable
from app.core.ids import new_id
from app.database.fast_reads import Prepared
from app.database.faults import is_outage
from app.database.statements import table
from app.identity.models import Role, Session, TeamMember, User, UserStatus
from app.identity.rules import MAY_SIGN_IN, AdminRole, TeamRole

SESSION_DAYS = 30
"""How long an unused device stays signed in, unless configured."""
LONGEST_DAYS = 90
"""How long a device stays signed in at most, unless configured."""


class SessionEnded(Unauthenticated):
    """Signed out, suspended, password changed, or the refresh token was used before."""

    code = "session_ended"
    detail = "This session has ended. Sign in again."
    remedy = "Sign in again."
    keeps_changes = True


class SessionsDown(Unavailable):
    """The store of sessions does not answer; who is signed in can't be known."""

    code = "sessions_unavailable"
    detail = "Sign-ins can't be checked right now. Try again shortly."


@dataclass(frozen=True)
class IssuedSession:
    """A new session and its refresh token."""

    session_id: UUID
    refresh_token: str


@dataclass(frozen=True)
class Rotated:
    """A session with its new refresh token; `version` is that of the account at sign-in."""

    user_id: UUID
    session_id: UUID
    refresh_token: str
    version: int


@dataclass(frozen=True)
class AccountState:
    """The account of a live session, as it is now."""

    role: Role
    status: UserStatus
    name: str
    version: int
    admin_role: AdminRole | None = None
    has_second_factor: bool = False
    company_id: UUID | None = None
    """The company of a member of its team."""
    team_role: TeamRole = TeamRole.OWNER


@dataclass(frozen=True)
class OpenSession:
    """A session as its owner sees it; `ends_at` is without another refresh."""

    id: UUID
    created_at: dt.datetime
    refreshed_at: dt.datetime
    ends_at: dt.datetime


class SessionStore(Protocol):
    """Stores sessions. Each method raises `SessionsDown` when the store does not answer."""

    async def create(
        self, session: AsyncSession, user_id: UUID, version: int, now: dt.datetime
    ) -> IssuedSession:
        """Start a session of a user, bound to this version of the account."""
        ...

    async def find_account(
        self, session: AsyncSession, user_id: UUID, session_id: UUID, now: dt.datetime
    ) -> AccountState | None:
        """Return the account of a session; None if it ended, is another's, or of an older version."""
        ...

    async def rotate(self, session: AsyncSession, refresh_token: str, now: dt.datetime) -> Rotated:
        """Exchange a refresh token for the next one. Raises `SessionEnded`, and ends it, for an older token."""
        ...

    async def list_open(
        self, session: AsyncSession, user_id: UUID, now: dt.datetime
    ) -> Sequence[OpenSession]:
        """Return a user's live sessions, newest first."""
        ...

    async def end(self, session: AsyncSession, session_id: UUID) -> None:
        """End one session, if it is alive."""
        ...

    async def end_all(
        self,
        session: AsyncSession,
        user_id: UUID,
        *,
        keep: UUID | None = None,
        version: int | None = None,
    ) -> None:
        """End every session of a user but `keep`, which is rebound to `version` of the account."""
        ...


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token and its session."""

    session_id: UUID
    text: str

    @property
    def hash(self) -> str:
        """The hash that is stored."""
        return digest(self.text)

    @classmethod
    def make(cls, session_id: UUID) -> "RefreshToken":
        """Return a new token."""
        return cls(session_id, f"{session_id.hex}.{random_token()}")

    @classmethod
    def parse(cls, text: str) -> "RefreshToken":
        """Parse what a client sent. Raises `SessionEnded`."""
        try:
            return cls(UUID(hex=text.split(".", 1)[0]), text)
        except ValueError:
            raise SessionEnded from None


class AccountRow(NamedTuple):
    """An account's row."""

    role: str
    status: str
    name: str
    version: int
    admin_role: str | None
    has_second_factor: bool
    company_id: UUID | None
    company_status: str | None
    team_role: str | None
    has_left: bool | None


_USERS, _SESSIONS, _TEAM = table(User), table(Session), table(TeamMember)
_COMPANIES = _USERS.alias("companies")
_OF_USER = (
    select(
        _USERS.c.role,
        _USERS.c.status,
        _USERS.c.name,
        _USERS.c.version,
        _USERS.c.admin_role,
        _USERS.c.totp_sealed.is_not(None).label("has_second_factor"),
        _TEAM.c.employer_id.label("company_id"),
        _COMPANIES.c.status.label("company_status"),
        _TEAM.c.role.label("team_role"),
        _TEAM.c.left_at.is_not(None).label("has_left"),
    )
    .select_from(_USERS)
    .outerjoin(_TEAM, _TEAM.c.user_id == _USERS.c.id)
    .outerjoin(_COMPANIES, _COMPANIES.c.id == _TEAM.c.employer_id)
    .where(_USERS.c.id == bindparam("user_id"))
)
ACCOUNT = Prepared(_OF_USER, AccountRow)
"""The account, for a store outside the database."""

# The hottest query: every request with a token.
_ACCOUNT_OF_SESSION = Prepared(
    _OF_USER.join(_SESSIONS, _SESSIONS.c.user_id == _USERS.c.id).where(
        _SESSIONS.c.id == bindparam("session_id"),
        _SESSIONS.c.expires_at > bindparam("now"),
        _SESSIONS.c.user_version == _USERS.c.version,
    ),
    AccountRow,
)


def account_state(row: AccountRow | None) -> AccountState | None:
    """Return a row as `AccountState`."""
    if row is None:
        return None
    return AccountState(
        Role(row.role),
        _status(row),
        row.name,
        row.version,
        AdminRole(row.admin_role) if row.admin_role else None,
        bool(row.has_second_factor),
        row.company_id,
        TeamRole(row.team_role) if row.team_role else TeamRole.OWNER,
    )


def _status(row: AccountRow) -> UserStatus:
    """Return where an account stands; a member of a team stands where the company does, and who left is out."""
    if row.has_left:
        return UserStatus.ERASED
    own = UserStatus(row.status)
    return (
        own
        if own not in MAY_SIGN_IN or row.company_status is None
        else UserStatus(row.company_status)
    )


@asynccontextmanager
async def store_errors() -> AsyncIterator[None]:
    """Turn an outage of the store into `SessionsDown`."""
    try:
        yield
    except Exception as error:
        if not is_outage(error):
            raise
        raise SessionsDown from error


class DatabaseSessions(SessionStore):
    """Sessions in the database."""

    def __init__(self, days: int = SESSION_DAYS, longest_days: int = LONGEST_DAYS) -> None:
        self._lifetime = dt.timedelta(days=days)
        self._longest = dt.timedelta(days=longest_days)

    @override
    async def create(
        self, session: AsyncSession, user_id: UUID, version: int, now: dt.datetime
    ) -> IssuedSession:
        token = RefreshToken.make(new_id())
        async with store_errors():
            await session.execute(
                insert(table(Session)),
                {
                    "id": token.session_id,
                    "user_id": user_id,
                    "user_version": version,
                    "refresh_hash": token.hash,
                    "created_at": now,
                    "refreshed_at": now,
                    "expires_at": now + min(self._lifetime, self._longest),
                    "ends_at": now + self._longest,
                },
            )
        return IssuedSession(token.session_id, token.text)

    @override
    async def find_account(
        self, session: AsyncSession, user_id: UUID, session_id: UUID, now: dt.datetime
    ) -> AccountState | None:
        async with store_errors():
            return account_state(
                await _ACCOUNT_OF_SESSION.one_or_none(
                    session, user_id=user_id, session_id=session_id, now=now
                )
            )

    @override
    async def rotate(self, session: AsyncSession, refresh_token: str, now: dt.datetime) -> Rotated:
        # The WHERE lets only one of two racing exchanges win.
        old = RefreshToken.parse(refresh_token)
        new = RefreshToken.make(old.session_id)
        moment = Session.ends_at.type
        # A session from before `ends_at` existed gets one now.
        ends_at = func.coalesce(Session.ends_at, literal(now + self._longest, moment))
        idle = literal(now + self._lifetime, moment)
        async with store_errors():
            exchanged = await session.execute(
                update(Session)
                .where(
                    Session.id == old.session_id,
                    Session.refresh_hash == old.hash,
                    Session.expires_at > now,
                )
                .values(
                    refresh_hash=new.hash,
                    refreshed_at=now,
                    ends_at=ends_at,
                    expires_at=case((ends_at < idle, ends_at), else_=idle),
                )
                .returning(Session.user_id, Session.user_version)
            )
            row = exchanged.one_or_none()
            if row is None:
                await self.end(session, old.session_id)
                raise SessionEnded
        return Rotated(row.user_id, old.session_id, new.text, row.user_version)

    @override
    async def list_open(
        self, session: AsyncSession, user_id: UUID, now: dt.datetime
    ) -> Sequence[OpenSession]:
        columns = (Session.id, Session.created_at, Session.refreshed_at, Session.expires_at)
        query = (
            select(*columns)
            .join(User, User.id == Session.user_id)
            .where(
                Session.user_id == user_id,
                Session.expires_at > now,
                Session.user_version == User.version,
            )
            .order_by(Session.created_at.desc(), Session.id.desc())
        )
        async with store_errors():
            return [OpenSession(*row) for row in await session.execute(query)]

    @override
    async def end(self, session: AsyncSession, session_id: UUID) -> None:
        async with store_errors():
            await session.execute(delete(Session).where(Session.id == session_id))

    @override
    async def end_all(
        self,
        session: AsyncSession,
        user_id: UUID,
        *,
        keep: UUID | None = None,
        version: int | None = None,
    ) -> None:
        doomed = delete(Session).where(Session.user_id == user_id)
        if keep is not None:
            doomed = doomed.where(Session.id != keep)
        async with store_errors():
            await session.execute(doomed)
            if keep is not None and version is not None:
                kept = Session.id == keep, Session.user_id == user_id
                await session.execute(update(Session).where(*kept).values(user_version=version))


async def purge_expired(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete at most `limit` expired sessions; return how many."""
    expired = select(Session.id).where(Session.expires_at <= now).limit(limit)
    statement = delete(Session).where(Session.id.in_(expired)).returning(Session.id)
    return len((await session.scalars(statement)).all())
