"""Refunds and disputes that a provider tells of before we know their payment.

Events come in any order, and late: such a one is kept, and applied when the payment is captured. One whose payment
never comes is an open item after a day: money moved at the provider that we know nothing of. One about money of
the provider's other mode, which is in no account of ours, is an open item at once.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work
from app.core.ids import new_id
from app.core.metrics import ALERTS
from app.core.money import Money
from app.database.due import Due
from app.database.statements import insert_if_absent
from app.payments import disputes, open_items, refunds, top_up_returns
from app.payments.models import EarlyEvent, Payment, PaymentAttempt
from app.payments.open_items import ItemKind
from app.payments.provider import (
    DisputeChanged,
    DisputeMove,
    ProviderRefund,
    RefundChanged,
    RefundState,
)
from app.payments.rules import DisputeStatus

ORPHANED_AFTER: Final = dt.timedelta(days=1)
"""Providers send an event again for days, but the payment itself is asked about within minutes."""


async def keep(
    session: AsyncSession, change: RefundChanged | DisputeChanged, now: dt.datetime
) -> None:
    """Keep what was told of an unknown payment; told again, it is kept once."""
    row = _refund(change) if isinstance(change, RefundChanged) else _dispute(change)
    row |= {"id": new_id(), "intent_id": change.intent_id[:160], "received_at": now}
    if not await insert_if_absent(session, EarlyEvent, row):
        return
    known = select(PaymentAttempt.id).where(PaymentAttempt.intent_id == row["intent_id"])
    if await session.scalar(known.limit(1)) is not None:
        await apply(session, row["intent_id"], now)


def _refund(change: RefundChanged) -> dict[str, Any]:
    made = change.refund
    body = {
        "amount": made.amount.amount,
        "currency": made.amount.currency,
        "failure_code": made.failure_code,
        "refund_id": made.refund_id,
    }
    return {
        "kind": "refund",
        "object_id": made.provider_id[:160],
        "status": made.state.value,
        "body": body,
    }


def _dispute(change: DisputeChanged) -> dict[str, Any]:
    body = {
        "amount": change.amount.amount,
        "currency": change.amount.currency,
        "at": change.at.isoformat() if change.at else None,
        "taken": change.taken,
        "moves": None if change.moves is None else [_move(move) for move in change.moves],
    }
    return {
        "kind": "dispute",
        "object_id": change.provider_id[:160],
        "status": change.status,
        "body": body,
    }


async def are_waiting(session: AsyncSession, intent_id: str | None) -> bool:
    """Whether something was told of this payment before we knew it."""
    waiting = exists().where(EarlyEvent.intent_id == intent_id, EarlyEvent.applied_at.is_(None))
    return bool(await session.scalar(select(waiting)))


def _move(move: DisputeMove) -> dict[str, Any]:
    return {
        "id": move.id,
        "amount": asdict(move.amount),
        "fee": asdict(move.fee),
        "at": move.at.isoformat(),
    }


def _kept_moves(body: dict[str, Any]) -> tuple[DisputeMove, ...] | None:
    """Return the moves that were kept; None where none were told, and for what older versions kept."""
    kept = body.get("moves")
    if kept is None:
        return None
    return tuple(
        DisputeMove(
            move["id"],
            Money(**move["amount"]),
            Money(**move["fee"]),
            dt.datetime.fromisoformat(move["at"]),
        )
        for move in kept
    )


async def apply(session: AsyncSession, intent_id: str | None, now: dt.datetime) -> None:
    """Apply what was told of a payment that is known now, in the order it was told.

    What is about money that is not in our books can't be applied: it stays, and is an open item.
    """
    if intent_id is None:
        return
    waiting = select(EarlyEvent).where(
        EarlyEvent.intent_id == intent_id, EarlyEvent.applied_at.is_(None)
    )
    ordered = waiting.order_by(EarlyEvent.id).with_for_update()
    for event in list(await session.scalars(ordered.execution_options(populate_existing=True))):
        if not await _apply(session, event, now):
            if event.reported_at is None:
                await _report(session, event, now)
            continue
        event.applied_at = now
        await session.flush()
        await open_items.close_key(session, _orphan(event), "the payment came", now)


async def _apply(session: AsyncSession, event: EarlyEvent, now: dt.datetime) -> bool:
    """Whether there was a payment to apply it to."""
    body = event.body
    amount = Money(body["amount"], body["currency"])
    if event.kind == "dispute":
        at = dt.datetime.fromisoformat(body["at"]) if body["at"] else None
        status = DisputeStatus(event.status)
        change = DisputeChanged(
            event.object_id,
            event.intent_id,
            status,
            amount,
            at,
            moves=_kept_moves(body),
            taken=body.get("taken"),
        )
        return await disputes.record_dispute(session, change, now)
    made = ProviderRefund(
        event.object_id, RefundState(event.status), amount, body["failure_code"], body["refund_id"]
    )
    return await refunds.record_refund(session, made, event.intent_id, now)


_PAYMENT_KNOWN: Final = or_(
    exists().where(
        PaymentAttempt.intent_id == EarlyEvent.intent_id, Payment.captured_by == PaymentAttempt.id
    ),
    and_(EarlyEvent.reported_at.is_(None), top_up_returns.was_paid(EarlyEvent.intent_id)),
)
MATCHES: Final = Work(
    Kind.EARLY_EVENT,
    "early_events",
    EarlyEvent.id,
    EarlyEvent.id,
    Due(
        EarlyEvent.applied_at.is_(None), EarlyEvent.received_at <= bindparam("now"), _PAYMENT_KNOWN
    ),
)
"""An event that was kept in the moment in which its payment was captured; elsewhere `apply` has done it."""


async def match_due(
    session: AsyncSession, now: dt.datetime, _limit: int, event_ids: Sequence[UUID]
) -> int:
    """Apply these events, whose payments are known; return how many payments it was about."""
    intents = select(EarlyEvent.intent_id).where(EarlyEvent.id.in_(event_ids)).distinct()
    found = list(await session.scalars(intents))
    for intent_id in found:
        await apply(session, intent_id, now)
    return len(found)


async def report_orphans(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Open an item for events whose payment did not come within a day; return how many there were."""
    query = select(EarlyEvent).where(
        EarlyEvent.applied_at.is_(None),
        EarlyEvent.reported_at.is_(None),
        EarlyEvent.received_at <= now - ORPHANED_AFTER,
    )
    orphans = list(await session.scalars(query.order_by(EarlyEvent.id).limit(limit)))
    for event in orphans:
        await _report(session, event, now)
    return len(orphans)


async def _report(session: AsyncSession, event: EarlyEvent, now: dt.datetime) -> None:
    """Open an item about an event that has no payment."""
    reported = (
        update(EarlyEvent).where(EarlyEvent.id == event.id).values(reported_at=now)
    ).execution_options(synchronize_session=False)
    await session.execute(reported)
    opened = await open_items.add(
        session,
        ItemKind.UNKNOWN_PAYMENT,
        _orphan(event),
        now,
        money=Money(event.body["amount"], event.body["currency"]),
        details={
            "kind": event.kind,
            "status": event.status,
            "provider_id": event.object_id,
            "intent_id": event.intent_id,
        },
    )
    if opened:
        ALERTS.labels("unknown_payment").inc()


def _orphan(event: EarlyEvent) -> str:
    """Return the key of the open item about a refund or dispute without a payment."""
    return f"unknown:{event.object_id}"
