"""How many requests are served at once, and how long the others wait in a queue.

All requests share one event loop and a few connections to the database: more at once would only make each
slower. A request that waits longer than its client is refused before any work was done for it.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from app.core.metrics import REQUESTS_SHED


@dataclass(frozen=True)
class Capacity:
    """How many requests of one kind are served at once, and how many wait for how long."""

    name: str
    concurrent: int
    queued: int
    """How many may wait; one more is refused at once."""
    queue_seconds: float


ORDINARY: Final = Capacity("ordinary", concurrent=64, queued=512, queue_seconds=1.2)
"""Twice as many as there are connections to the database, so that no connection waits for a request; and few
enough that a request from the queue is still answered within two seconds."""
WEBHOOKS: Final = Capacity("webhooks", concurrent=96, queued=2_000, queue_seconds=3.0)
"""Webhooks are shed last: a platform waits about ten seconds, then sends again for days. They are stored in
groups, so many at once cost little more than one."""
PASSWORDS: Final = Capacity("passwords", concurrent=16, queued=256, queue_seconds=1.2)
"""Requests that hash a password. On purpose two are hashed at a time, so more at once would only wait inside."""

_HASHING: Final = (
    "/api/auth/login",
    "/api/auth/password/",
    "/api/auth/register/employer",
    "/signin",
    "/signup",
)
_NEVER_SHED: Final = frozenset({"/health", "/health/ready", "/metrics"})
"""Monitoring needs an answer most when the process is overloaded."""
_STREAMS: Final = "/events"
"""End of the addresses that stay open; `app.web` limits how many."""
_SANDBOX: Final = "/sandbox/"
"""Stands for WhatsApp and Stripe in the same process: a request of ours may wait for it."""


class Overloaded(Exception):
    """No more requests of this kind are accepted now."""


class ConcurrencyLimiter:
    """Serves requests of one kind, first come, first served."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._serving = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        """Return when the request may be served; `release` must follow. Raises `Overloaded`."""
        if self._serving < self._capacity.concurrent:
            self._serving += 1
            return
        if len(self._queue) >= self._capacity.queued:
            self._refuse()
        ready = asyncio.get_running_loop().create_future()
        self._queue.append(ready)
        try:
            await asyncio.wait_for(ready, self._capacity.queue_seconds)
        except TimeoutError:
            if ready.done() and not ready.cancelled():
                return  # `release` chose this request in the same step of the event loop
            self._refuse()
        except asyncio.CancelledError:
            if ready.done() and not ready.cancelled():
                self.release()  # `release` chose this request in the same step of the event loop
            raise

    def release(self) -> None:
        """Let in the request that has waited longest."""
        while self._queue:
            ready = self._queue.popleft()
            if not ready.done():
                ready.set_result(None)
                return
        self._serving -= 1

    def _refuse(self) -> None:
        REQUESTS_SHED.labels(self._capacity.name).inc()
        raise Overloaded


class LoadShedder:
    """The limiters of a process, by path."""

    def __init__(self, ordinary: Capacity = ORDINARY, webhooks: Capacity = WEBHOOKS) -> None:
        self._ordinary = ConcurrencyLimiter(ordinary)
        self._webhooks = ConcurrencyLimiter(webhooks)
        self._passwords = ConcurrencyLimiter(PASSWORDS)

    def limiter_for(self, path: str) -> ConcurrencyLimiter | None:
        """Return the limiter of requests to `path`, None where they are never refused."""
        if path in _NEVER_SHED or path.startswith(_SANDBOX) or path.endswith(_STREAMS):
            return None
        if path.startswith("/api/webhooks/"):
            return self._webhooks
        return self._passwords if path.startswith(_HASHING) else self._ordinary
