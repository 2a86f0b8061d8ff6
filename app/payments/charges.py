"""One charge at the provider may have paid several leads: whose share of it is what."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.payments import rules
from app.payments.models import Dispute, Payment, Refund
from app.payments.rules import DisputeStatus

PART: Final = "#"
"""Between the provider's id of a refund and the number of a later payment that it gives back, too."""


def part_of(provider_id: str, place: int) -> str:
    """Return our id of the part of a provider's refund that gives back the payment at `place` (0: the first)."""
    return f"{provider_id}{PART}{place + 1}" if place else provider_id


def whole_of(ours: str) -> str:
    """Return the provider's id of a refund, given our id of it or of a part of it."""
    return ours.partition(PART)[0]


def place_of(ours: str | None) -> int:
    """Return which part of a provider's refund has our id `ours` (0: the first); ids are numbered, not spelled."""
    number = (ours or "").partition(PART)[2]
    return int(number) - 1 if number.isdecimal() else 0


def is_part(ours: str | None, provider_id: str) -> bool:
    """Whether `ours` is our id of the provider's refund, or of a part of it."""
    return ours is not None and whole_of(ours) == provider_id


async def given_up(session: AsyncSession, payment_id: UUID) -> int:
    """Return how much of a payment went back, is on its way back, or was taken by a bank.

    More than the payment's share, where other leads of its charge went back before the bank took the rest: no more
    leaves than the charge brought.
    """
    together = await _of_one_charge(session, payment_id)
    query = (
        select(Refund.payment_id, func.sum(Refund.amount).label("amount"))
        .where(Refund.payment_id.in_(together), Refund.status.in_(rules.ON_THE_WAY))
        .group_by(Refund.payment_id)
    )
    going_back = {row.payment_id: int(row.amount) for row in await session.execute(query)}
    share = going_back.get(payment_id, 0) + await lost_of(session, payment_id)
    gone = sum(going_back.values()) + await _lost(session, together)
    left_of_charge = sum(together.values()) - gone
    return max(share, together[payment_id] - left_of_charge)


async def lost_of(session: AsyncSession, payment_id: UUID) -> int:
    """Return how much of a payment a bank has taken back: its share of the disputes that were lost."""
    together = await _of_one_charge(session, payment_id)
    taken = await _lost(session, together)
    if not taken:
        return 0
    return rules.shares(taken, list(together.values()))[list(together).index(payment_id)]


async def _lost(session: AsyncSession, together: Collection[UUID]) -> int:
    query = select(func.coalesce(func.sum(Dispute.amount), 0)).where(
        Dispute.payment_id.in_(together), Dispute.status == DisputeStatus.LOST
    )
    return int(await session.scalar(query) or 0)


async def is_disputed(session: AsyncSession, payment_id: UUID) -> bool:
    """Whether a dispute is open about the charge that paid this payment."""
    together = await _of_one_charge(session, payment_id)
    query = select(Dispute.id).where(
        Dispute.payment_id.in_(together), Dispute.status == DisputeStatus.OPENED
    )
    return await session.scalar(query.limit(1)) is not None


async def _of_one_charge(session: AsyncSession, payment_id: UUID) -> dict[UUID, int]:
    """Return the amounts of all payments that were paid by the same charge, by id; a dispute is for all of it."""
    its_order = select(Payment.order_id).where(Payment.id == payment_id).scalar_subquery()
    query = select(Payment.id, Payment.amount).where(
        or_(Payment.id == payment_id, Payment.order_id == its_order)
    )
    return {row.id: row.amount for row in await session.execute(query.order_by(Payment.id))}
