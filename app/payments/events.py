"""The provider's events: stored as they came, then each handled in one transaction."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.db import Database, keyring, wake_loops
from app.due import Due
from app.messaging.models import WebhookEvent, WebhookState
from app.payments import disputes, refunds, settle
from app.payments.models import Payment
from app.payments.provider import (
    AttemptFailed,
    CheckoutChanged,
    DisputeChanged,
    ProviderEvent,
    RefundChanged,
)
from app.payments.rules import OPEN, PaymentAction
from app.sql import insert_if_absent, is_one_of, table

PROVIDER = "stripe"
MAX_ATTEMPTS = 10
_CONTEXT = "webhook"
_FIRST_WAIT = dt.timedelta(seconds=5)
_LONGEST_WAIT = dt.timedelta(hours=1)

type Parse = Callable[[Mapping[str, Any]], ProviderEvent | None]


async def store(session: AsyncSession, event: Mapping[str, Any], now: dt.datetime) -> bool:
    """Keep a verified event to be handled; False if it was kept before."""
    row = {
        "id": new_id(),
        "provider": PROVIDER,
        "event_id": str(event["id"])[:160],
        "kind": str(event.get("type", ""))[:64],
        "body_sealed": keyring(session).seal(json.dumps(event), _CONTEXT),
        "state": WebhookState.WAITING,
        "attempts": 0,
        "due_at": now,
        "received_at": now,
    }
    wake_loops(session, "payment_events")
    return await insert_if_absent(session, WebhookEvent, row)


_EVENTS: Final = table(WebhookEvent).c
EVENTS_DUE: Final = Due(
    is_one_of(_EVENTS.state, [WebhookState.WAITING]),
    _EVENTS.provider == PROVIDER,
    _EVENTS.due_at <= bindparam("now"),
)


async def handle_due(
    database: Database,
    clock: Callable[[], dt.datetime],
    limit: int,
    *,
    parse: Parse,
    livemode: bool,
) -> int:
    """Handle the events that are due, oldest first; return how many were tried."""
    if not await EVENTS_DUE.finds(database, clock()):
        return 0
    for tried in range(limit):
        failed: UUID | None = None
        try:
            async with database.begin() as session:
                event = await _claim(session, clock())
                if event is None:
                    return tried
                failed = event.id
                await _handle(session, event, clock(), parse=parse, livemode=livemode)
        except Exception as error:
            if failed is None:
                raise
            logger().error("payment_event_failed", webhook_id=str(failed), exc_info=error)
            await _retry_later(database, failed, error, clock())
    return limit


_NEXT: Final = (
    select(WebhookEvent)
    .where(*EVENTS_DUE.conditions)
    .order_by(WebhookEvent.due_at, WebhookEvent.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


async def _claim(session: AsyncSession, now: dt.datetime) -> WebhookEvent | None:
    event: WebhookEvent | None = await session.scalar(_NEXT, {"now": now})
    return event


async def _handle(
    session: AsyncSession, event: WebhookEvent, now: dt.datetime, *, parse: Parse, livemode: bool
) -> None:
    told = parse(json.loads(keyring(session).open(event.body_sealed, _CONTEXT)))
    match told:
        case CheckoutChanged(checkout):
            await settle.settle(session, checkout, now, livemode=livemode)
        case AttemptFailed():
            await _failed(session, told, now)
        case RefundChanged(refund, intent_id):
            await refunds.told(session, refund, intent_id, now)
        case DisputeChanged():
            await disputes.told(session, told, now)
        case None:
            pass
    event.state = WebhookState.HANDLED
    event.handled_at = now
    event.attempts += 1
    event.error = None


async def _failed(session: AsyncSession, told: AttemptFailed, now: dt.datetime) -> None:
    try:
        payment_id = UUID(told.payment_id)
    except ValueError:
        return  # something else is sold through the same account
    if told.final:
        await settle.move(session, payment_id, PaymentAction.FAIL, now, failure_code=told.code)
        return
    await session.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.status.in_(OPEN))
        .values(failure_code=told.code[:64], updated_at=now)
    )


async def _retry_later(
    database: Database, event_id: UUID, error: Exception, now: dt.datetime
) -> None:
    async with database.begin() as session:
        event = await session.get_one(WebhookEvent, event_id, with_for_update=True)
        event.attempts += 1
        event.error = type(error).__name__
        event.due_at = now + min(_FIRST_WAIT * 2**event.attempts, _LONGEST_WAIT)
        if event.attempts >= MAX_ATTEMPTS:
            event.state = WebhookState.DEAD
            ALERTS.labels("payment_event_dead").inc()
