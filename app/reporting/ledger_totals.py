"""The ledger in sums: what is on each account, and what each day brought."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.database.statements import is_postgresql
from app.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction, OpenItem
from app.payments.open_items import ItemKind

MOST_DAYS: Final = 92
"""In one answer: a quarter."""


@dataclass(frozen=True, slots=True)
class LedgerDay:
    """What one kind of event moved on one account on a day; a positive amount debits the account."""

    day: dt.date
    kind: str
    account: str
    provider: str | None
    transactions: int
    debit: Money
    credit: Money


async def sums_of(
    session: AsyncSession, account_ids: Collection[UUID]
) -> dict[UUID, tuple[int, int]]:
    """Return the sum of each account's entries in minor units, and how many there are."""
    query = (
        select(LedgerEntry.account_id, func.sum(LedgerEntry.amount), func.count())
        .where(LedgerEntry.account_id.in_(account_ids))
        .group_by(LedgerEntry.account_id)
    )
    return {
        account_id: (int(total), count)
        for account_id, total, count in await session.execute(query)
        if account_id is not None
    }


async def list_days(
    session: AsyncSession, first: dt.date, last: dt.date, zone: dt.tzinfo = dt.UTC
) -> list[LedgerDay]:
    """Return what moved from `first` to `last`, both included, by the day in `zone` on which it happened."""
    totals: list[LedgerDay] = []
    day = first
    while day <= last:
        totals += await _day(session, day, zone)
        day += dt.timedelta(days=1)
    return totals


async def _day(session: AsyncSession, day: dt.date, zone: dt.tzinfo) -> list[LedgerDay]:
    start = dt.datetime.combine(day, dt.time(), zone)
    query = (
        select(
            LedgerTransaction.kind,
            LedgerAccount.type,
            LedgerAccount.provider,
            LedgerEntry.currency,
            func.count(LedgerTransaction.id.distinct()),
            func.sum(func.greatest(LedgerEntry.amount, 0))
            if is_postgresql(session)
            else func.sum(func.max(LedgerEntry.amount, 0)),
            func.sum(LedgerEntry.amount),
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(
            LedgerTransaction.occurred_at >= start,
            LedgerTransaction.occurred_at < start + dt.timedelta(days=1),
        )
        .group_by(
            LedgerTransaction.kind,
            LedgerAccount.type,
            LedgerAccount.provider,
            LedgerEntry.currency,
        )
        .order_by(
            LedgerTransaction.kind,
            LedgerAccount.type,
            LedgerAccount.provider,
            LedgerEntry.currency,
        )
    )
    rows = (await session.execute(query)).all()
    return [
        LedgerDay(
            day,
            kind,
            account,
            provider,
            count,
            Money(int(debit), currency),
            Money(int(debit) - int(total), currency),
        )
        for kind, account, provider, currency, count, debit, total in rows
    ]


async def list_differences(
    session: AsyncSession, provider: str, day: dt.date
) -> Sequence[OpenItem]:
    """Return in what a provider's books of a day differed from ours when they were last compared."""
    prefix = f"reconciliation:{provider}:{day}:"
    query = select(OpenItem).where(
        OpenItem.kind == ItemKind.RECONCILIATION.value,
        OpenItem.closed_at.is_(None),
        OpenItem.key.startswith(prefix, autoescape=True),
    )
    return (await session.scalars(query.order_by(OpenItem.id))).all()


async def fees_booked(session: AsyncSession, provider: str, day: dt.date) -> list[Money] | None:
    """Return the fees of a day that were booked, by currency; None if the day was not compared since it was over."""
    query: Any = (
        select(LedgerEntry.currency, func.sum(LedgerEntry.amount))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(
            LedgerTransaction.event_key.startswith(f"fees:{provider}:{day}:", autoescape=True),
            LedgerAccount.type == "provider_fees",
        )
        .group_by(LedgerEntry.currency)
        .order_by(LedgerEntry.currency)
    )
    rows = (await session.execute(query)).all()
    return [Money(int(amount), currency) for currency, amount in rows] or None
