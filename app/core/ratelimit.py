"""Rate limits: how often one address, account or phone may do one thing.

Counted in Redis when it is configured, so that every process counts together, else in memory. When the
store is down the answer is 503: a limit that can be switched off by breaking it protects nothing.
"""

import asyncio
import math
import time
from typing import Any, Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError

from app.core.errors import TooMany, Unavailable

ANSWERS_SECONDS: Final = 1.5
"""After which a store that hangs counts as down, all tries and connections together."""

IMPATIENT: Final[dict[str, Any]] = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    "retry": Retry(ConstantBackoff(0.05), retries=1),
}
"""How a client of Redis is made: by default a request would hang with it, or try for seconds."""


class LimiterDown(Unavailable):
    """The counter of requests does not answer; refusing is the safe side."""

    code = "rate_limiter_unavailable"


class InMemory(MemoryStorage):
    """Counts kept in this process.

    The library's own looks through every count for what has expired at each hit, which with ten thousand
    people in an hour costs more than serving them; this looks once in a while.
    """

    SWEEP_SECONDS: Final = 60

    def __init__(self) -> None:
        super().__init__()
        self._swept_at = time.time()

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count that ends `expiry` seconds after its beginning; return what it is now."""
        now = time.time()
        if now - self._swept_at >= self.SWEEP_SECONDS:
            self._swept_at = now
            for known in [known for known, ends in self.expirations.items() if ends <= now]:
                await self.clear(known)
        await self.get(key)  # forgets one that has ended
        self.expirations.setdefault(key, now + expiry)
        self.storage[key] += amount
        return self.storage[key]


class RateLimiter:
    """Counts hits against limits such as "10/hour", if `enabled`."""

    def __init__(self, redis_url: str | None, *, enabled: bool) -> None:
        storage: Storage = (
            RedisStorage(
                redis_url, implementation="redispy", key_prefix="partimer:limit", **IMPATIENT
            )
            if redis_url
            else InMemory()
        )
        self._storage = storage
        self._strategy = SlidingWindowCounterRateLimiter(storage)
        self.enabled = enabled
        self._parsed: dict[str, RateLimitItem] = {}

    async def close(self) -> None:
        """Close the connections to Redis."""
        if isinstance(self._storage, RedisStorage):
            bridge: Any = self._storage.bridge
            await bridge.get_connection().aclose()

    async def hit(self, name: str, limit: str, key: str) -> None:
        """Count one hit of `key` on `name` against `limit`, such as "3/hour".

        Raises `TooMany` when the limit is reached, `LimiterDown` when it can't be counted.
        """
        if not self.enabled:
            return
        item = self._parsed.setdefault(limit, parse(limit))
        try:
            async with asyncio.timeout(ANSWERS_SECONDS):
                if await self._strategy.hit(item, name, key):
                    return
                window = await self._strategy.get_window_stats(item, name, key)
        except (RedisError, OSError, TimeoutError) as error:
            raise LimiterDown from error
        raise TooMany(math.ceil(window.reset_time - time.time()))
