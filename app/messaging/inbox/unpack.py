"""Webhooks into messages: each stored event is taken apart once, in the order in which they came.

One process at a time opens them. With several, a person's second message could be there, and be
answered, before the first one is; opening is cheap, and the work that follows is shared by all.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.tries import is_of_the_data
from app.core.clocks import Clock
from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.session import Database, keyring
from app.database.statements import insert_if_absent, table
from app.database.wakeups import wake_loops
from app.messaging import platform_events
from app.messaging.contacts import identify
from app.messaging.inbound import Inbound, InboundKind, Parsed
from app.messaging.inbox.webhook_queue import WebhookQueue
from app.messaging.models import EVENT, ITEM, Channel, InboxItem, WebhookEvent, WebhookState
from app.messaging.outbox import statuses
from app.messaging.rules import WINDOW

WHATSAPP: Final = Channel.WHATSAPP.value
_OPENER: Final = 716401733
"""The advisory lock of whoever opens events."""
OPENING_SECONDS: Final = 10
"""How long opening one event may take; it takes milliseconds."""
LEASE: Final = dt.timedelta(seconds=15)
"""How long a process that was killed while it opened an event keeps the next ones waiting."""

type Parse = Callable[[bytes], Parsed]
type Begin = Callable[[UUID, UUID, dt.datetime], dt.datetime]
"""Notes that a message (its id, its person's) that is stored now will be handled at once by the caller.

Returns until when that first try of it keeps other processes away.
"""

EVENTS: Final = WebhookQueue(WHATSAPP, "inbox_dead", OPENING_SECONDS, LEASE, opener=_OPENER)
WEBHOOKS_DUE: Final = EVENTS.due


async def open_due(
    database: Database, clock: Clock, limit: int, parse: Parse, begin: Begin | None = None
) -> int:
    """Take up to `limit` events apart; return how many that were. Another who does it is left to it.

    Where `begin` is given, the message of the first event, if it holds one alone, is stored with its first
    try counted: that saves the transaction which would count it. Whatever `begin` was told may not be
    stored after all. Messages of further events are counted together, by the caller.
    """
    unopened = [begin]

    async def handle(session: AsyncSession, event: WebhookEvent) -> None:
        await _open_event(session, event, parse, clock(), unopened.pop() if unopened else None)

    async def salvage(event_id: UUID, _error: Exception) -> bool:
        return await _open_apart(database, event_id, parse, clock())

    return await EVENTS.handle_due(database, clock, limit, handle, salvage)


_KNOWN: Final = select(table(InboxItem).c.id).where(
    table(InboxItem).c.channel == WHATSAPP,
    table(InboxItem).c.message_id == bindparam("message_id"),
)


async def _open_event(
    session: AsyncSession, event: WebhookEvent, parse: Parse, now: dt.datetime, begin: Begin | None
) -> None:
    parsed = parse(keyring(session).open(event.body_sealed, EVENT).encode())
    alone = len(parsed.messages) == 1
    for inbound in _in_lock_order(parsed):
        await _add_item(session, inbound, now, begin if alone else None)
    await statuses.apply(session, parsed.statuses, now)
    await platform_events.record_events(session, event.id, parsed.notices, now)
    _finish(event, parsed.set_aside, now)


async def _open_apart(database: Database, event_id: UUID, parse: Parse, now: dt.datetime) -> bool:
    """Open an event that failed as a whole item by item, so that only what is bad in it is lost.

    What fails for another reason than its own data is tried again as a whole, a little later: False.
    """
    try:
        async with asyncio.timeout(OPENING_SECONDS), database.begin() as session:
            event = await session.get(WebhookEvent, event_id, with_for_update=True)
            if event is None or event.state != WebhookState.WAITING:
                return True
            parsed = parse(keyring(session).open(event.body_sealed, EVENT).encode())
            aside = list(parsed.set_aside)
            steps: list[Callable[[AsyncSession], Awaitable[Any]]] = [
                *(partial(_add_item, inbound=each, now=now) for each in _in_lock_order(parsed)),
                *(partial(statuses.apply, updates=[each], now=now) for each in parsed.statuses),
            ]
            for step in steps:
                try:
                    async with session.begin_nested():
                        await step(session)
                except Exception as failed:
                    if not is_of_the_data(failed):
                        raise
                    aside.append(type(failed).__name__)
            await platform_events.record_events(session, event.id, parsed.notices, now)
            _finish(event, aside, now)
            event.lease_until = None
    except Exception as again:  # noqa: BLE001 - the caller notes it, and tries again as a whole
        logger().error("webhook_failed_again", webhook_id=str(event_id), exc_info=again)
        return False
    return True


def _in_lock_order(parsed: Parsed) -> list[Inbound]:
    """In one order everywhere, so that two processes never wait for each other."""
    return sorted(parsed.messages, key=lambda each: (each.platform_id or "", each.phone_from or ""))


def _finish(event: WebhookEvent, aside: Sequence[str], now: dt.datetime) -> None:
    if aside:
        event.set_aside = len(aside)
        event.error = f"{len(aside)} set aside: {aside[0]}"[:300]
        ALERTS.labels("webhook_items_set_aside").inc()
        logger().warning("webhook_items_set_aside", webhook_id=str(event.id), count=len(aside))
    else:
        # All of it is in rows of its own, which an erasure finds; here nobody would find it.
        event.body_sealed, event.error = b"", None
    event.state, event.handled_at = WebhookState.HANDLED, now


async def _add_item(
    session: AsyncSession, inbound: Inbound, now: dt.datetime, begin: Begin | None = None
) -> None:
    known = await session.scalar(_KNOWN, {"message_id": inbound.message_id})
    if known is not None or inbound.in_group:
        return
    # A clock that runs ahead must not make everything that follows too late to be heard.
    inbound = replace(inbound, sent_at=min(inbound.sent_at, now))
    person = await identify.resolve_contact(session, WHATSAPP, inbound, now)
    if inbound.kind not in {InboundKind.MOVED, InboundKind.PREFERENCE}:
        # By the platform's clock, unless that tells of a window that is long closed: then a try costs
        # less than silence, and its refusal closes the window.
        heard = inbound.sent_at if now - inbound.sent_at < WINDOW else now
        person.last_inbound_at = max(person.last_inbound_at or heard, heard)
    await session.flush()
    item_id = new_id()
    lease_until = begin(item_id, person.id, now) if begin is not None else None
    stored = await insert_if_absent(
        session,
        InboxItem,
        {
            "id": item_id,
            "channel": WHATSAPP,
            "message_id": inbound.message_id,
            "person_id": person.id,
            "body_sealed": keyring(session).seal_json(inbound.as_json(), ITEM),
            "state": WebhookState.WAITING,
            "attempts": 0 if lease_until is None else 1,
            "lease_until": lease_until,
            "due_at": now,
            "sent_at": inbound.sent_at,
            "received_at": now,
        },
    )
    if stored and lease_until is None:
        wake_loops(session, "inbox")
