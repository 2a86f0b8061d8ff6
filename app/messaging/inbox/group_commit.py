"""What arrives while something is being kept is kept with what else arrived: one statement, one commit.

A webhook is acknowledged when it is committed, and its own statement and commit cost more than all the
rest of it. Under load many arrive meanwhile, and go together; one that is alone waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from datetime import datetime
from typing import Final, NamedTuple

from app.core.logging import logger
from app.database.faults import OutcomeUnknown, is_outage
from app.database.session import Database
from app.messaging.inbox.process import WHATSAPP, store_events

MOST_TOGETHER: Final = 100
MOST_BYTES: Final = 4 * 1_024 * 1_024
"""What one statement holds at most, beyond its first."""
PATIENCE_SECONDS: Final = 0.5
"""After which those that wait begin without the ones before: a lock or a dead connection does not stop all."""


class _Arrival(NamedTuple):
    body: bytes
    kept: asyncio.Future[None]


def _is_outage(error: Exception) -> bool:
    return isinstance(error, OutcomeUnknown) or is_outage(error)


class Arrivals:
    """Keeps WhatsApp's webhooks (`inbox`)."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._waiting: deque[_Arrival] = deque()
        self._taking: asyncio.Task[None] | None = None
        self._keeping: set[asyncio.Task[None]] = set()

    async def keep(self, body: bytes) -> None:
        """Return when `body` is committed. Raises what its own statement raised.

        Whoever is cancelled gives up the answer only: it may be kept, and the others are.
        """
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append(_Arrival(body, kept))
        if self._taking is None:
            # It belongs to no request: not to be cancelled with one, nor to log under one's id.
            self._taking = asyncio.create_task(self._take_all(), context=Context())
        await kept

    async def close(self) -> None:
        """Give up what is not committed: nobody acknowledged it, so it will be sent again."""
        under_way = [*self._keeping, *([self._taking] if self._taking else [])]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for arrival in self._waiting:
            arrival.kept.cancel()

    async def _take_all(self) -> None:
        try:
            while self._waiting:
                keeping = asyncio.create_task(self._keep(self._next()))
                self._keeping.add(keeping)
                keeping.add_done_callback(self._keeping.discard)
                await asyncio.wait([keeping], timeout=PATIENCE_SECONDS)
        finally:
            self._taking = None

    def _next(self) -> Sequence[_Arrival]:
        batch = [self._waiting.popleft()]
        room = MOST_BYTES - len(batch[0].body)
        while self._waiting and len(batch) < MOST_TOGETHER:
            room -= len(self._waiting[0].body)
            if room < 0:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _keep(self, batch: Sequence[_Arrival]) -> None:
        try:
            async with self._database.single() as session:
                bodies = [arrival.body for arrival in batch]
                await store_events(session, WHATSAPP, bodies, self._clock())
        except Exception as error:  # noqa: BLE001 - whoever waits for it raises it
            if len(batch) == 1 or _is_outage(error):
                # To try each alone while the database is away would only keep all of them waiting.
                for arrival in batch:
                    if not arrival.kept.done():
                        arrival.kept.set_exception(error)
                return
            # It may be the fault of one of them; what was kept already is known by its bytes.
            reason = type(error).__name__
            logger().warning("webhooks_kept_one_by_one", count=len(batch), reason=reason)
            await asyncio.gather(*(self._keep([arrival]) for arrival in batch))
        else:
            for arrival in batch:
                if not arrival.kept.done():
                    arrival.kept.set_result(None)
        finally:
            for arrival in batch:
                arrival.kept.cancel()  # nothing, unless this task is being cancelled
