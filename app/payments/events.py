"""The provider's events: stored as they came, then each handled in one transaction."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import Clock
from app.core.ids import new_id
from app.database.session import Database, keyring
from app.database.statements import insert_if_absent
from app.database.wakeups import wake_loops
from app.messaging.inbox.webhook_queue import WebhookQueue
from app.messaging.models import WebhookEvent, WebhookState
from app.payments import disputes, refunds, settle
from app.payments.models import Payment
from app.payments.provider import (
    PROVIDER,
    AttemptFailed,
    CheckoutChanged,
    DisputeChanged,
    PaymentEvents,
    RefundChanged,
)
from app.payments.rules import OPEN, PaymentAction

HANDLING_SECONDS: Final = 20
"""How long one event may take; it takes milliseconds, but it may wait for a lock."""
LEASE: Final = dt.timedelta(seconds=30)
_CONTEXT = "webhook"


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


EVENTS: Final = WebhookQueue(PROVIDER, "payment_event_dead", HANDLING_SECONDS, LEASE)
EVENTS_DUE: Final = EVENTS.due


async def handle_due(
    database: Database,
    clock: Clock,
    limit: int,
    *,
    provider: PaymentEvents,
    livemode: bool,
) -> int:
    """Handle the events that are due, oldest first; return how many were tried."""
    if not await EVENTS_DUE.any_due(database, clock()):
        return 0

    async def handle(session: AsyncSession, event: WebhookEvent) -> None:
        await _handle(session, event, clock(), provider=provider, livemode=livemode)

    return await EVENTS.handle_due(database, clock, limit, handle)


async def _handle(
    session: AsyncSession,
    event: WebhookEvent,
    now: dt.datetime,
    *,
    provider: PaymentEvents,
    livemode: bool,
) -> None:
    change = provider.parse(json.loads(keyring(session).open(event.body_sealed, _CONTEXT)))
    match change:
        case CheckoutChanged(checkout):
            await settle.settle(session, checkout, now, livemode=livemode)
        case AttemptFailed():
            await _failed(session, change, now)
        case RefundChanged(refund, intent_id):
            await refunds.record_refund(session, refund, intent_id, now)
        case DisputeChanged():
            await disputes.record_dispute(session, change, now)
        case None:
            pass
    event.state = WebhookState.HANDLED
    event.handled_at = now
    event.error = None


async def _failed(session: AsyncSession, change: AttemptFailed, now: dt.datetime) -> None:
    try:
        payment_id = UUID(change.payment_id)
    except ValueError:
        return  # something else is sold through the same account
    if change.final:
        await settle.move(session, payment_id, PaymentAction.FAIL, now, failure_code=change.code)
        return
    await session.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.status.in_(OPEN))
        .values(failure_code=change.code[:64], updated_at=now)
    )
