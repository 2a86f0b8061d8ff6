"""The cost of messages, counted on arrival by the category that the platform charges."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.messaging.models import Channel, OutboxMessage, OutboxState
from app.policy.policy import MessagePrices

SERVICE: Final = "service"
"""Free text within the 24-hour window."""


@dataclass(frozen=True, slots=True)
class MessageCost:
    """Messages of one category: how many arrived, how many are charged, and the cost."""

    category: str
    messages: int
    charged: int
    cost: Money


def charged(before: int, within: int, free: int) -> int:
    """Return how many of `within` are charged, after `before` used up some of the month's `free`."""
    return max(0, before + within - free) - max(0, before - free)


async def by_category(
    session: AsyncSession, prices: MessagePrices, since: dt.datetime, now: dt.datetime
) -> list[MessageCost]:
    """Return the cost since then by category; the free allowance is per month (UTC)."""
    messages: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    month = since.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= now:
        following = (month + dt.timedelta(days=32)).replace(day=1)
        earlier = await _arrived(session, month, since) if month < since else {}
        within = await _arrived(session, max(month, since), following)
        for category, count in within.items():
            free = prices.free_service_a_month if category == SERVICE else 0
            messages[category] += count
            paid[category] += charged(earlier.get(category, 0), count, free)
        month = following
    return [
        MessageCost(
            category,
            messages[category],
            paid[category],
            # Prices are per thousand, so that one may be a fraction of a minor unit; rounded half up.
            Money(
                (paid[category] * prices.per_thousand.get(category, 0) + 500) // 1_000,
                prices.currency,
            ),
        )
        for category in sorted(messages)
    ]


async def _arrived(
    session: AsyncSession, since: dt.datetime, until: dt.datetime
) -> Mapping[str, int]:
    """Count messages that arrived, by category; an SMS counts once accepted, each of its parts."""
    arrived = OutboxMessage.state.in_((OutboxState.DELIVERED, OutboxState.READ))
    taken = and_(OutboxMessage.channel == Channel.SMS, OutboxMessage.state == OutboxState.SENT)
    query = (
        select(OutboxMessage.cost_category, func.sum(OutboxMessage.units))
        .where(
            OutboxMessage.sent_at >= since,
            OutboxMessage.sent_at < until,
            OutboxMessage.cost_category.is_not(None),
            OutboxMessage.channel != Channel.EMAIL,
            or_(arrived, taken),
        )
        .group_by(OutboxMessage.cost_category)
    )
    return {row[0] or "": int(row[1]) for row in await session.execute(query)}
