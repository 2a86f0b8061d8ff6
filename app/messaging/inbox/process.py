"""What arrived: stored before it is acknowledged, taken apart, and handled once, in order.

A webhook is one row of `webhook_events`; each message in it becomes one row of `inbox`, unique by its
id, so a redelivery has no second effect (`opening`). Then the messages are handled (`handling`).
"""

from typing import Final, NamedTuple

from sqlalchemy import select

from app.core.clocks import Clock
from app.database.fast_reads import Prepared
from app.database.session import Database
from app.messaging.inbox.handle_messages import ITEMS_DUE, Handler, Round, handle_items, release
from app.messaging.inbox.unpack import WEBHOOKS_DUE, open_due


class _Due(NamedTuple):
    """Whether there are webhooks to open, and messages to handle."""

    webhooks: bool
    messages: bool


_ANY_DUE: Final = Prepared(
    select(WEBHOOKS_DUE.exists.label("webhooks"), ITEMS_DUE.exists.label("messages")), _Due
)


async def handle_due(database: Database, clock: Clock, limit: int, handler: Handler) -> int:
    """Take apart and handle what is due; return how many webhooks and messages that were."""
    async with database.read() as session:
        [due] = await _ANY_DUE.all(session, now=clock())
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
