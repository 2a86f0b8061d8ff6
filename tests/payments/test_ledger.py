"""The ledger: each event is booked once and whole, the sides are equal, and nothing is ever changed."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.core.ids import new_id
from app.database.session import Database
from app.payments.ledger import account_id, book
from app.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction
from app.payments.provider import PROVIDER
from app.payments.rules import AccountType, Posting
from tests.support.assertions import balances_of
from tests.support.database import database_of, opened
from tests.support.factories import NOW

pytestmark = pytest.mark.both_databases  # triggers keep the ledger's books

CASH, REVENUE = AccountType.PROVIDER_CASH, AccountType.LEAD_REVENUE
LEAD = (Posting(CASH, 4_900), Posting(REVENUE, -4_900))
OTHER_SIDES = (Posting(AccountType.SUSPENSE, 4_900), Posting(AccountType.TAX_PAYABLE, -4_900))


async def booked(
    database: Database, key: str, sides: Sequence[Posting] = LEAD, currency: str = "INR"
) -> bool:
    """Book in a transaction of its own."""
    async with database.begin() as session:
        return await book(
            session, key, sides, currency=currency, payment_id=None, now=NOW, provider="stripe"
        )


async def balances(database: Database) -> dict[tuple[str, str], int]:
    async with database.read() as session:
        return await balances_of(session)


async def test_a_second_booking_of_an_event_writes_nothing_even_on_other_accounts(
    database_url: str,
) -> None:
    async with opened(database_url) as database:
        assert await booked(database, "capture:1")
        assert not await booked(database, "capture:1")
        assert not await booked(database, "capture:1", OTHER_SIDES)
        assert await balances(database) == {(CASH, "INR"): 4_900, (REVENUE, "INR"): -4_900}


async def test_of_fifty_who_book_one_event_at_once_one_does(database_url: str) -> None:
    async with opened(database_url) as database:
        sides = [LEAD, OTHER_SIDES] * 25
        done = await asyncio.gather(*(booked(database, "capture:1", each) for each in sides))
        assert sorted(done) == [False] * 49 + [True]
        assert sorted(map(abs, (await balances(database)).values())) == [4_900, 4_900]


async def test_two_sides_on_one_account_both_count(database_url: str) -> None:
    async with opened(database_url) as database:
        sides = (Posting(CASH, 3_000), Posting(CASH, 1_900), Posting(REVENUE, -4_900))
        assert await booked(database, "capture:1", sides)
        assert await balances(database) == {(CASH, "INR"): 4_900, (REVENUE, "INR"): -4_900}


async def test_when_it_happened_is_the_providers_and_when_it_was_booked_is_ours(
    database_url: str,
) -> None:
    async with opened(database_url) as database:
        earlier = NOW.replace(hour=NOW.hour - 1)
        async with database.begin() as session:
            await book(
                session,
                "refund:1",
                LEAD,
                currency="INR",
                payment_id=None,
                now=NOW,
                occurred_at=earlier,
                provider="razorpay",
                provider_ref="rfnd_1",
            )
        async with database.read() as session:
            header = (await session.scalars(select(LedgerTransaction))).one()
            accounts = {row.type: row for row in await session.scalars(select(LedgerAccount))}
        assert (header.kind, header.provider, header.provider_ref) == (
            "refund",
            "razorpay",
            "rfnd_1",
        )
        assert (header.occurred_at, header.booked_at) == (earlier, NOW)
        assert accounts[CASH].provider == "razorpay"
        assert accounts[REVENUE].provider is None


# ── What the database itself holds ───────────────────────────────────────────────────────────────


def an_entry(transaction_id: Any, amount: int, kind: AccountType) -> dict[str, Any]:
    account = account_id(kind, "INR", provider=PROVIDER)
    return {
        "id": new_id(),
        "transaction_id": transaction_id,
        "account_id": account,
        "amount": amount,
        "currency": "INR",
    }


async def write(
    database: Database, header: dict[str, Any] | None, sides: Sequence[dict[str, Any]]
) -> None:
    """Write rows one by one, past `book`."""
    async with database.begin() as session:
        if header is not None:
            await session.execute(insert(LedgerTransaction), header)
        for side in sides:
            await session.execute(insert(LedgerEntry), side)


@pytest.mark.parametrize(
    "amounts", [(100, -99), (100,), (2**40, -1, -(2**40))], ids=["near", "one_side", "large"]
)
async def test_the_database_commits_no_transaction_whose_sides_differ(
    database_url: str, amounts: tuple[int, ...]
) -> None:
    async with opened(database_url) as database:
        await booked(database, "capture:1")
        header = {
            "id": new_id(),
            "kind": "capture",
            "event_key": "capture:2",
            "occurred_at": NOW,
            "booked_at": NOW,
        }
        sides = [an_entry(header["id"], each, CASH if each > 0 else REVENUE) for each in amounts]
        with pytest.raises(DBAPIError):
            await write(database, header, sides)
        equal = [an_entry(header["id"], 7, CASH), an_entry(header["id"], -7, REVENUE)]
        await write(database, header, equal)
        assert (await balances(database))[CASH, "INR"] == 4_907


@pytest.mark.parametrize(
    "change",
    [
        update(LedgerTransaction).values(event_key="capture:other"),
        update(LedgerTransaction).values(occurred_at=NOW),
        delete(LedgerTransaction),
        update(LedgerEntry).values(amount=0),
        delete(LedgerEntry),
    ],
    ids=["header_key", "header_time", "header_gone", "entry_amount", "entry_gone"],
)
async def test_the_database_refuses_to_change_what_was_booked(
    database_url: str, change: Any
) -> None:
    async with opened(database_url) as database:
        await booked(database, "capture:1")
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.begin() as session:
                await session.execute(change)
        assert (await balances(database))[CASH, "INR"] == 4_900


async def test_an_entry_has_its_accounts_currency(database_url: str) -> None:
    async with opened(database_url) as database:
        await booked(database, "capture:1")
        async with database.read() as session:
            header = await session.scalar(select(LedgerTransaction.id))
        sides = [an_entry(header, 5, CASH), an_entry(header, -5, REVENUE)]
        with pytest.raises(DBAPIError):
            await write(database, None, [side | {"currency": "EUR"} for side in sides])


# ── Side by side ─────────────────────────────────────────────────────────────────────────────────


async def test_captures_do_not_wait_for_each_other(postgresql_database_url: str) -> None:
    """All of them debit the provider's account: its row must be nobody's queue."""
    database = database_of(postgresql_database_url)
    try:
        await booked(database, "capture:0")
        async with database.begin() as session:
            await book(
                session,
                "capture:1",
                LEAD,
                currency="INR",
                payment_id=None,
                now=NOW,
                provider="stripe",
            )
            async with database.begin() as other:
                await other.execute(text("SET LOCAL lock_timeout = '200ms'"))
                assert await book(
                    other,
                    "capture:2",
                    LEAD,
                    currency="INR",
                    payment_id=None,
                    now=NOW,
                    provider="stripe",
                )
        assert (await balances(database))[CASH, "INR"] == 3 * 4_900
    finally:
        await database.close()


async def test_who_opens_the_same_accounts_in_another_order_waits_in_no_circle(
    postgresql_database_url: str,
) -> None:
    kinds = [kind for kind in AccountType if kind is not AccountType.EMPLOYER_BALANCE]
    currencies = ["INR", "EUR", "USD", "JPY", "KWD", "GBP"]
    turn = random.Random(7)
    async with opened(postgresql_database_url) as database:

        async def many(key: str, currency: str) -> None:
            sides = [Posting(kind, 1) for kind in kinds] + [Posting(kinds[0], -len(kinds))]
            turn.shuffle(sides)
            assert await booked(database, key, sides, currency)

        for currency in currencies:
            await asyncio.gather(*(many(f"test:{currency}:{n}", currency) for n in range(16)))
        async with database.read() as session:
            found = await session.scalar(select(func.count()).select_from(LedgerAccount))
        assert found == len(kinds) * len(currencies)
