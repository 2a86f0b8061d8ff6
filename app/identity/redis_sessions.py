"""Sessions in Redis or Valkey; see `sessions`."""

import asyncio
import datetime as dt
import hmac
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast, override
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.ratelimit import ANSWERS_SECONDS
from app.identity.sessions import (
    ACCOUNT,
    LONGEST_DAYS,
    SESSION_DAYS,
    AccountState,
    IssuedSession,
    OpenSession,
    RefreshToken,
    Rotated,
    SessionEnded,
    SessionStore,
    account_state,
    store_errors,
)

# KEYS: the session. ARGV: hash of the token shown, hash of the next, then in Unix seconds: now, expiry if
# unused, and end if the session has none. Returns user, version and expiry; a wrong token ends the session.
_ROTATE = """
local held = redis.call('HMGET', KEYS[1], 'user', 'version', 'refresh', 'expires', 'ends')
if not held[1] then return false end
if held[3] ~= ARGV[1] or tonumber(held[4]) <= tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  return false
end
local ends = tonumber(held[5] or ARGV[5])
local expires = math.min(tonumber(ARGV[4]), ends)
redis.call('HSET', KEYS[1], 'refresh', ARGV[2], 'refreshed', ARGV[3], 'expires', expires, 'ends', ends)
redis.call('EXPIRE', KEYS[1], expires - tonumber(ARGV[3]))
return {held[1], held[2], expires}
"""

# KEYS: the session. ARGV: the new version. A session that ended meanwhile must not be recreated.
_RESTAMP = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'version', ARGV[1]) end
return 1
"""


class RedisSessions(SessionStore):
    """Sessions that expire by themselves: one key a session, and a sorted set of them for each user."""

    def __init__(
        self, redis: "Redis", days: int = SESSION_DAYS, longest_days: int = LONGEST_DAYS
    ) -> None:
        self._redis = redis
        self._lifetime = dt.timedelta(days=min(days, longest_days))
        self._longest = dt.timedelta(days=longest_days)
        self._rotate = redis.register_script(_ROTATE)
        self._restamp = redis.register_script(_RESTAMP)

    @override
    async def create(
        self, session: AsyncSession, user_id: UUID, version: int, now: dt.datetime
    ) -> IssuedSession:
        token = RefreshToken.make(new_id())
        expires = self._expiry(now)
        fields = {
            "user": str(user_id),
            "version": version,
            "refresh": token.hash,
            "expires": expires,
            "ends": _seconds(now + self._longest),
            "created": _seconds(now),
            "refreshed": _seconds(now),
        }
        async with _bounded(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(_key(token.session_id), mapping=cast(Any, fields))
            pipe.expire(_key(token.session_id), self._lifetime)
            pipe.zremrangebyscore(_list_key(user_id), "-inf", _seconds(now))
            self._list(pipe, user_id, token.session_id, expires)
            await pipe.execute()
        return IssuedSession(token.session_id, token.text)

    @override
    async def find_account(
        self, session: AsyncSession, user_id: UUID, session_id: UUID, now: dt.datetime
    ) -> AccountState | None:
        async with _bounded():
            fields = self._redis.hmget(_key(session_id), ["user", "version", "expires"])
            user, version, expires = map(_text, await cast(Awaitable[list[Any]], fields))
            if user is None or not hmac.compare_digest(user, str(user_id)):
                return None
            if version is None or expires is None or int(expires) <= now.timestamp():
                return None
        async with store_errors():
            found = account_state(await ACCOUNT.one_or_none(session, user_id=user_id))
        return found if found is not None and found.version == int(version) else None

    @override
    async def rotate(self, session: AsyncSession, refresh_token: str, now: dt.datetime) -> Rotated:
        # A script, because check and exchange must be one step.
        old = RefreshToken.parse(refresh_token)
        new = RefreshToken.make(old.session_id)
        idle = self._expiry(now)
        async with _bounded():
            answer = await self._rotate(
                keys=[_key(old.session_id)],
                args=[old.hash, new.hash, _seconds(now), idle, _seconds(now + self._longest)],
            )
            if not answer:
                raise SessionEnded
            user, version, expires = map(_text, answer)
            user_id = UUID(user)
            async with self._redis.pipeline(transaction=True) as pipe:
                self._list(pipe, user_id, old.session_id, int(expires or idle))
                await pipe.execute()
        return Rotated(user_id, old.session_id, new.text, int(version or 0))

    @override
    async def list_open(
        self, session: AsyncSession, user_id: UUID, now: dt.datetime
    ) -> Sequence[OpenSession]:
        async with _bounded():
            listed = await self._redis.zrangebyscore(_list_key(user_id), _seconds(now) + 1, "+inf")
            ids = [UUID(_text(item)) for item in listed]
            async with self._redis.pipeline(transaction=False) as pipe:
                for session_id in ids:
                    pipe.hmget(_key(session_id), ["version", "created", "refreshed", "expires"])
                stored = await pipe.execute()
        async with store_errors():
            row = await ACCOUNT.one_or_none(session, user_id=user_id)
        version = None if row is None else str(row.version)
        found = []
        for session_id, fields in zip(ids, stored, strict=True):
            of, created, refreshed, expires = map(_text, fields)
            if of is not None and of == version and expires is not None:
                # A session without these fields is shown from when its id was made.
                moments = (created or _made(session_id), refreshed or created or _made(session_id))
                found.append(OpenSession(session_id, *map(_moment, (*moments, expires))))
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)

    @override
    async def end(self, session: AsyncSession, session_id: UUID) -> None:
        async with _bounded():
            await self._redis.delete(_key(session_id))

    @override
    async def end_all(
        self,
        session: AsyncSession,
        user_id: UUID,
        *,
        keep: UUID | None = None,
        version: int | None = None,
    ) -> None:
        async with _bounded():
            listed = [_text(item) for item in await self._redis.zrange(_list_key(user_id), 0, -1)]
            doomed = [item for item in listed if item is not None and item != str(keep)]
            if doomed:
                await self._redis.delete(*(_key(UUID(item)) for item in doomed))
                await self._redis.zrem(_list_key(user_id), *doomed)
            if keep is not None and version is not None:
                await self._restamp(keys=[_key(keep)], args=[version])

    def _expiry(self, now: dt.datetime) -> int:
        return _seconds(now + self._lifetime)

    def _list(self, pipe: Any, user_id: UUID, session_id: UUID, expires: int) -> None:
        pipe.zadd(_list_key(user_id), {str(session_id): expires})
        pipe.expire(_list_key(user_id), self._lifetime)


@asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    """Treat a store that does not answer in time as down."""
    async with store_errors(), asyncio.timeout(ANSWERS_SECONDS):
        yield


async def durability_warnings(redis: "Redis") -> list[str]:
    """Return why the store may lose sessions, one sentence each; losing them signs people out.

    A store that refuses to show its configuration, as some hosted ones do, is trusted. Raises `SessionsDown`.
    """
    async with _bounded():
        try:
            saves = await redis.config_get("save", "appendonly", "maxmemory", "maxmemory-policy")
        except ResponseError:
            return []
    config = {_text(name): _text(value) for name, value in saves.items()}
    found = []
    if config.get("appendonly") == "no":
        how = "only now and then" if config.get("save") else "never"
        found.append(
            f"REDIS_URL is saved to disk {how} (appendonly is off): a restart signs people out."
        )
    if (
        config.get("maxmemory") not in {None, "0"}
        and config.get("maxmemory-policy") != "noeviction"
    ):
        found.append(
            "REDIS_URL drops what it has no memory for (maxmemory-policy): that signs people out."
        )
    return found


def _key(session_id: UUID) -> str:
    return f"partimer:session:{session_id}"


def _list_key(user_id: UUID) -> str:
    return f"partimer:sessions-of:{user_id}"


def _text(value: Any) -> str | None:
    """Return a reply as text, whether or not the client decodes."""
    return value.decode() if isinstance(value, bytes) else value


def _seconds(instant: dt.datetime) -> int:
    return int(instant.timestamp())


def _moment(seconds: str) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)


def _made(session_id: UUID) -> str:
    """Return when a UUIDv7 was made, in Unix seconds."""
    return str((session_id.int >> 80) // 1_000)
