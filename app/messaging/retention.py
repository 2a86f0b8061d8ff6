"""What messages leave behind: after a while only that they were there.

Bodies and recipients are personal, and of no use once a message is settled. Keys and ids stay, because
they keep a late duplicate from being handled again.
"""

import datetime as dt
from typing import Any, Final

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.models import (
    ChatPerson,
    InboxItem,
    OutboxMessage,
    OutboxState,
    WebhookEvent,
    WebhookState,
)
from app.sql import rows_changed

SENT_KEPT: Final = dt.timedelta(days=90)
"""What was sent, for support and the person's own export."""
RECEIVED_KEPT: Final = dt.timedelta(days=30)
"""What came in and could not be read wholly; platforms repeat their events for a week at most."""
WORDS_KEPT: Final = dt.timedelta(days=7)
"""What people wrote, so that whoever takes a conversation over sees what it is about; while a human is
wanted it stays, `RECEIVED_KEPT` at most."""

_SETTLED: Final = (
    OutboxState.DELIVERED,
    OutboxState.READ,
    OutboxState.SENT,
    OutboxState.ACCEPTED,
    OutboxState.FAILED,
    OutboxState.SUPPRESSED,
)


async def forget_bodies(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Empty the bodies of what was settled long ago, `limit` of each kind; return how many."""
    sent = (OutboxMessage.updated_at < now - SENT_KEPT, OutboxMessage.state.in_(_SETTLED))
    handled = (
        WebhookEvent.handled_at < now - RECEIVED_KEPT,
        WebhookEvent.state == WebhookState.HANDLED,
    )
    paused = select(ChatPerson.id).where(ChatPerson.paused_at.is_not(None))
    read = (
        InboxItem.handled_at < now - WORDS_KEPT,
        InboxItem.state == WebhookState.HANDLED,
        or_(
            InboxItem.handled_at < now - RECEIVED_KEPT,
            InboxItem.person_id.not_in(paused),
        ),
    )
    return sum(
        [
            await _empty(session, OutboxMessage, OutboxMessage.params_sealed, sent, limit),
            await _empty(session, OutboxMessage, OutboxMessage.recipient_sealed, sent, limit),
            await _empty(session, WebhookEvent, WebhookEvent.body_sealed, handled, limit),
            await _empty(session, InboxItem, InboxItem.body_sealed, read, limit),
        ]
    )


async def _empty(
    session: AsyncSession, table: Any, column: Any, which: tuple[Any, ...], limit: int
) -> int:
    full = select(table.id).where(*which, column != b"").limit(limit)
    statement = (
        update(table)
        .where(table.id.in_(full))
        .values({column: b""})
        .execution_options(synchronize_session=False)
    )
    return await rows_changed(session, statement)
