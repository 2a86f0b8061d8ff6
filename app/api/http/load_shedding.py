"""How many requests are served at once, and how long the others wait for their turn.

More at once would only make each slower: they share one event loop and a few connections to the database.
Who waited longer than a client is patient is told to come again, before any work was done for them.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from app.core.metrics import REQUESTS_SHED


@dataclass(frozen=True)
class Room:
    """How much of one kind is served at once, and how long it waits."""

    name: str
    at_once: int
    waiting: int
    """How many may wait; who comes after them is refused at once."""
    patience_seconds: float


ORDINARY: Final = Room("ordinary", at_once=64, waiting=512, patience_seconds=1.2)
"""Twice as many as there are connections to the database, so that none of them waits for a request; and few
enough that who was let in late is still answered within two seconds."""
WEBHOOKS: Final = Room("webhooks", at_once=96, waiting=2_000, patience_seconds=3.0)
"""Room of their own, and shed last: a platform waits about ten seconds, and sends again for days. They are
stored in groups, so that many at once cost little more than one."""

PASSWORDS: Final = Room("passwords", at_once=16, waiting=256, patience_seconds=1.2)
"""What hashes a password: two are hashed at a time, on purpose, so that more at once only wait inside."""

_HASHING: Final = ("/api/auth/login", "/api/auth/password/", "/api/auth/register/employer")
_NEVER_SHED: Final = frozenset({"/health", "/health/ready", "/metrics"})
"""What tells how it stands has to answer while it stands badly."""
_SANDBOX: Final = "/sandbox/"
"""Plays the outside world in the same process: a request of ours may wait for it."""


class Overloaded(Exception):
    """There is no room for another request."""


class Admission:
    """Lets requests of one kind in, the first who came first."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Return when there is room; `leave` must follow. Raises `Overloaded`."""
        if self._inside < self._room.at_once:
            self._inside += 1
            return
        if len(self._waiting) >= self._room.waiting:
            self._refuse()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait_for(turn, self._room.patience_seconds)
        except TimeoutError:
            if turn.done() and not turn.cancelled():
                return  # its turn came in the same step of the event loop: it is let in
            self._refuse()
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # it was this one's turn at the same moment
            raise

    def leave(self) -> None:
        """Give one's room to whoever waits longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._inside -= 1

    def _refuse(self) -> None:
        REQUESTS_SHED.labels(self._room.name).inc()
        raise Overloaded


class Doors:
    """Which admission a path goes through; None where it is always let in."""

    def __init__(self, ordinary: Room = ORDINARY, webhooks: Room = WEBHOOKS) -> None:
        self._ordinary = Admission(ordinary)
        self._webhooks = Admission(webhooks)
        self._passwords = Admission(PASSWORDS)

    def of(self, path: str) -> Admission | None:
        """Return what a request to `path` has to pass."""
        if path in _NEVER_SHED or path.startswith(_SANDBOX):
            return None
        if path.startswith("/api/webhooks/"):
            return self._webhooks
        return self._passwords if path.startswith(_HASHING) else self._ordinary
