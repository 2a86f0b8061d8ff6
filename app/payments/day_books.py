"""Compare a day of a provider's books with ours: captures, refunds, disputes and fees, line by line.

The provider's movements are read page by page; of ours only the rows that some pages name are read with them. What we
have and the provider does not is looked for in the days around, because clocks differ and settlements take days.
The fees of a day that is over are booked once, by what the provider says; whoever reconciles it again compares.
"""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.database.session import Database
from app.payments import ledger, open_items
from app.payments.day_ours import OursFound, find_ours, list_ours
from app.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction, OpenItem
from app.payments.open_items import ItemKind
from app.payments.provider import Movement, MovementKind, PaymentProvider, PaymentsUnavailable
from app.payments.rules import AccountType, Posting

AT_ONCE: Final = 1_000
"""Movements whose rows of ours are read at once; providers' pages have a hundred."""
TRIES: Final = 3
"""A day is read as a whole, or again: nothing is written before it was."""


class BookDifference(NamedTuple):
    """One thing in which the two books differ."""

    kind: str
    """What it is about: capture, refund, refund_failed, dispute, dispute_reversed or fee."""
    ref: str
    """The provider's id."""
    says: str
    """The difference, as a sentence."""
    amount: int
    currency: str


@dataclass
class DayReport:
    """What came of a day's comparison."""

    provider: str
    day: dt.date
    movements: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """How many movements of each kind."""
    sums: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Their amounts in minor units, by kind and currency."""
    fees: Counter[str] = field(default_factory=Counter)
    """What the provider kept, by currency."""
    fees_of_disputes: Counter[str] = field(default_factory=Counter)
    """What of it is booked with its dispute, and not once more with the day."""
    waiting: int = 0
    """Of ours: not in the provider's books yet, and not late."""
    is_over: bool = False
    """Whether the day has ended by the provider's clock; before, its fees are not booked."""
    differences: list[BookDifference] = field(default_factory=list)


async def reconcile_day(
    database: Database, provider: PaymentProvider, day: dt.date, now: dt.datetime
) -> DayReport:
    """Compare a day, book its fees, and open an item for each difference; items that were mended close.

    Raises `PaymentsUnavailable` after some tries, and writes nothing then.
    """
    report = await _compared(database, provider, day, now)
    async with database.begin() as session:
        if report.is_over:
            await _book_fees(session, report, _noon(provider, day), now)
        await _note(session, report, now)
    return report


async def _compared(
    database: Database, provider: PaymentProvider, day: dt.date, now: dt.datetime
) -> DayReport:
    for _ in range(TRIES - 1):
        try:
            return await _compare(database, provider, day, now)
        except PaymentsUnavailable:
            continue
    return await _compare(database, provider, day, now)


async def _compare(
    database: Database, provider: PaymentProvider, day: dt.date, now: dt.datetime
) -> DayReport:
    today = now.astimezone(provider.books.zone).date()
    report = DayReport(provider.name, day, is_over=day < today)
    seen: set[str] = set()
    async for page in _together(provider.movements(day)):
        _count(report, page)
        seen.update(movement.ref for movement in page)
        async with database.read() as session:
            ours = await find_ours(session, page)
        for movement in page:
            report.fees_of_disputes[movement.fee.currency] += ours.dispute_fees.get(movement.id, 0)
        report.differences += [
            difference for movement in page if (difference := _differs(movement, ours))
        ]
    await _look_for_ours(database, provider, report, seen, today)
    return report


async def _together(pages: AsyncIterator[Sequence[Movement]]) -> AsyncIterator[list[Movement]]:
    """Put pages together: ours are found by one question for many movements."""
    batch: list[Movement] = []
    async for page in pages:
        batch += page
        if len(batch) >= AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _count(report: DayReport, page: Sequence[Movement]) -> None:
    report.movements += len(page)
    for movement in page:
        report.counts[movement.kind.value] += 1
        report.sums[movement.kind.value, movement.amount.currency] += movement.amount.amount
        fee = movement.amount if movement.kind is MovementKind.FEE else movement.fee
        report.fees[fee.currency] += fee.amount


def _differs(movement: Movement, ours: OursFound) -> BookDifference | None:
    """Return how a movement differs from what we have of it."""
    match movement.kind:
        case MovementKind.CAPTURE:
            says = ours.of_capture(movement)
        case MovementKind.REFUND | MovementKind.REFUND_FAILED:
            says = ours.of_refund(movement)
        case MovementKind.DISPUTE | MovementKind.DISPUTE_REVERSED:
            says = ours.of_dispute(movement)
        case _:
            says = None
    return _difference(movement.kind.value, movement.ref, says, movement.amount) if says else None


def _difference(kind: str, ref: str, says: str, money: Money) -> BookDifference:
    return BookDifference(kind, ref, says, money.amount, money.currency)


async def _look_for_ours(
    database: Database, provider: PaymentProvider, report: DayReport, seen: set[str], today: dt.date
) -> None:
    """Report what we have of the day and the provider does not: neither on it, nor on a day around."""
    books = provider.books
    start = dt.datetime.combine(report.day, dt.time(), books.zone)
    lost: dict[str, tuple[str, Money]] = {}
    async with database.read() as session:
        async for kind, ref, money in list_ours(
            session, provider.name, start, start + dt.timedelta(days=1)
        ):
            if ref not in seen:
                before = lost[ref][1].amount if ref in lost else 0
                lost[ref] = kind, Money(before + money.amount, money.currency)
    days = [report.day + dt.timedelta(days=n) for n in (-1, *range(1, books.lag_days + 1))]
    for other in days if lost else ():
        if other <= today:
            async for page in provider.movements(other):
                for movement in page:
                    lost.pop(movement.ref, None)
    if report.day + dt.timedelta(days=books.lag_days) >= today:
        report.waiting = len(lost)
        return
    says = "The provider's books do not have it."
    report.differences += [
        _difference(kind, ref, says, money) for ref, (kind, money) in sorted(lost.items())
    ]


async def _book_fees(
    session: AsyncSession, report: DayReport, at: dt.datetime, now: dt.datetime
) -> None:
    """Book what the provider kept that day; a difference where another sum was booked before."""
    for currency, kept in sorted(report.fees.items()):
        amount = kept - report.fees_of_disputes[currency]
        key = f"fees:{report.provider}:{report.day}:{currency}"
        postings = (
            Posting(AccountType.PROVIDER_FEES, amount),
            Posting(AccountType.PROVIDER_CASH, -amount),
        )
        if await ledger.book(
            session,
            key,
            postings,
            currency=currency,
            payment_id=None,
            now=now,
            occurred_at=at,
            provider=report.provider,
        ):
            continue
        query = (
            select(LedgerEntry.amount)
            .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
            .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
            .where(
                LedgerTransaction.event_key == key,
                LedgerAccount.type == AccountType.PROVIDER_FEES.value,
            )
        )
        booked = await session.scalar(query) or 0
        if booked != amount:
            says = f"Fees of {booked} are booked, and the provider kept {amount}."
            report.differences.append(_difference("fee", key, says, Money(amount, currency)))


async def _note(session: AsyncSession, report: DayReport, now: dt.datetime) -> None:
    """Open an item for each difference, and close those of this day that are none any more."""
    prefix = f"reconciliation:{report.provider}:{report.day}:"
    keys = set()
    for each in report.differences:
        key = f"{prefix}{each.kind}:{each.ref}"[:200]
        keys.add(key)
        await open_items.add(
            session,
            ItemKind.RECONCILIATION,
            key,
            now,
            money=Money(each.amount, each.currency),
            details={"kind": each.kind, "ref": each.ref, "says": each.says},
        )
    query = select(OpenItem.key).where(
        OpenItem.kind == ItemKind.RECONCILIATION.value,
        OpenItem.closed_at.is_(None),
        OpenItem.key.startswith(prefix, autoescape=True),
    )
    for key in list(await session.scalars(query)):
        if key not in keys:
            await open_items.close_key(session, key, "the books agree now", now)


def _noon(provider: PaymentProvider, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), provider.books.zone).astimezone(dt.UTC)
