"""What arrived: stored before it is acknowledged, taken apart, and handled once, in order.

A webhook is one row of `webhook_events`; each message in it becomes one row of `inbox`, unique by its
id, so a redelivery has no second effect (`opening`). People are handled side by side, one person's
messages one after another. Each message is handled in one transaction with everything that follows
from it.
"""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Sequence
from operator import itemgetter
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import Integer, bindparam, exists, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.ids import new_id
from app.core.logging import logger
from app.db import Database, keyring, wake_loops
from app.due import Due, Look
from app.messaging.inbound import Inbound, Parsed
from app.messaging.models import ChatPerson, InboxItem, WebhookEvent, WebhookState
from app.messaging.opening import EVENT, ITEM, WEBHOOKS_DUE, WHATSAPP, Clock, open_due, set_back
from app.prepared import PreparedInsert
from app.sql import is_one_of, table

__all__ = ["ITEM", "WHATSAPP", "Clock", "Handler", "handle_due", "store_events"]

SIDE_BY_SIDE: Final = 8
"""People handled at once by one process."""
IN_A_ROW: Final = 20
"""Messages of one person in one round: who writes without end keeps nobody else waiting."""


class Handler(Protocol):
    """What a channel's webhooks mean, and what follows from a message."""

    def parse(self, body: bytes) -> Parsed:
        """Return everything in a webhook; never raises."""
        ...

    async def handle(
        self, session: AsyncSession, person: ChatPerson, inbound: Inbound, now: dt.datetime
    ) -> None:
        """Do what a message asks for, in this transaction."""
        ...


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


_ITEMS: Final = table(InboxItem).c
ITEMS_DUE: Final = Due(
    is_one_of(_ITEMS.state, [WebhookState.WAITING]), _ITEMS.due_at <= bindparam("now")
)
_LOOK: Final = Look(or_(WEBHOOKS_DUE.any, ITEMS_DUE.any))


async def handle_due(database: Database, clock: Clock, limit: int, handler: Handler) -> int:
    """Take apart and handle what is due; return how many webhooks and messages that were."""
    if not await _LOOK.finds(database, clock()):
        return 0
    opened = await open_due(database, clock, limit, handler.parse)
    handled = await _handle_items(database, clock, limit, handler)
    return opened + handled


# ── Messages, in order for each person ───────────────────────────────────────────────────────────


async def _handle_items(database: Database, clock: Clock, limit: int, handler: Handler) -> int:
    async with database.read() as session:
        waiting = await _people_waiting(session, clock(), limit)
    if not waiting:
        return 0
    at_once = asyncio.Semaphore(SIDE_BY_SIDE if database.is_postgresql else 1)

    async def one(person_id: UUID) -> int:
        async with at_once:
            return await _handle_person(database, clock, person_id, handler)

    return sum(await asyncio.gather(*(one(person_id) for person_id in waiting)))


_OLDER: Final = aliased(InboxItem)
_PEOPLE_WAITING: Final = (
    select(InboxItem.person_id)
    .where(
        *ITEMS_DUE.conditions,
        ~exists().where(
            _OLDER.person_id == InboxItem.person_id,
            _OLDER.state == WebhookState.WAITING,
            tuple_(_OLDER.sent_at, _OLDER.id) < tuple_(InboxItem.sent_at, InboxItem.id),
        ),
    )
    .order_by(InboxItem.due_at)
    .limit(bindparam("limit", type_=Integer))
)
_PERSON: Final = (
    select(ChatPerson)
    .where(ChatPerson.id == bindparam("person_id"))
    .with_for_update(skip_locked=True)
)
_NEXT_ITEMS: Final = (
    select(InboxItem)
    .where(InboxItem.person_id == bindparam("person_id"), InboxItem.state == WebhookState.WAITING)
    .order_by(InboxItem.sent_at, InboxItem.id)
    .limit(2)
)
"""The second tells whether to look again: what is opened meanwhile wakes the loop when that is over."""


async def _people_waiting(session: AsyncSession, now: dt.datetime, limit: int) -> Sequence[UUID]:
    """Return whose oldest message is due; what waits behind one that is set back is no reason."""
    return list(await session.scalars(_PEOPLE_WAITING, {"now": now, "limit": limit}))


async def _handle_person(
    database: Database, clock: Clock, person_id: UUID, handler: Handler
) -> int:
    """Handle what one person sent, oldest first, each message in a transaction of its own."""
    for handled in range(IN_A_ROW):
        item_id: UUID | None = None
        try:
            async with database.begin() as session:
                now = clock()
                person = await session.scalar(_PERSON, {"person_id": person_id})
                if person is None:
                    return handled
                items = await _next_items(session, person_id)
                if not items or items[0].due_at > now:
                    return handled
                more = len(items) > 1
                item_id = items[0].id
                if more and handled + 1 == IN_A_ROW:
                    wake_loops(session, "inbox")
                await _handle(session, person, items[0], handler, now)
        except Exception as error:
            if item_id is None:
                raise
            logger().error("message_handling_failed", message_id=str(item_id), exc_info=error)
            async with database.begin() as session:
                failed = await session.get(InboxItem, item_id, with_for_update=True)
                if failed is not None:
                    set_back(failed, error, clock())
            return handled
        if not more:
            return handled + 1
    return IN_A_ROW


async def _handle(
    session: AsyncSession,
    person: ChatPerson,
    item: InboxItem,
    handler: Handler,
    now: dt.datetime,
) -> None:
    inbound = Inbound.from_json(keyring(session).open_json(item.body_sealed, ITEM))
    item.state, item.handled_at, item.error = WebhookState.HANDLED, now, None
    if person.phone_index is None and person.platform_user_id is None:
        item.error = "forgotten"  # they had everything deleted, and nobody is left to answer
        return
    await handler.handle(session, person, inbound, now)


async def _next_items(session: AsyncSession, person_id: UUID) -> Sequence[InboxItem]:
    return (await session.scalars(_NEXT_ITEMS, {"person_id": person_id})).all()
