"""Open items: what of money a person has to decide or look at, each once, until somebody closes it."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.core.logging import logger
from app.core.money import Money
from app.database.statements import insert_if_absent, rows_changed
from app.identity.actor import Actor
from app.payments.models import OpenItem


class ItemKind(StrEnum):
    """Why a person has to look."""

    SUSPENSE = "suspense"
    """Money was taken that does not fit what was asked for; it waits in suspense."""
    REFUND_FAILED = "refund_failed"
    """Money that should go back did not."""
    REFUND_PROPOSED = "refund_proposed"
    """A refund that a second administrator has to approve."""
    UNKNOWN_PAYMENT = "unknown_payment"
    """A refund or dispute of a payment that we have not got, or a top-up that does not fit what was asked for."""
    TOP_UP_SPENT = "top_up_spent"
    """Money of a top-up went back, and part of it was spent before: that part is a loss."""
    REFUND_LOST_TOO = "refund_lost_too"
    """A bank took money that had been given back into the balance, and part of that was spent: that part is a loss."""
    RECONCILIATION = "reconciliation"
    """The ledger and the provider's books differ."""


class ItemOutcome(StrEnum):
    """How an open item was closed."""

    REFUNDED = "refunded"
    SETTLED = "settled"
    CLOSED = "closed"
    """By a person who looked, or because what was missing came after all."""


class OpenItemNotFound(NotFound):
    """There is no such open item."""

    code = "open_item_not_found"
    detail = "There is no such open item."


class OpenItemClosed(Conflict):
    """An item is closed once."""

    code = "open_item_closed"
    detail = "This item was closed before."


class OpenItemNeedsAction(Conflict):
    """What waits for a decision is decided, not only looked at."""

    code = "open_item_needs_action"
    detail = "Money waits for a decision about this item."
    remedy = "Use `POST /api/admin/suspense/{id}/action` or `POST /api/admin/refunds/{id}/action`."


async def add(
    session: AsyncSession,
    kind: ItemKind,
    key: str,
    now: dt.datetime,
    *,
    payment_id: UUID | None = None,
    money: Money | None = None,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Open an item unless the one of this key is open; return whether it did. One that was closed is opened again."""
    row = {
        "id": new_id(),
        "kind": kind.value,
        "key": key[:200],
        "payment_id": payment_id,
        "amount": money.amount if money else None,
        "currency": money.currency if money else None,
        "details": dict(details or {}),
        "opened_at": now,
    }
    if not await insert_if_absent(session, OpenItem, row) and not await reopen(session, key, now):
        return False
    logger().error("money_open_item", kind=kind.value, payment_id=str(payment_id))
    return True


async def reopen(session: AsyncSession, key: str, now: dt.datetime) -> bool:
    """Open the item of this key again if it was closed; return whether it did.

    What was settled stays closed: its money bought what it was for.
    """
    closed = (
        update(OpenItem)
        .where(
            OpenItem.key == key[:200],
            OpenItem.closed_at.is_not(None),
            OpenItem.outcome.is_distinct_from(ItemOutcome.SETTLED.value),
        )
        .values(closed_at=None, closed_by=None, outcome=None, opened_at=now)
        .execution_options(synchronize_session=False)
    )
    return await rows_changed(session, closed) == 1


async def get_locked(session: AsyncSession, item_id: UUID) -> OpenItem:
    """Return an open item under its row's lock. Raises `OpenItemNotFound` or `OpenItemClosed`."""
    item = await session.get(OpenItem, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise OpenItemNotFound
    if item.closed_at is not None:
        raise OpenItemClosed
    return item


async def close(
    session: AsyncSession,
    item: OpenItem,
    outcome: ItemOutcome,
    reason: str,
    actor: Actor | None,
    now: dt.datetime,
) -> OpenItem:
    """Close an item that the caller has locked, and record who did and why."""
    item.closed_at, item.outcome, item.reason = now, outcome.value, reason
    item.closed_by = actor.user_id if actor else None
    await session.flush()
    audit.record(
        session,
        f"open_item.{outcome}",
        item.payment_id or item.id,
        actor,
        now,
        reason=reason,
        after={"kind": item.kind, "item": str(item.id)},
    )
    return item


async def close_key(session: AsyncSession, key: str, reason: str, now: dt.datetime) -> None:
    """Close the item of this key, if it is open: what was missing came by itself."""
    query = select(OpenItem).where(OpenItem.key == key[:200], OpenItem.closed_at.is_(None))
    item = await session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if item is not None:
        await close(session, item, ItemOutcome.CLOSED, reason, None, now)


async def close_by_hand(
    session: AsyncSession, item_id: UUID, reason: str, actor: Actor, now: dt.datetime
) -> OpenItem:
    """Close an item that was looked at.

    Raises `OpenItemNotFound`, `OpenItemClosed`, or `OpenItemNeedsAction` for money that waits for a decision.
    """
    item = await get_locked(session, item_id)
    if item.kind in {ItemKind.SUSPENSE, ItemKind.REFUND_PROPOSED}:
        raise OpenItemNeedsAction
    return await close(session, item, ItemOutcome.CLOSED, reason, actor, now)


async def count_open(session: AsyncSession) -> dict[str, tuple[int, dt.datetime]]:
    """Return how many items are open, and since when the oldest is, by kind."""
    query = (
        select(OpenItem.kind, func.count(), func.min(OpenItem.opened_at))
        .where(OpenItem.closed_at.is_(None))
        .group_by(OpenItem.kind)
    )
    return {kind: (count, since) for kind, count, since in await session.execute(query)}
