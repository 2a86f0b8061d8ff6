"""Group commit for webhooks: those that arrive while an INSERT runs share the next one.

A webhook is acknowledged once committed, and statement and commit cost more than all the rest. Under load many
share them; a lone webhook waits for nothing.
"""

import asyncio
import datetime as dt
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from operator import itemgetter
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.logging import logger
from app.database.fast_reads import PreparedInsert
from app.database.faults import OutcomeUnknown, is_outage
from app.database.session import Database, keyring
from app.database.wakeups import wake_loops
from app.messaging.inbox.unpack import WHATSAPP
from app.messaging.models import EVENT, WebhookEvent, WebhookState

MOST_TOGETHER: Final = 100
MOST_BYTES: Final = 4 * 1_024 * 1_024
"""The most that one statement holds; the first webhook may be larger."""
PATIENCE_SECONDS: Final = 0.5
"""How long a batch waits for the one before it, so that a lock or a dead connection does not stop all."""


_INSERT: Final = PreparedInsert(
    WebhookEvent,
    *("id", "provider", "event_id", "kind", "body_sealed", "state", "attempts", "set_aside"),
    *("due_at", "received_at"),
)


class VerifiedWebhook(NamedTuple):
    """A webhook whose signature fits."""

    provider: str
    event_id: str
    """Sent again, it has the same."""
    kind: str
    body: bytes
    loop: str
    """The loop that handles it."""


def of_whatsapp(body: bytes) -> VerifiedWebhook:
    """Return WhatsApp's webhook with this body; the same bytes are one event."""
    return VerifiedWebhook(WHATSAPP, hashlib.sha256(body).hexdigest(), "batch", body, "inbox")


async def store_events(
    session: AsyncSession, webhooks: Sequence[VerifiedWebhook], now: dt.datetime
) -> int:
    """Store verified webhooks; return how many are new."""
    rows = [
        {
            "id": new_id(),
            "provider": webhook.provider,
            "event_id": webhook.event_id,
            "kind": webhook.kind,
            "body_sealed": keyring(session).seal(webhook.body.decode("utf-8", "replace"), EVENT),
            "state": WebhookState.WAITING,
            "attempts": 0,
            "set_aside": 0,
            "due_at": now,
            "received_at": now,
        }
        for webhook in webhooks
    ]
    # The same order everywhere prevents deadlocks.
    stored = await _INSERT.run(session, sorted(rows, key=itemgetter("provider", "event_id")))
    if stored:
        for loop in sorted({webhook.loop for webhook in webhooks}):
            wake_loops(session, loop)
    return stored


class _Waiting(NamedTuple):
    webhook: VerifiedWebhook
    stored: asyncio.Future[None]


def _is_outage(error: Exception) -> bool:
    return isinstance(error, OutcomeUnknown) or is_outage(error)


class GroupCommit:
    """Stores webhooks in batches, whosever they are."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._runner: asyncio.Task[None] | None = None
        self._storing: set[asyncio.Task[None]] = set()

    async def store(self, webhook: VerifiedWebhook) -> None:
        """Return once `webhook` is committed. Raises what its statement raised.

        A cancelled caller only misses the answer: its webhook and the others may be stored.
        """
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(webhook, stored))
        if self._runner is None:
            # It belongs to no request, whose cancellation or log id it would share.
            self._runner = asyncio.create_task(self._store_all(), context=Context())
        await stored

    async def close(self) -> None:
        """Drop what is not committed; it was not acknowledged, so the platform sends it again."""
        under_way = [*self._storing, *([self._runner] if self._runner else [])]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for waiting in self._waiting:
            waiting.stored.cancel()

    async def _store_all(self) -> None:
        try:
            while self._waiting:
                storing = asyncio.create_task(self._store(self._next()))
                self._storing.add(storing)
                storing.add_done_callback(self._storing.discard)
                await asyncio.wait([storing], timeout=PATIENCE_SECONDS)
        finally:
            self._runner = None

    def _next(self) -> Sequence[_Waiting]:
        batch = [self._waiting.popleft()]
        room = MOST_BYTES - len(batch[0].webhook.body)
        while self._waiting and len(batch) < MOST_TOGETHER:
            room -= len(self._waiting[0].webhook.body)
            if room < 0:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        try:
            async with self._database.single() as session:
                webhooks = [waiting.webhook for waiting in batch]
                await store_events(session, webhooks, self._clock())
        except Exception as error:  # noqa: BLE001 - the callers raise it
            if len(batch) == 1 or _is_outage(error):
                # While the database is away, trying each alone would only delay all.
                for waiting in batch:
                    if not waiting.stored.done():
                        waiting.stored.set_exception(error)
                return
            # One of them may be at fault; those stored already are found by their hash.
            reason = type(error).__name__
            logger().warning("webhooks_kept_one_by_one", count=len(batch), reason=reason)
            await asyncio.gather(*(self._store([waiting]) for waiting in batch))
        else:
            for waiting in batch:
                if not waiting.stored.done():
                    waiting.stored.set_result(None)
        finally:
            for waiting in batch:
                waiting.stored.cancel()  # has an effect only if this task is cancelled
