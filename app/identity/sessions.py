"""Sessions: a signed-in device, alive until it is ended, and its one refresh token.

A refresh token is opaque: the session's id and 256 random bits, of which only a hash is kept. Each is
good once. One that comes back was stolen or copied, and nobody can tell by whom: the session ends.

Two stores keep the same promises: the database, or Redis where several machines share the load. When
the store is down nobody is let in (`SessionsDown`); a check is never skipped.
"""

import datetime as dt
import hmac
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import digest, random_token
from app.core.errors import Unauthenticated, Unavailable
from app.core.ids import new_id
from app.identity.models import Role, Session, User, UserStatus

SESSION_DAYS = 30
"""How long a device that is not used stays signed in, unless configured."""


class SessionEnded(Unauthenticated):
    """Signed out, suspended, password changed, or the refresh token was used before."""

    code = "session_ended"
    detail = "This session has ended. Sign in again."
    keeps_changes = True


class SessionsDown(Unavailable):
    """The store of sessions does not answer; who is signed in can't be known."""

    code = "sessions_unavailable"
    detail = "Sign-ins can't be checked right now. Try again shortly."


@dataclass(frozen=True)
class IssuedSession:
    """A new session and the refresh token that only its owner sees."""

    session_id: UUID
    refresh_token: str


@dataclass(frozen=True)
class Rotated:
    """A session whose refresh token was exchanged; `version` is the account's it was made for."""

    user_id: UUID
    session_id: UUID
    refresh_token: str
    version: int


@dataclass(frozen=True)
class Standing:
    """The account behind a live session, as it stands now."""

    role: Role
    status: UserStatus
    name: str
    version: int


class SessionStore(Protocol):
    """Where sessions are kept. Each method raises `SessionsDown` when the store does not answer."""

    async def create(
        self, session: AsyncSession, user_id: UUID, version: int, now: dt.datetime
    ) -> IssuedSession:
        """Start a session of a user at that version of the account."""
        ...

    async def standing(
        self, session: AsyncSession, user_id: UUID, session_id: UUID, now: dt.datetime
    ) -> Standing | None:
        """Return the account behind a session, or None unless the session is alive and theirs.

        A session of an older version of the account (before a suspension, say) is not alive.
        """
        ...

    async def rotate(self, session: AsyncSession, refresh_token: str, now: dt.datetime) -> Rotated:
        """Exchange a refresh token for the next one.

        Raises `SessionEnded` for any other token than the one that is good now; a session whose
        older token came back is over.
        """
        ...

    async def end(self, session: AsyncSession, session_id: UUID) -> None:
        """End one session; one that has ended already stays so."""
        ...

    async def end_all(
        self,
        session: AsyncSession,
        user_id: UUID,
        *,
        keep: UUID | None = None,
        version: int | None = None,
    ) -> None:
        """End every session of a user but `keep`, which lives on at `version` of the account."""
        ...


@dataclass(frozen=True)
class _RefreshToken:
    session_id: UUID
    text: str

    @property
    def hash(self) -> str:
        return digest(self.text)

    @classmethod
    def make(cls, session_id: UUID) -> "_RefreshToken":
        return cls(session_id, f"{session_id.hex}.{random_token()}")

    @classmethod
    def parse(cls, text: str) -> "_RefreshToken":
        try:
            return cls(UUID(hex=text.split(".", 1)[0]), text)
        except ValueError:
            raise SessionEnded from None


_ACCOUNT = (User.role, User.status, User.name, User.version)

# The hottest query of the product: every request with a token. Built once; Core columns, no objects.
_STANDING = (
    select(*_ACCOUNT)
    .join(Session, Session.user_id == User.id)
    .where(
        Session.id == bindparam("session_id"),
        Session.expires_at > bindparam("now"),
        Session.user_version == User.version,
        User.id == bindparam("user_id"),
    )
)
_ACCOUNT_OF = select(*_ACCOUNT).where(User.id == bindparam("user_id"))


def _standing(row: Row[str, str, str, int] | None) -> Standing | None:
    if row is None:
        return None
    return Standing(Role(row.role), UserStatus(row.status), row.name, row.version)


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """Turn "the store is down" into `SessionsDown`."""
    try:
        yield
    except (RedisError, OperationalError, InterfaceError, PoolTimeout, OSError) as error:
        raise SessionsDown from error


class DatabaseSessions:
    """Sessions in the database: no other part is needed, and they survive a restart."""

    def __init__(self, days: int = SESSION_DAYS) -> None:
        self._lifetime = dt.timedelta(days=days)

    async def create(
        self, session: AsyncSession, user_id: UUID, version: int, now: dt.datetime
    ) -> IssuedSession:
        """See `SessionStore`."""
        token = _RefreshToken.make(new_id())
        async with _answering():
            await session.execute(
                insert(Session).values(
                    id=token.session_id,
                    user_id=user_id,
                    user_version=version,
                    refresh_hash=token.hash,
                    created_at=now,
                    refreshed_at=now,
                    expires_at=now + self._lifetime,
                )
            )
        return IssuedSession(token.session_id, token.text)

    async def standing(
        self, session: AsyncSession, user_id: UUID, session_id: UUID, now: dt.datetime
    ) -> Standing | None:
        """See `SessionStore`; one query."""
        values = {"user_id": user_id, "session_id": session_id, "now": now}
        async with _answering():
            return _standing((await session.execute(_STANDING, values)).one_or_none())

    async def rotate(self, session: AsyncSession, refresh_token: str, now: dt.datetime) -> Rotated:
        """See `SessionStore`; the WHERE lets only one of two racing exchanges win."""
        old = _RefreshToken.parse(refresh_token)
        new = _RefreshToken.make(old.session_id)
        async with _answering():
            exchanged = await session.execute(
                update(Session)
                .where(
                    Session.id == old.session_id,
                    Session.refresh_hash == old.hash,
                    Session.expires_at > now,
                )
                .values(refresh_hash=new.hash, refreshed_at=now, expires_at=now + self._lifetime)
                .returning(Session.user_id, Session.user_version)
            )
            row = exchanged.one_or_none()
            if row is None:
                await self.end(session, old.session_id)
                raise SessionEnded
        return Rotated(row.user_id, old.session_id, new.text, row.user_version)

    async def end(self, session: AsyncSession, session_id: UUID) -> None:
        """See `SessionStore`."""
        async with _answering():
            await session.execute(delete(Session).where(Session.id == session_id))

    async def end_all(
        self,
        session: AsyncSession,
        user_id: UUID,
        *,
        keep: UUID | None = None,
        version: int | None = None,
    ) -> None:
        """See `SessionStore`."""
        doomed = delete(Session).where(Session.user_id == user_id)
        if keep is not None:
            doomed = doomed.where(Session.id != keep)
        async with _answering():
            await session.execute(doomed)
            if keep is not None and version is not None:
                kept = Session.id == keep, Session.user_id == user_id
                await session.execute(update(Session).where(*kept).values(user_version=version))


async def forget_expired(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete sessions that expired, at most `limit`; return how many."""
    expired = select(Session.id).where(Session.expires_at <= now).limit(limit)
    statement = delete(Session).where(Session.id.in_(expired)).returning(Session.id)
    return len((await session.scalars(statement)).all())


# KEYS: the session. ARGV: hash of the token shown, hash of the next, now, expiry (both Unix seconds).
# Answers who the session is of and at which version; a token that is not the good one ends it.
_ROTATE = """
local held = redis.call('HMGET', KEYS[1], 'user', 'version', 'refresh', 'expires')
if not held[1] then return false end
if held[3] ~= ARGV[1] or tonumber(held[4]) <= tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  return false
end
redis.call('HSET', KEYS[1], 'refresh', ARGV[2], 'expires', ARGV[4])
redis.call('EXPIRE', KEYS[1], tonumber(ARGV[4]) - tonumber(ARGV[3]))
return {held[1], held[2]}
"""

# KEYS: the session. ARGV: the new version. A session that ended meanwhile must not come back.
_RESTAMP = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'version', ARGV[1]) end
return 1
"""


class RedisSessions:
    """Sessions in Redis or Valkey: shared by every machine, forgotten by their own expiry.

    A key for each session, and one for each user that lists theirs with the expiry as the score.
    """

    def __init__(self, redis: "Redis", days: int = SESSION_DAYS) -> None:
        self._redis = redis
        self._lifetime = dt.timedelta(days=days)
        self._rotate = redis.register_script(_ROTATE)
        self._restamp = redis.register_script(_RESTAMP)

    async def create(
        self, session: AsyncSession, user_id: UUID, version: int, now: dt.datetime
    ) -> IssuedSession:
        """See `SessionStore`."""
        token = _RefreshToken.make(new_id())
        expires = self._expiry(now)
        held = {
            "user": str(user_id),
            "version": version,
            "refresh": token.hash,
            "expires": expires,
        }
        async with _answering(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(_key(token.session_id), mapping=cast(Any, held))
            pipe.expire(_key(token.session_id), self._lifetime)
            pipe.zremrangebyscore(_list_key(user_id), "-inf", int(now.timestamp()))
            self._list(pipe, user_id, token.session_id, expires)
            await pipe.execute()
        return IssuedSession(token.session_id, token.text)

    async def standing(
        self, session: AsyncSession, user_id: UUID, session_id: UUID, now: dt.datetime
    ) -> Standing | None:
        """See `SessionStore`; one look-up here, one in the database."""
        async with _answering():
            fields = self._redis.hmget(_key(session_id), ["user", "version", "expires"])
            user, version, expires = map(_text, await cast(Awaitable[list[Any]], fields))
            if user is None or not hmac.compare_digest(user, str(user_id)):
                return None
            if version is None or expires is None or int(expires) <= now.timestamp():
                return None
            row = (await session.execute(_ACCOUNT_OF, {"user_id": user_id})).one_or_none()
        found = _standing(row)
        return found if found is not None and found.version == int(version) else None

    async def rotate(self, session: AsyncSession, refresh_token: str, now: dt.datetime) -> Rotated:
        """See `SessionStore`; a script, because look and exchange must be one step."""
        old = _RefreshToken.parse(refresh_token)
        new = _RefreshToken.make(old.session_id)
        expires = self._expiry(now)
        async with _answering():
            answer = await self._rotate(
                keys=[_key(old.session_id)],
                args=[old.hash, new.hash, int(now.timestamp()), expires],
            )
            if not answer:
                raise SessionEnded
            user, version = map(_text, answer)
            user_id = UUID(user)
            async with self._redis.pipeline(transaction=True) as pipe:
                self._list(pipe, user_id, old.session_id, expires)
                await pipe.execute()
        return Rotated(user_id, old.session_id, new.text, int(version or 0))

    async def end(self, session: AsyncSession, session_id: UUID) -> None:
        """See `SessionStore`."""
        async with _answering():
            await self._redis.delete(_key(session_id))

    async def end_all(
        self,
        session: AsyncSession,
        user_id: UUID,
        *,
        keep: UUID | None = None,
        version: int | None = None,
    ) -> None:
        """See `SessionStore`."""
        async with _answering():
            listed = [_text(item) for item in await self._redis.zrange(_list_key(user_id), 0, -1)]
            doomed = [item for item in listed if item is not None and item != str(keep)]
            if doomed:
                await self._redis.delete(*(_key(UUID(item)) for item in doomed))
                await self._redis.zrem(_list_key(user_id), *doomed)
            if keep is not None and version is not None:
                await self._restamp(keys=[_key(keep)], args=[version])

    def _expiry(self, now: dt.datetime) -> int:
        return int((now + self._lifetime).timestamp())

    def _list(self, pipe: Any, user_id: UUID, session_id: UUID, expires: int) -> None:
        pipe.zadd(_list_key(user_id), {str(session_id): expires})
        pipe.expire(_list_key(user_id), self._lifetime)


def _key(session_id: UUID) -> str:
    return f"partimer:session:{session_id}"


def _list_key(user_id: UUID) -> str:
    return f"partimer:sessions-of:{user_id}"


def _text(value: Any) -> str | None:
    """Return what a client with or without decoding answered, as text."""
    return value.decode() if isinstance(value, bytes) else value
