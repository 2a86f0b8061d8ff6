"""The provider's events: stored as they came (`group_commit`), then each handled in one transaction."""

import datetime as dt
import json
from collections.abc import Mapping
from functools import cache
from typing import Final

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import Clock
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.session import Database, keyring
from app.messaging.inbox.group_commit import VerifiedWebhook
from app.messaging.inbox.webhook_queue import WebhookQueue
from app.messaging.models import EVENT, WebhookEvent, WebhookState
from app.payments import disputes, early_events, orders, refunds, settle
from app.payments.models import Payment, PaymentAttempt
from app.payments.provider import (
    ActionRequired,
    AttemptFailed,
    CheckoutChanged,
    DisputeChanged,
    PaymentEvents,
    RefundChanged,
    SignedEvent,
)
from app.payments.rules import OPEN, AttemptStatus, PaymentAction

HANDLING_SECONDS: Final = 20
"""How long one event may take; it takes milliseconds, but it may wait for a lock."""
LEASE: Final = dt.timedelta(seconds=30)


def webhook_of(provider: str, event: SignedEvent, body: bytes) -> VerifiedWebhook:
    """Return a verified event of this provider as it is stored, to be handled by the loop."""
    return VerifiedWebhook(provider, event.id[:160], event.kind[:64], body, "payment_events")


@cache
def queue_of(provider: str) -> WebhookQueue:
    """Return the queue of a provider's stored events."""
    return WebhookQueue(provider, "payment_event_dead", HANDLING_SECONDS, LEASE)


async def handle_due(
    database: Database, clock: Clock, limit: int, providers: Mapping[str, PaymentEvents]
) -> int:
    """Handle the events that are due, of each provider the oldest first; return how many were tried."""
    tried = 0
    for name, provider in providers.items():
        queue = queue_of(name)
        if tried >= limit or not await queue.due.any_due(database, clock()):
            continue

        async def handle(
            session: AsyncSession, event: WebhookEvent, by: PaymentEvents = provider
        ) -> None:
            await _handle(session, event, clock(), provider=by)

        tried += await queue.handle_due(database, clock, limit - tried, handle)
    return tried


async def _handle(
    session: AsyncSession, event: WebhookEvent, now: dt.datetime, *, provider: PaymentEvents
) -> None:
    body = json.loads(keyring(session).open(event.body_sealed, EVENT))
    if (why := provider.stranger(body)) is not None:
        _count_stranger(event, why)
        change = None
    else:
        change = provider.parse(body)
    match change:
        case CheckoutChanged(checkout):
            await settle.settle(session, checkout, now, livemode=provider.livemode)
        case AttemptFailed():
            await _failed(session, change, now)
        case ActionRequired(payment_id):
            await _move(session, payment_id, PaymentAction.REQUIRE_ACTION, now)
        case RefundChanged(refund, intent_id):
            if not await refunds.record_refund(session, refund, intent_id, now):
                await early_events.keep(session, change, now)
        case DisputeChanged():
            if not await disputes.record_dispute(session, change, now):
                await early_events.keep(session, change, now)
        case None:
            pass
    event.state = WebhookState.HANDLED
    event.handled_at = now
    event.error = f"not ours: {why}" if why else None


def _count_stranger(event: WebhookEvent, why: str) -> None:
    """Somebody's webhook is set up wrong, or copied: nothing follows, and a person looks."""
    ALERTS.labels("payment_event_not_ours").inc()
    logger().error(
        "payment_event_not_ours", webhook_id=str(event.id), provider=event.provider, reason=why
    )


async def _move(
    session: AsyncSession, payment_id: str, action: PaymentAction, now: dt.datetime
) -> None:
    order_id = await orders.find_id(session, payment_id)
    if order_id is not None:  # else something else is sold through the same account
        await orders.move(session, order_id, action, now)


async def _failed(session: AsyncSession, change: AttemptFailed, now: dt.datetime) -> None:
    order_id = await orders.find_id(session, change.payment_id)
    if order_id is None:
        return
    if change.final:
        await orders.move(session, order_id, PaymentAction.FAIL, now, failure_code=change.code)
        return
    await orders.move(session, order_id, PaymentAction.TRY_AGAIN, now)
    code = {"failure_code": change.code[:64], "updated_at": now}
    for table, still_open in (
        (Payment, Payment.status.in_(OPEN)),
        (PaymentAttempt, PaymentAttempt.status == AttemptStatus.OPEN),
    ):
        mine = update(table).where(table.order_id == order_id, still_open).values(code)
        await session.execute(mine.execution_options(synchronize_session=False))
