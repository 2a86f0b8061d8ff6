"""What arrived: stored before it is acknowledged, taken apart, and handled once, in order.

A webhook is one row of `webhook_events`; each message in it becomes one row of `inbox`, unique by its
id, so a redelivery has no second effect. People are handled side by side, one person's messages one
after another. Each message is handled in one transaction with everything that follows from it.
"""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.db import Database, claim_limit, keyring, wake_loops
from app.messaging import notices, people, statuses
from app.messaging.inbound import Inbound, InboundKind, Parsed
from app.messaging.models import (
    Channel,
    ChatPerson,
    InboxItem,
    WebhookEvent,
    WebhookState,
)
from app.messaging.outbox import insert_if_absent
from app.messaging.rules import WINDOW

WHATSAPP: Final = Channel.WHATSAPP.value
MAX_ATTEMPTS: Final = 5
SIDE_BY_SIDE: Final = 8
"""People handled at once by one process."""
_EVENT: Final = "webhook"
ITEM: Final = "inbox"

type Clock = Callable[[], dt.datetime]


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


async def store_event(session: AsyncSession, provider: str, body: bytes, now: dt.datetime) -> bool:
    """Keep a verified webhook; return False when the very same bytes were kept before."""
    stored = await insert_if_absent(
        session,
        WebhookEvent,
        {
            "id": new_id(),
            "provider": provider,
            "event_id": hashlib.sha256(body).hexdigest(),
            "kind": "batch",
            "body_sealed": keyring(session).seal(body.decode("utf-8", "replace"), _EVENT),
            "state": WebhookState.WAITING,
            "attempts": 0,
            "due_at": now,
            "received_at": now,
        },
    )
    if stored:
        wake_loops(session, "inbox")
    return stored


async def handle_due(database: Database, clock: Clock, limit: int, handler: Handler) -> int:
    """Take apart and handle what is due; return how many webhooks and messages that were."""
    opened = await _open_events(database, clock, limit, handler)
    handled = await _handle_items(database, clock, limit, handler)
    return opened + handled


# ── Webhooks into messages ───────────────────────────────────────────────────────────────────────


async def _open_events(database: Database, clock: Clock, limit: int, handler: Handler) -> int:
    done = 0
    while done < limit:
        event_id: UUID | None = None
        try:
            async with database.begin() as session:
                event = await _next_event(session, clock())
                if event is None:
                    return done
                event_id = event.id
                await _open_event(session, event, handler, clock())
        except Exception as error:
            if event_id is None:
                raise
            logger().error("webhook_failed", webhook_id=str(event_id), exc_info=error)
            async with database.begin() as session:
                failed = await session.get(WebhookEvent, event_id, with_for_update=True)
                if failed is not None:
                    _set_back(failed, error, clock())
        done += 1
    return done


async def _next_event(session: AsyncSession, now: dt.datetime) -> WebhookEvent | None:
    query = (
        select(WebhookEvent)
        .where(
            WebhookEvent.state == WebhookState.WAITING,
            WebhookEvent.provider == WHATSAPP,
            WebhookEvent.due_at <= now,
        )
        .order_by(WebhookEvent.due_at, WebhookEvent.id)
        .limit(1)
    )
    event: WebhookEvent | None = await session.scalar(claim_limit(session, query))
    return event


async def _open_event(
    session: AsyncSession, event: WebhookEvent, handler: Handler, now: dt.datetime
) -> None:
    parsed = handler.parse(keyring(session).open(event.body_sealed, _EVENT).encode())
    # In one order everywhere, so that two processes never wait for each other.
    for inbound in sorted(
        parsed.messages, key=lambda each: (each.platform_id or "", each.phone_from or "")
    ):
        await _add_item(session, inbound, now)
    await statuses.apply(session, parsed.statuses, now)
    await notices.apply(session, event.id, parsed.notices, now)
    if parsed.set_aside:
        event.set_aside = len(parsed.set_aside)
        event.error = f"{len(parsed.set_aside)} set aside: {parsed.set_aside[0]}"[:300]
        logger().warning(
            "webhook_items_set_aside", webhook_id=str(event.id), count=len(parsed.set_aside)
        )
    event.state, event.handled_at = WebhookState.HANDLED, now


async def _add_item(session: AsyncSession, inbound: Inbound, now: dt.datetime) -> None:
    known = await session.scalar(
        select(InboxItem.id).where(
            InboxItem.channel == WHATSAPP, InboxItem.message_id == inbound.message_id
        )
    )
    if known is not None or inbound.in_group:
        return
    person = await people.meet(session, WHATSAPP, inbound, now)
    if inbound.kind not in {InboundKind.MOVED, InboundKind.PREFERENCE}:
        # By the platform's clock, unless that tells of a window that is long closed: then a try costs
        # less than silence, and its refusal closes the window.
        fresh = dt.timedelta(0) <= now - inbound.sent_at < WINDOW
        heard = inbound.sent_at if fresh else now
        person.last_inbound_at = max(person.last_inbound_at or heard, heard)
    await session.flush()
    await insert_if_absent(
        session,
        InboxItem,
        {
            "id": new_id(),
            "channel": WHATSAPP,
            "message_id": inbound.message_id,
            "person_id": person.id,
            "body_sealed": keyring(session).seal_json(inbound.as_json(), ITEM),
            "state": WebhookState.WAITING,
            "attempts": 0,
            "due_at": now,
            "sent_at": inbound.sent_at,
            "received_at": now,
        },
    )


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


async def _people_waiting(session: AsyncSession, now: dt.datetime, limit: int) -> Sequence[UUID]:
    query = (
        select(InboxItem.person_id)
        .where(InboxItem.state == WebhookState.WAITING, InboxItem.due_at <= now)
        .order_by(InboxItem.due_at)
        .limit(limit)
    )
    return list(dict.fromkeys(await session.scalars(query)))


async def _handle_person(
    database: Database, clock: Clock, person_id: UUID, handler: Handler
) -> int:
    """Handle what one person sent, oldest first, each message in a transaction of its own."""
    handled = 0
    while True:
        item_id: UUID | None = None
        try:
            async with database.begin() as session:
                now = clock()
                query = select(ChatPerson).where(ChatPerson.id == person_id)
                person = await session.scalar(claim_limit(session, query))
                item = await _next_item(session, person_id) if person is not None else None
                if person is None or item is None or item.due_at > now:
                    return handled
                item_id = item.id
                inbound = Inbound.from_json(keyring(session).open_json(item.body_sealed, ITEM))
                await handler.handle(session, person, inbound, now)
                item.state, item.handled_at, item.error = WebhookState.HANDLED, now, None
        except Exception as error:
            if item_id is None:
                raise
            logger().error("message_handling_failed", message_id=str(item_id), exc_info=error)
            async with database.begin() as session:
                failed = await session.get(InboxItem, item_id, with_for_update=True)
                if failed is not None:
                    _set_back(failed, error, clock())
            return handled
        handled += 1


async def _next_item(session: AsyncSession, person_id: UUID) -> InboxItem | None:
    query = (
        select(InboxItem)
        .where(InboxItem.person_id == person_id, InboxItem.state == WebhookState.WAITING)
        .order_by(InboxItem.sent_at, InboxItem.id)
        .limit(1)
    )
    item: InboxItem | None = await session.scalar(query)
    return item


def _set_back(row: WebhookEvent | InboxItem, error: Exception, now: dt.datetime) -> None:
    """Try again a little later, and after some tries leave it to an administrator."""
    row.attempts += 1
    row.error = type(error).__name__
    row.due_at = now + dt.timedelta(seconds=2**row.attempts)
    if row.attempts >= MAX_ATTEMPTS:
        row.state = WebhookState.DEAD
        ALERTS.labels("inbox_dead").inc()
