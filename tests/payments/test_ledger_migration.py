"""What an older version booked keeps its sums when the ledger gets transactions and accounts, and back."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from app.core.crypto import Keyring
from app.database.session import Database
from app.payments import rules
from app.payments.ledger import book
from tests.database.test_migrations import alembic, connected, empty_url
from tests.database.test_people_move_to_the_grid import NOW, add

pytestmark = pytest.mark.both_databases  # a migration

__all__ = ["empty_url"]

BEFORE, AFTER = "0027", "0028"
BOOKINGS = [
    ("capture:1", "INR", {"provider_cash": 4_900, "lead_revenue": -4_900}),
    ("capture:2", "INR", {"provider_cash": 9_900, "lead_revenue": -9_900}),
    ("refund:1", "INR", {"lead_revenue": 4_900, "provider_cash": -4_900}),
    ("refund_failed:1", "INR", {"lead_revenue": -4_900, "provider_cash": 4_900}),
    ("dispute_lost:1", "EUR", {"dispute_losses": 700, "provider_cash": -700}),
]


def sums_before(connection: sa.Connection) -> list[Any]:
    """The balances by the old columns."""
    query = "SELECT account, currency, sum(amount) FROM ledger_entries GROUP BY 1, 2 ORDER BY 1, 2"
    return [(row[0], row[1], int(row[2])) for row in connection.execute(sa.text(query))]


def sums_after(connection: sa.Connection) -> list[Any]:
    """The balances by the accounts."""
    query = (
        "SELECT a.type, a.currency, sum(e.amount) FROM ledger_entries e"
        " JOIN ledger_accounts a ON a.id = e.account_id"
        " JOIN ledger_transactions t ON t.id = e.transaction_id GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [(row[0], row[1], int(row[2])) for row in connection.execute(sa.text(query))]


def add_bookings(connection: sa.Connection) -> None:
    for key, currency, sides in BOOKINGS:
        transaction_id = uuid.uuid4()
        for account, amount in sides.items():
            add(
                connection,
                "ledger_entries",
                id=uuid.uuid4(),
                transaction_id=transaction_id,
                event_key=key,
                account=account,
                amount=amount,
                currency=currency,
                at=NOW,
            )


async def test_the_sums_of_every_account_stay_the_same_up_and_down(empty_url: str) -> None:
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), BEFORE)
        add_bookings(connection)
        # A key that was booked in parts: the second part found one of its accounts taken.
        add(
            connection,
            "ledger_entries",
            id=uuid.uuid4(),
            transaction_id=uuid.uuid4(),
            event_key="capture:1",
            account="tax_payable",
            amount=0,
            currency="INR",
            at=NOW,
        )
        before = sums_before(connection)
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), AFTER)
        assert sums_after(connection) == before
        kinds = connection.execute(
            sa.text("SELECT DISTINCT kind FROM ledger_transactions ORDER BY 1")
        )
        assert list(kinds.scalars()) == ["capture", "dispute_lost", "refund", "refund_failed"]
        command.downgrade(alembic(connection), BEFORE)
        assert sums_before(connection) == before
        command.upgrade(alembic(connection), "head")
        assert sums_after(connection) == before


async def test_new_bookings_go_to_the_accounts_of_before_and_can_go_back(empty_url: str) -> None:
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), BEFORE)
        add_bookings(connection)
        command.upgrade(alembic(connection), AFTER)
        accounts = connection.scalar(sa.text("SELECT count(*) FROM ledger_accounts"))
    database = Database(empty_url, Keyring("a secret that is long enough for a test"))
    try:
        async with database.begin() as session:
            sides = rules.capture(100)
            assert await book(
                session,
                "capture:9",
                sides,
                currency="INR",
                payment_id=None,
                now=NOW,
                provider="stripe",
            )
            assert not await book(
                session,
                "capture:2",
                sides,
                currency="INR",
                payment_id=None,
                now=NOW,
                provider="stripe",
            )
    finally:
        await database.close()
    with connected(empty_url) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM ledger_accounts")) == accounts
        after = sums_after(connection)
        assert after[-2:] == [("provider_cash", "EUR", -700), ("provider_cash", "INR", 14_900)]
        command.downgrade(alembic(connection), BEFORE)
        assert sums_before(connection) == after
