"""Webhooks into messages: each stored event is taken apart once, in the order in which they came.

One process at a time opens them. With several, a person's second message could be there, and be
answered, before the first one is; opening is cheap, and the work that follows is shared by all.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.db import Database, keyring, wake_loops
from app.due import Due
from app.messaging import notices, people, statuses
from app.messaging.inbound import Inbound, InboundKind, Parsed
from app.messaging.models import Channel, InboxItem, WebhookEvent, WebhookState
from app.messaging.rules import WINDOW
from app.sql import insert_if_absent, is_one_of, is_postgresql, table

WHATSAPP: Final = Channel.WHATSAPP.value
EVENT: Final = "webhook"
"""What a stored event is sealed as."""
ITEM: Final = "inbox"
"""What a stored message is sealed as."""
MAX_ATTEMPTS: Final = 5
_OPENER: Final = 716401733
"""The advisory lock of whoever opens events."""
_UNSTORABLE: Final = frozenset({"22", "23"})
"""PostgreSQL's classes of errors (SQLSTATE) that are the data's own fault."""

type Clock = Callable[[], dt.datetime]
type Parse = Callable[[bytes], Parsed]


async def open_due(database: Database, clock: Clock, limit: int, parse: Parse) -> int:
    """Take up to `limit` events apart; return how many that were. Another who does it is left to it.

    So whoever does it looks once more at the end: what was stored meanwhile found nobody else.
    """
    done, more = 0, True
    while done < limit and (more or await WEBHOOKS_DUE.finds(database, clock())):
        event_id: UUID | None = None
        try:
            async with database.begin() as session:
                events = await _next_events(session, clock())
                if not events:
                    return done
                more = len(events) > 1
                event_id = events[0].id
                await _open_event(session, events[0], parse, clock())
        except Exception as error:
            if event_id is None:
                raise
            logger().error("webhook_failed", webhook_id=str(event_id), exc_info=error)
            await _open_apart(database, event_id, parse, clock(), error)
        done += 1
    return done


_WE_OPEN: Final = select(text(f"pg_try_advisory_xact_lock({_OPENER})"))
_EVENTS: Final = table(WebhookEvent).c
WEBHOOKS_DUE: Final = Due(
    is_one_of(_EVENTS.state, [WebhookState.WAITING]),
    _EVENTS.provider == WHATSAPP,
    _EVENTS.due_at <= bindparam("now"),
)
_NEXT: Final = (
    select(WebhookEvent)
    .where(*WEBHOOKS_DUE.conditions)
    .order_by(WebhookEvent.due_at, WebhookEvent.id)
    .limit(2)
    .with_for_update(skip_locked=True)
)
_KNOWN: Final = select(table(InboxItem).c.id).where(
    table(InboxItem).c.channel == WHATSAPP,
    table(InboxItem).c.message_id == bindparam("message_id"),
)


async def _next_events(session: AsyncSession, now: dt.datetime) -> Sequence[WebhookEvent]:
    """Return the next to open, and one more where there is one: it tells whether to look again."""
    if is_postgresql(session) and not await session.scalar(_WE_OPEN):
        return ()
    return (await session.scalars(_NEXT, {"now": now})).all()


async def _open_event(
    session: AsyncSession, event: WebhookEvent, parse: Parse, now: dt.datetime
) -> None:
    parsed = parse(keyring(session).open(event.body_sealed, EVENT).encode())
    for inbound in _in_lock_order(parsed):
        await _add_item(session, inbound, now)
    await statuses.apply(session, parsed.statuses, now)
    await notices.apply(session, event.id, parsed.notices, now)
    _finish(event, parsed.set_aside, now)


async def _open_apart(
    database: Database, event_id: UUID, parse: Parse, now: dt.datetime, error: Exception
) -> None:
    """Open an event that failed as a whole item by item, so that only what is bad in it is lost.

    What fails for another reason than its own data is tried again as a whole, a little later.
    """
    try:
        async with database.begin() as session:
            event = await session.get(WebhookEvent, event_id, with_for_update=True)
            if event is None or event.state != WebhookState.WAITING:
                return
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
                    if not _own_fault(failed):
                        raise
                    aside.append(type(failed).__name__)
            await notices.apply(session, event.id, parsed.notices, now)
            _finish(event, aside, now)
    except Exception as again:  # noqa: BLE001 - noted on the event, and tried again as a whole
        logger().error("webhook_failed_again", webhook_id=str(event_id), exc_info=again)
        async with database.begin() as session:
            failed_event = await session.get(WebhookEvent, event_id, with_for_update=True)
            if failed_event is not None:
                set_back(failed_event, error, now)


def _own_fault(error: Exception) -> bool:
    """Whether a fresh start could not help, because the data itself can't be stored."""
    if isinstance(error, OperationalError):
        return False
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", None) or "22")[:2] in _UNSTORABLE
    return isinstance(error, ValueError | TypeError | LookupError | AttributeError)


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
        event.body_sealed = b""
    event.state, event.handled_at = WebhookState.HANDLED, now


async def _add_item(session: AsyncSession, inbound: Inbound, now: dt.datetime) -> None:
    known = await session.scalar(_KNOWN, {"message_id": inbound.message_id})
    if known is not None or inbound.in_group:
        return
    # A clock that runs ahead must not make everything that follows too late to be heard.
    inbound = replace(inbound, sent_at=min(inbound.sent_at, now))
    person = await people.meet(session, WHATSAPP, inbound, now)
    if inbound.kind not in {InboundKind.MOVED, InboundKind.PREFERENCE}:
        # By the platform's clock, unless that tells of a window that is long closed: then a try costs
        # less than silence, and its refusal closes the window.
        heard = inbound.sent_at if now - inbound.sent_at < WINDOW else now
        person.last_inbound_at = max(person.last_inbound_at or heard, heard)
    await session.flush()
    stored = await insert_if_absent(
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
    if stored:
        wake_loops(session, "inbox")


def set_back(row: WebhookEvent | InboxItem, error: Exception, now: dt.datetime) -> None:
    """Try again a little later, and after some tries leave it to an administrator."""
    if row.state != WebhookState.WAITING:
        return
    row.attempts += 1
    row.error = type(error).__name__
    row.due_at = now + dt.timedelta(seconds=2**row.attempts)
    if row.attempts >= MAX_ATTEMPTS:
        row.state = WebhookState.DEAD
        ALERTS.labels("inbox_dead").inc()
