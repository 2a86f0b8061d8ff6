"""Every payment of before gets its order and its attempt, and what is open can still be paid."""

import datetime as dt
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from tests.database.test_migrations import alembic, connected, empty_url
from tests.database.test_people_move_to_the_grid import NOW, add

pytestmark = pytest.mark.both_databases  # a migration

__all__ = ["empty_url"]

BEFORE, AFTER = "0034", "0035"
STATUSES = [
    "pending",
    "processing",
    "succeeded",
    "partially_refunded",
    "refunded",
    "failed",
    "expired",
    "cancelled",
    "in_review",
]
SUMS = "SELECT {status}, currency, count(*), sum({amount}) FROM {table} GROUP BY 1, 2 ORDER BY 1, 2"


def add_payments(connection: sa.Connection) -> dict[str, uuid.UUID]:
    """One payment in each status, by status."""
    add(connection, "users", id=uuid.UUID(int=1))
    add(connection, "users", id=uuid.UUID(int=2), email_index="x", role="worker")
    add(connection, "employers", id=uuid.UUID(int=1))
    add(connection, "workers", id=uuid.UUID(int=2))
    ids: dict[str, uuid.UUID] = {}
    for number, status in enumerate(STATUSES):
        job, match, payment = (uuid.UUID(int=100 * number + each) for each in (11, 12, 13))
        add(connection, "jobs", id=job, employer_id=uuid.UUID(int=1))
        add(
            connection,
            "job_matches",
            id=match,
            job_id=job,
            worker_id=uuid.UUID(int=2),
            employer_id=uuid.UUID(int=1),
        )
        captured = status in {"succeeded", "partially_refunded", "refunded", "in_review"}
        add(
            connection,
            "payments",
            id=payment,
            employer_id=uuid.UUID(int=1),
            match_id=match,
            status=status,
            amount=4_900 + number,
            currency="INR",
            refunded_amount=0,
            attempt=3,
            session_id=f"cs_{number}",
            intent_id=f"pi_{number}" if captured else None,
            checkout_url="https://pay.example",
            check_at=NOW + dt.timedelta(minutes=number) if status == "pending" else None,
            created_at=NOW,
            paid_at=NOW if captured else None,
            updated_at=NOW,
        )
        ids[status] = payment
    return ids


def rows(connection: sa.Connection, query: str) -> list[Any]:
    return [tuple(row) for row in connection.execute(sa.text(query))]


def test_each_payment_has_its_order_and_attempt_and_the_sums_stay(empty_url: str) -> None:
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), BEFORE)
        ids = add_payments(connection)
        before = rows(connection, SUMS.format(status="status", amount="amount", table="payments"))
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), AFTER)
        assert before == rows(
            connection, SUMS.format(status="status", amount="amount", table="payments")
        )
        orders = "SELECT status, total FROM orders ORDER BY total"
        assert rows(connection, orders) == [
            ("pending", 4_900),
            ("processing", 4_901),
            ("succeeded", 4_902),
            ("succeeded", 4_903),
            ("succeeded", 4_904),
            ("failed", 4_905),
            ("expired", 4_906),
            ("cancelled", 4_907),
            ("succeeded", 4_908),
        ]
        attempts = (
            "SELECT status, session_id, intent_id, gross FROM payment_attempts ORDER BY session_id"
        )
        assert rows(connection, attempts) == [
            ("open", "cs_0", None, None),
            ("open", "cs_1", None, None),
            ("paid", "cs_2", "pi_2", 4_902),
            ("paid", "cs_3", "pi_3", 4_903),
            ("paid", "cs_4", "pi_4", 4_904),
            ("failed", "cs_5", None, None),
            ("expired", "cs_6", None, None),
            ("cancelled", "cs_7", None, None),
            ("paid", "cs_8", "pi_8", 4_908),
        ]
        bound = (
            "SELECT count(*), count(p.captured_by) FROM payments p JOIN orders o ON o.id = p.order_id"
            " JOIN payment_attempts a ON a.order_id = o.id"
            " WHERE o.total = p.amount AND (p.captured_by IS NULL OR p.captured_by = a.id)"
        )
        assert rows(connection, bound) == [(9, 4)]
        keys = "SELECT idempotency_key FROM payment_attempts WHERE session_id = 'cs_0'"
        assert rows(connection, keys) == [(f"pay:{ids['pending']}:3",)]
        waiting = "SELECT session_id FROM payment_attempts WHERE check_at IS NOT NULL"
        assert rows(connection, waiting) == [("cs_0",)]
    with connected(empty_url) as connection:
        command.downgrade(alembic(connection), BEFORE)
        assert before == rows(
            connection, SUMS.format(status="status", amount="amount", table="payments")
        )
        assert rows(connection, "SELECT session_id FROM payments WHERE check_at IS NOT NULL") == [
            ("cs_0",)
        ]
        command.upgrade(alembic(connection), "head")
        assert rows(connection, "SELECT count(*) FROM orders") == [(9,)]
        undelivered = "SELECT count(*) FROM job_matches WHERE NOT undelivered"
        assert rows(connection, undelivered) == [(9,)]
    with connected(empty_url) as connection:
        command.downgrade(alembic(connection), AFTER)
        assert before == rows(
            connection, SUMS.format(status="status", amount="amount", table="payments")
        )
        assert rows(connection, "SELECT count(*) FROM job_matches") == [(9,)]


def test_an_order_has_one_open_attempt(empty_url: str) -> None:
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), BEFORE)
        ids = add_payments(connection)
        command.upgrade(alembic(connection), AFTER)
    second = {"order_id": ids["pending"], "number": 4}
    with pytest.raises(sa.exc.IntegrityError), connected(empty_url) as connection:
        add(
            connection,
            "payment_attempts",
            id=uuid.uuid4(),
            status="open",
            idempotency_key="pay:other",
            **second,
        )
