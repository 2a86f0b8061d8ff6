"""The ledger: double entry, integer minor units; what was booked once can't be booked again.

A booking is a transaction (the header) and its entries. The header is inserted first: its unique `event_key`
lets one of several bookings of the same event through, which then writes all of it, and the others write
nothing. No booking changes or locks an account's row, so captures never wait for each other.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.database.statements import insert_if_absent, insert_of, is_postgresql
from app.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction
from app.payments.rules import OF_A_PROVIDER, AccountType, Posting

_ACCOUNTS: Final = UUID("5f0d9a3e-6c1b-4f0e-9d57-0c2b7a9e4d11")
"""Namespace of the accounts' ids; a random value that never changes."""


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
    if sum(posting.amount for posting in postings) != 0:
        raise Unbalanced(event_key)
    header_id = await _insert_header(
        session, event_key, now, occurred_at or now, provider, provider_ref, payment_id
    )
    if header_id is None:
        return False
    sides = [posting for posting in postings if posting.amount != 0]
    accounts = [_account(posting, currency, provider) for posting in sides]
    if not sides:
        return True
    await open_accounts(session, accounts)
    entries = [
        {
            "id": new_id(),
            "transaction_id": header_id,
            "account_id": account["id"],
            "amount": posting.amount,
            "currency": currency,
        }
        for posting, account in zip(sides, accounts, strict=True)
    ]
    await session.execute(insert(LedgerEntry), entries)
    return True


async def _insert_header(
    session: AsyncSession,
    event_key: str,
    now: dt.datetime,
    occurred_at: dt.datetime,
    provider: str | None,
    provider_ref: str | None,
    payment_id: UUID | None,
) -> UUID | None:
    """Insert a transaction and return its id; None if its `event_key` was booked before."""
    id_ = new_id()
    header = {
        "id": id_,
        "kind": event_key.partition(":")[0],
        "event_key": event_key,
        "occurred_at": occurred_at,
        "booked_at": now,
        "provider": provider,
        "provider_ref": provider_ref,
        "payment_id": payment_id,
    }
    if not await insert_if_absent(session, LedgerTransaction, header):
        return None
    return id_


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
    header_id = await _insert_header(
        session, event_key, now, occurred_at or now, booked.provider, ref, booked.payment_id
    )
    if header_id is None:
        return False
    sides = select(LedgerEntry.account_id, LedgerEntry.amount, LedgerEntry.currency).where(
        LedgerEntry.transaction_id == booked.id
    )
    entries = [
        {
            "id": new_id(),
            "transaction_id": header_id,
            "account_id": side.account_id,
            "amount": -side.amount,
            "currency": side.currency,
        }
        for side in await session.execute(sides)
    ]
    if entries:
        await session.execute(insert(LedgerEntry), entries)
    return True


async def lock_balance(session: AsyncSession, employer_id: UUID, currency: str) -> int:
    """Lock an employer's balance against other debits; return what is in it, 0 if there never was any."""
    its_id = account_id(AccountType.EMPLOYER_BALANCE, currency, owner_id=employer_id)
    account = select(LedgerAccount.id).where(LedgerAccount.id == its_id)
    if await session.scalar(account.with_for_update(key_share=True)) is None:
        return 0
    return await balance_of(session, employer_id, currency)


async def balance_of(session: AsyncSession, employer_id: UUID, currency: str) -> int:
    """Return what is in an employer's balance, in minor units."""
    query = select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(
        LedgerEntry.account_id
        == account_id(AccountType.EMPLOYER_BALANCE, currency, owner_id=employer_id)
    )
    return -int(await session.scalar(query) or 0)


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
    rows = sorted({row["id"]: row for row in accounts}.values(), key=lambda row: row["id"])
    statement = insert_of(LedgerAccount, postgresql=is_postgresql(session)).values(rows)
    await session.execute(statement.on_conflict_do_nothing())
