"""What arrived: stored before it is acknowledged, taken apart, and handled once, in order.

A webhook is one row of `webhook_events`; each message in it becomes one row of `inbox`, unique by its
id, so a redelivery has no second effect (`opening`). Then the messages are handled (`handling`).
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import Clock
from app.core.ids import new_id
from app.database.fast_reads import Prepared, PreparedInsert
from app.database.session import Database, keyring
from app.database.wakeups import wake_loops
from app.messaging.inbox.handle_messages import ITEMS_DUE, Handler, Round, handle_items, release
from app.messaging.inbox.unpack import EVENT, ITEM, WEBHOOKS_DUE, WHATSAPP, open_due
from app.messaging.models import WebhookEvent, WebhookState

__all__ = ["ITEM", "ITEMS_DUE", "WHATSAPP", "Handler", "handle_due", "store_events"]

_KEEP: Final = PreparedInsert(
    WebhookEvent,
    *("id", "provider", "event_id", "kind", "body_sealed", "state", "attempts", "set_aside"),
    *("due_at", "received_at"),
)


async def store_events(
    session: AsyncSession, provider: str, bodies: Sequence[bytes], now: dt.datetime
) -> int:
    """Keep verified webhooks; return how many: the very same bytes are one event."""
    rows = [
        {
            "id": new_id(),
            "provider": provider,
            "event_id": hashlib.sha256(body).hexdigest(),
            "kind": "batch",
            "body_sealed": keyring(session).seal(body.decode("utf-8", "replace"), EVENT),
            "state": WebhookState.WAITING,
            "attempts": 0,
            "set_aside": 0,
            "due_at": now,
            "received_at": now,
        }
        for body in bodies
    ]
    # In one order everywhere: processes that keep the same events at once wait, and for each other never.
    stored = await _KEEP.run(session, sorted(rows, key=itemgetter("event_id")))
    if stored:
        wake_loops(session, "inbox")
    return stored


class _Due(NamedTuple):
    """Whether there are webhooks to open, and messages to handle."""

    webhooks: bool
    messages: bool


_LOOK: Final = Prepared(
    select(WEBHOOKS_DUE.any.label("webhooks"), ITEMS_DUE.any.label("messages")), _Due
)


async def handle_due(database: Database, clock: Clock, limit: int, handler: Handler) -> int:
    """Take apart and handle what is due; return how many webhooks and messages that were."""
    async with database.read() as session:
        [due] = await _LOOK.all(session, now=clock())
    if not any(due):
        return 0
    this = Round(clock, handler)
    try:
        opened = 0
        if due.webhooks:
            opened = await open_due(database, clock, limit, handler.parse, this.begin)
        # Of one webhook with one message, which is begun already, no other message has become due.
        more = due.messages or opened != len(this.stored)
        handled = await handle_items(database, this, limit if more else 0)
    finally:
        if this.begun:
            await release(database, this)
    return opened + handled
