"""The ledger: double entry, integer minor units; what was booked once can't be booked again.

A booking is a transaction (the header) and its entries. The header is inserted first: its unique `event_key`
lets one of several bookings of the same event through, which then writes all of it, and the others write
nothing. No booking changes or locks an account's row, so captures never wait for each other.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, ScalarSelect, Uuid, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from app.core.ids import new_id
from app.core.money import Money
from app.database.statements import (
    NewRows,
    if_absent,
    is_postgresql,
    table,
    write_together,
)
from app.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction
from app.payments.rules import OF_A_PROVIDER, AccountType, Posting

_ACCOUNTS: Final = UUID("5f0d9a3e-6c1b-4f0e-9d57-0c2b7a9e4d11")
"""Namespace of the accounts' ids; a random value that never changes."""
_NEW_HEADERS: Final = insert(table(LedgerTransaction))
_NEW_ENTRIES: Final = insert(table(LedgerEntry))


class Unbalanced(ValueError):
    """The sides of a booking do not sum to zero: a fault of ours, never of a user."""


def account_id(
    kind: AccountType, currency: str, *, owner_id: UUID | None = None, provider: str | None = None
) -> UUID:
    """Return the id of an account, which follows from what it is: nobody has to look for it.

    `provider` counts for the types that each provider has of its own, `owner_id` for balances.
    """
    of_provider = provider if kind in OF_A_PROVIDER else None
    return uuid5(_ACCOUNTS, f"{kind.value}:{currency}:{owner_id or ''}:{of_provider or ''}")


@dataclass(frozen=True, slots=True)
class Booking:
    """All sides of one event. The first part of `event_key` is its kind: `capture` of `capture:{payment}`."""

    event_key: str
    postings: Sequence[Posting]
    payment_id: UUID | None


async def book(
    session: AsyncSession,
    event_key: str,
    postings: Sequence[Posting],
    *,
    currency: str,
    payment_id: UUID | None,
    now: dt.datetime,
    occurred_at: dt.datetime | None = None,
    provider: str | None,
    provider_ref: str | None = None,
) -> bool:
    """Book all sides of one event, or nothing if its `event_key` was booked before; return whether it did.

    The key's first part is the kind: `capture` of `capture:{payment}`. `occurred_at` is when it happened by
    the provider's clock (None: now), `provider_ref` the provider's id of what moved. Raises `Unbalanced`
    unless the sides sum to zero.
    """
    booked = await book_each(
        session,
        [Booking(event_key, postings, payment_id)],
        currency=currency,
        now=now,
        occurred_at=occurred_at,
        provider=provider,
        provider_ref=provider_ref,
    )
    return event_key in booked


async def book_each(
    session: AsyncSession,
    bookings: Sequence[Booking],
    *,
    currency: str,
    now: dt.datetime,
    occurred_at: dt.datetime | None = None,
    provider: str | None,
    provider_ref: str | None = None,
) -> set[str]:
    """Book several events of one moment, each as `book` does; return the keys of those that were not booked before."""
    headers = _headers(bookings, now, occurred_at or now, provider, provider_ref)
    booked = await _insert_headers(session, list(headers.values()))
    left = [booking for booking in bookings if booking.event_key in booked]
    if left:
        await write_together(session, *_sides(session, left, headers, currency, provider))
    return booked


async def book_new(
    session: AsyncSession, bookings: Sequence[Booking], *, currency: str, now: dt.datetime
) -> None:
    """Book the captures of payments that this transaction makes, out of a balance or for nothing.

    Nobody can have booked them before, so there is nothing to ask: with other rows this is one statement
    (`write_together`). Were one booked all the same, the header's unique `event_key` undoes the transaction.
    """
    headers = _headers(bookings, now, now, None, None)
    new = NewRows(_NEW_HEADERS, list(headers.values()))
    await write_together(session, new, *_sides(session, bookings, headers, currency, None))


def _headers(
    bookings: Sequence[Booking],
    now: dt.datetime,
    occurred_at: dt.datetime,
    provider: str | None,
    provider_ref: str | None,
) -> dict[str, dict[str, Any]]:
    """Return the transactions by event key. Raises `Unbalanced`."""
    for booking in bookings:
        if sum(posting.amount for posting in booking.postings) != 0:
            raise Unbalanced(booking.event_key)
    return {
        booking.event_key: _header(
            booking.event_key, now, occurred_at, provider, provider_ref, booking.payment_id
        )
        for booking in bookings
    }


def _sides(
    session: AsyncSession,
    bookings: Sequence[Booking],
    headers: Mapping[str, Mapping[str, Any]],
    currency: str,
    provider: str | None,
) -> tuple[NewRows, NewRows]:
    """Return the accounts that may have to be opened, and the entries of these bookings."""
    sides = [
        (headers[booking.event_key]["id"], posting, _account(posting, currency, provider))
        for booking in bookings
        for posting in booking.postings
        if posting.amount != 0
    ]
    entries = [
        {
            "id": new_id(),
            "transaction_id": header_id,
            "account_id": account["id"],
            "amount": posting.amount,
            "currency": currency,
        }
        for header_id, posting, account in sides
    ]
    accounts = _new_accounts(session, [account for _, _, account in sides])
    return accounts, NewRows(_NEW_ENTRIES, entries)


def _header(
    event_key: str,
    now: dt.datetime,
    occurred_at: dt.datetime,
    provider: str | None,
    provider_ref: str | None,
    payment_id: UUID | None,
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "kind": event_key.partition(":")[0],
        "event_key": event_key,
        "occurred_at": occurred_at,
        "booked_at": now,
        "provider": provider,
        "provider_ref": provider_ref,
        "payment_id": payment_id,
    }


async def _insert_headers(session: AsyncSession, headers: list[dict[str, Any]]) -> set[str]:
    """Insert transactions; return the event keys of those that were not booked before."""
    statement = _if_not_booked(postgresql=is_postgresql(session))
    return set(await session.scalars(statement, headers))


@cache
def _if_not_booked(*, postgresql: bool) -> ReturningInsert[str]:
    statement = if_absent(LedgerTransaction, postgresql=postgresql)
    return statement.returning(LedgerTransaction.event_key)


async def book_opposite(
    session: AsyncSession,
    of_event: str,
    event_key: str,
    *,
    now: dt.datetime,
    occurred_at: dt.datetime | None = None,
    provider_ref: str | None = None,
) -> bool:
    """Book the opposite of what was booked under `of_event`, once; return whether it did.

    Nothing is booked where that was not.
    """
    query = select(LedgerTransaction).where(LedgerTransaction.event_key == of_event)
    booked = await session.scalar(query)
    if booked is None:
        return False
    ref = provider_ref or booked.provider_ref
    header = _header(event_key, now, occurred_at or now, booked.provider, ref, booked.payment_id)
    if not await _insert_headers(session, [header]):
        return False
    sides = select(LedgerEntry.account_id, LedgerEntry.amount, LedgerEntry.currency).where(
        LedgerEntry.transaction_id == booked.id
    )
    entries = [
        {
            "id": new_id(),
            "transaction_id": header["id"],
            "account_id": side.account_id,
            "amount": -side.amount,
            "currency": side.currency,
        }
        for side in await session.execute(sides)
    ]
    if entries:
        await session.execute(_NEW_ENTRIES, entries)
    return True


_ACCOUNT, _ENTRY = table(LedgerAccount).c, table(LedgerEntry).c
_LOCKED_ACCOUNT: Final = (
    select(_ACCOUNT.id)
    .where(_ACCOUNT.id == bindparam("account_id", type_=Uuid()))
    .with_for_update(key_share=True)
)


def sum_of(account: ColumnElement[UUID]) -> ScalarSelect[int]:
    """Return the sum of an account's entries, as a column of a query; NULL where there are none."""
    entries = select(func.sum(_ENTRY.amount)).where(_ENTRY.account_id == account)
    return entries.scalar_subquery()


_SUM: Final = select(sum_of(bindparam("account_id", type_=Uuid())))


def balance_account(employer_id: UUID, currency: str) -> UUID:
    """Return the id of an employer's balance."""
    return account_id(AccountType.EMPLOYER_BALANCE, currency, owner_id=employer_id)


async def lock_balance(session: AsyncSession, employer_id: UUID, currency: str) -> int:
    """Lock an employer's balance against other debits; return what is in it, 0 if there never was any."""
    if not await lock_balance_account(session, employer_id, currency):
        return 0
    return await balance_of(session, employer_id, currency)


async def lock_balance_account(session: AsyncSession, employer_id: UUID, currency: str) -> bool:
    """Lock an employer's balance against other debits; only a statement after this one sums what nobody else takes.

    False: there is none yet, so that nothing is locked, and what comes into it meanwhile is not to be taken. On SQLite
    whoever writes is alone anyway.
    """
    if not is_postgresql(session):
        return True
    its_id = balance_account(employer_id, currency)
    return await session.scalar(_LOCKED_ACCOUNT, {"account_id": its_id}) is not None


async def balance_of(session: AsyncSession, employer_id: UUID, currency: str) -> int:
    """Return what is in an employer's balance, in minor units."""
    asked = {"account_id": balance_account(employer_id, currency)}
    return -int(await session.scalar(_SUM, asked) or 0)


async def balances_of(session: AsyncSession, employer_id: UUID) -> list[Money]:
    """Return what is in an employer's balances, one amount a currency, by code; empty ones are left out."""
    there = func.sum(LedgerEntry.amount)
    query = (
        select(LedgerAccount.currency, there)
        .join(LedgerEntry, LedgerEntry.account_id == LedgerAccount.id)
        .where(
            LedgerAccount.owner_id == employer_id,
            LedgerAccount.type == AccountType.EMPLOYER_BALANCE.value,
        )
        .group_by(LedgerAccount.currency)
        .having(there < 0)
        .order_by(LedgerAccount.currency)
    )
    return [Money(-int(total), currency) for currency, total in await session.execute(query)]


def _account(posting: Posting, currency: str, provider: str | None) -> dict[str, Any]:
    kind, owner_id = posting.account, posting.owner_id
    return {
        "id": account_id(kind, currency, owner_id=owner_id, provider=provider),
        "type": kind.value,
        "currency": currency,
        "owner_id": owner_id,
        "provider": provider if kind in OF_A_PROVIDER else None,
    }


async def open_accounts(session: AsyncSession, accounts: Sequence[dict[str, Any]]) -> None:
    """Insert the accounts that are not there yet, in the order of their ids.

    Two bookings that open the same accounts wait for each other in that order, and never in a circle.
    """
    await write_together(session, _new_accounts(session, accounts))


def _new_accounts(session: AsyncSession, accounts: Sequence[dict[str, Any]]) -> NewRows:
    rows = sorted({row["id"]: row for row in accounts}.values(), key=lambda row: row["id"])
    return NewRows(if_absent(LedgerAccount, postgresql=is_postgresql(session)), rows)
