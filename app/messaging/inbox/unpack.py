"""Unpacks stored webhooks into messages, statuses and platform events, in the order in which they came.

One process at a time unpacks. With several, a person's second message could be stored and answered before the
first. Unpacking is cheap, and all processes share the handling of messages.
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
from app.database.session import Database, keyring, savepoint
from app.database.statements import insert_if_absent, table
from app.database.wakeups import wake_loops
from app.messaging import platform_events
from app.messaging.contacts import identify
from app.messaging.inbound import Inbound, InboundKind, Parsed
from app.messaging.inbox.bursts import Holds, hold_text
from app.messaging.inbox.webhook_queue import WebhookQueue
from app.messaging.models import EVENT, ITEM, Channel, InboxItem, WebhookEvent, WebhookState
from app.messaging.outbox import statuses, told
from app.messaging.quiet_hours import STAYS_AWAKE
from app.messaging.rules import WINDOW

WHATSAPP: Final = Channel.WHATSAPP.value
_OPENER: Final = 716401733
"""The advisory lock of the process that unpacks."""
OPENING_SECONDS: Final = 10
"""How long unpacking one event may take; it takes milliseconds."""
LEASE: Final = dt.timedelta(seconds=15)
"""How long the next events wait after a process was killed while it unpacked one."""

type Parse = Callable[[bytes], Parsed]
type Begin = Callable[[UUID, UUID, dt.datetime], dt.datetime]
"""Takes a message's id, its person's id and the time; returns the end of the lease of its first try.

The caller handles this message at once after it is stored.
"""

EVENTS: Final = WebhookQueue(WHATSAPP, "inbox_dead", OPENING_SECONDS, LEASE, opener=_OPENER)
WEBHOOKS_DUE: Final = EVENTS.due


async def open_due(
    database: Database,
    clock: Clock,
    limit: int,
    parse: Parse,
    begin: Begin | None = None,
    holds: Holds | None = None,
) -> int:
    """Unpack up to `limit` events, unless another process does; return how many that were.

    With `begin`, the first event's message, if it is the only one, is stored with its first try counted. That
    saves the transaction which would count it. A message that `begin` was called for may not be stored after
    all. The caller counts the tries of all others together. With `holds`, texts are held for more of a burst.
    """
    begin_first = [begin]

    async def handle(session: AsyncSession, event: WebhookEvent) -> None:
        await _unpack_event(
            session, event, parse, clock(), begin_first.pop() if begin_first else None, holds
        )

    async def salvage(event_id: UUID, _error: Exception) -> bool:
        return await _unpack_item_by_item(database, event_id, parse, clock(), holds)

    return await EVENTS.handle_due(database, clock, limit, handle, salvage)


_UNHEARD: Final = frozenset(
    {InboundKind.MOVED, InboundKind.PREFERENCE, InboundKind.REACTION, InboundKind.EDIT}
)
"""They end no burst: nobody is answered."""
_KNOWN: Final = select(table(InboxItem).c.id).where(
    table(InboxItem).c.channel == WHATSAPP,
    table(InboxItem).c.message_id == bindparam("message_id"),
)


async def _unpack_event(
    session: AsyncSession,
    event: WebhookEvent,
    parse: Parse,
    now: dt.datetime,
    begin: Begin | None,
    holds: Holds | None,
) -> None:
    parsed = parse(keyring(session).open(event.body_sealed, EVENT).encode())
    alone = len(parsed.messages) == 1
    for inbound in _in_lock_order(parsed):
        await _add_item(session, inbound, now, begin if alone else None, holds)
    await statuses.apply(session, parsed.statuses, now)
    await platform_events.record_events(session, event.id, parsed.notices, now)
    _finish(event, parsed.set_aside, now)


async def _unpack_item_by_item(
    database: Database, event_id: UUID, parse: Parse, now: dt.datetime, holds: Holds | None
) -> bool:
    """Unpack an event that failed as a whole item by item, so that only bad items are lost.

    Returns False if anything fails for another reason than its data; then the whole is retried later.
    """
    try:
        async with asyncio.timeout(OPENING_SECONDS), database.begin() as session:
            event = await session.get(WebhookEvent, event_id, with_for_update=True)
            if event is None or event.state != WebhookState.WAITING:
                return True
            parsed = parse(keyring(session).open(event.body_sealed, EVENT).encode())
            aside = list(parsed.set_aside)
            steps: list[Callable[[AsyncSession], Awaitable[Any]]] = [
                *(
                    partial(_add_item, inbound=each, now=now, holds=holds)
                    for each in _in_lock_order(parsed)
                ),
                *(partial(statuses.apply, updates=[each], now=now) for each in parsed.statuses),
            ]
            for step in steps:
                try:
                    async with savepoint(session):
                        await step(session)
                except Exception as failed:
                    if not is_of_the_data(failed):
                        raise
                    aside.append(type(failed).__name__)
            await platform_events.record_events(session, event.id, parsed.notices, now)
            _finish(event, aside, now)
            event.lease_until = None
    except Exception as again:  # noqa: BLE001 - the caller records it and retries the whole
        logger().error("webhook_failed_again", webhook_id=str(event_id), exc_info=again)
        return False
    return True


def _in_lock_order(parsed: Parsed) -> list[Inbound]:
    """Return the messages in the same order everywhere, which prevents deadlocks."""
    return sorted(parsed.messages, key=lambda each: (each.platform_id or "", each.phone_from or ""))


def _finish(event: WebhookEvent, aside: Sequence[str], now: dt.datetime) -> None:
    if aside:
        event.set_aside = len(aside)
        event.error = f"{len(aside)} set aside: {aside[0]}"[:300]
        ALERTS.labels("webhook_items_set_aside").inc()
        logger().warning("webhook_items_set_aside", webhook_id=str(event.id), count=len(aside))
    else:
        # Its items have rows of their own, which an erasure finds; it would not find them here.
        event.body_sealed, event.error = b"", None
    event.state, event.handled_at = WebhookState.HANDLED, now


async def _add_item(
    session: AsyncSession,
    inbound: Inbound,
    now: dt.datetime,
    begin: Begin | None = None,
    holds: Holds | None = None,
) -> None:
    known = await session.scalar(_KNOWN, {"message_id": inbound.message_id})
    if known is not None or inbound.in_group:
        return
    # Or a clock that runs ahead would make all later messages too old.
    inbound = replace(inbound, sent_at=min(inbound.sent_at, now))
    person = await identify.resolve_contact(session, WHATSAPP, inbound, now)
    wrote_at = person.last_inbound_at
    if inbound.kind not in {InboundKind.MOVED, InboundKind.PREFERENCE}:
        # By the platform's clock, unless the window would be long closed: then one refused try, which
        # closes it, costs less than silence.
        at = inbound.sent_at if now - inbound.sent_at < WINDOW else now
        before = person.last_inbound_at
        person.last_inbound_at = max(before or at, at)
        if before is None or before + STAYS_AWAKE < now:
            # Once as they wake: while they are awake nothing is set aside for the end of the quiet hours.
            await told.release_quiet_of(session, person, now)
    await session.flush()
    due_at = now
    if holds is not None and inbound.kind not in _UNHEARD:
        due_at = await hold_text(session, person.id, inbound, wrote_at, now)
        if due_at > now:
            begin = None
            holds.until = max(holds.until or due_at, due_at)
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
            "due_at": due_at,
            "sent_at": inbound.sent_at,
            "received_at": now,
        },
    )
    if stored and lease_until is None:
        wake_loops(session, "inbox")
