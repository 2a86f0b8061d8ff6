"""One round of the inbox: unpacks due webhooks and handles due messages.

A webhook is one row of `webhook_events` (`group_commit`). Each message in it becomes one row of `inbox`, unique by
its id, so a redelivery has no second effect (`unpack`). Then the messages are handled (`handle_messages`).
"""

from typing import Final, NamedTuple

from sqlalchemy import select

from app.core.clocks import Clock
from app.database.fast_reads import Prepared
from app.database.session import Database
from app.messaging.inbox.bursts import Holds
from app.messaging.inbox.handle_messages import ITEMS_DUE, Handler, Round, handle_items, release
from app.messaging.inbox.unpack import WEBHOOKS_DUE, open_due

_LATER_SECONDS: Final = 0.01
"""After a hold: a timer that fires early would find nothing due."""


class _Due(NamedTuple):
    """Whether webhooks and messages are due."""

    webhooks: bool
    messages: bool


_ANY_DUE: Final = Prepared(
    select(WEBHOOKS_DUE.exists.label("webhooks"), ITEMS_DUE.exists.label("messages")), _Due
)


async def handle_due(
    database: Database, clock: Clock, limit: int, handler: Handler, *, bursts: bool = False
) -> int:
    """Unpack and handle what is due; return how many webhooks and messages that were.

    With `bursts`, texts are held for a moment and read together (`app.messaging.inbox.bursts`).
    """
    async with database.read() as session:
        [due] = await _ANY_DUE.all(session, now=clock())
    if not any(due):
        return 0
    holds = Holds() if bursts else None
    round_ = Round(clock, handler, bursts=bursts)
    try:
        opened = 0
        if due.webhooks:
            opened = await open_due(database, clock, limit, handler.parse, round_.begin, holds)
            if holds is not None and holds.until is not None:
                pause = holds.until - clock()
                database.wakeups.wake_later("inbox", pause.total_seconds() + _LATER_SECONDS)
        # A lone webhook with one message, begun already, has made no other message due.
        more = due.messages or opened != len(round_.stored)
        handled = await handle_items(database, round_, limit if more else 0)
    finally:
        if round_.begun:
            await release(database, round_)
    return opened + handled
