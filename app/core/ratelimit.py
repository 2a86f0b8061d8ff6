"""Rate limits per address, account or phone.

They are counted in Redis if it is configured, for all processes together, else in memory. When Redis is down the
answer is 503: a limit that ends when its store breaks protects nothing.
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
"""Options of every Redis client: by default a request would hang with it, or retry for seconds."""


class LimiterDown(Unavailable):
    """The counter of requests does not answer; refusing is the safe side."""

    code = "rate_limiter_unavailable"


class InMemory(MemoryStorage):
    """Counts in this process's memory, with a rare sweep of expired ones.

    The library sweeps at each hit, which costs more than serving ten thousand people in an hour.
    """

    SWEEP_SECONDS: Final = 60

    def __init__(self) -> None:
        super().__init__()
        self._swept_at = time.time()

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count that ends `expiry` seconds after its start; return its value."""
        now = time.time()
        if now - self._swept_at >= self.SWEEP_SECONDS:
            self._swept_at = now
            for known in [known for known, ends in self.expirations.items() if ends <= now]:
                await self.clear(known)
        await self.get(key)  # removes an expired count
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
        """Count a hit of `key` on `name` against `limit`, such as "3/hour". Raises `TooMany`, `LimiterDown`."""
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
