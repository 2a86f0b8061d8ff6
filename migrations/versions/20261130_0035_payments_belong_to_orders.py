"""payments belong to orders

Revision: 0035
Follows: 0034

Every payment gets an order of its own and one attempt, both by the payment's id; sums stay the same. What the version
before still makes meanwhile is given its order when something is heard of it (`app.payments.orders.adopt`).
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_AT = sa.DateTime(timezone=True)
_REFERENCES = (("order_id", "orders"), ("captured_by", "payment_attempts"))
_OPEN = sa.text("status = 'open'")
_CHECKED = sa.text("check_at IS NOT NULL")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("quote", _JSON, nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("pay_with", sa.String(length=16), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("paid_at", _AT, nullable=True),
        sa.Column("updated_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_orders_employer_id_employers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_employer_id_id", "orders", ["employer_id", "id"])
    op.create_table(
        "payment_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("idempotency_key", sa.String(length=160), nullable=False),
        sa.Column("request", _JSON, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("session_id", sa.String(length=160), nullable=True),
        sa.Column("checkout_url", sa.String(length=2000), nullable=True),
        sa.Column("expires_at", _AT, nullable=True),
        sa.Column("check_at", _AT, nullable=True),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=True),
        sa.Column("intent_id", sa.String(length=160), nullable=True),
        sa.Column("charge_id", sa.String(length=160), nullable=True),
        sa.Column("balance_transaction_id", sa.String(length=160), nullable=True),
        sa.Column("gross", sa.BigInteger(), nullable=True),
        sa.Column("fee", sa.BigInteger(), nullable=True),
        sa.Column("net", sa.BigInteger(), nullable=True),
        sa.Column("settlement_currency", sa.String(length=3), nullable=True),
        sa.Column("settlement_rate", sa.String(length=32), nullable=True),
        sa.Column("captured_at", _AT, nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_payment_attempts_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempts")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_payment_attempts_order_id_number")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payment_attempts_idempotency_key")),
        sa.UniqueConstraint("session_id", name=op.f("uq_payment_attempts_session_id")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_payment_attempts_intent_id")),
    )
    op.create_index(
        "uq_payment_attempts_open",
        "payment_attempts",
        ["order_id"],
        unique=True,
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )
    op.create_index(
        "ix_payment_attempts_check_at",
        "payment_attempts",
        ["check_at"],
        postgresql_where=_CHECKED,
        sqlite_where=_CHECKED,
    )
    for column, table in _REFERENCES:
        _add_reference(column, table)
        op.create_index(op.f(f"ix_payments_{column}"), "payments", [column])
    _add_orders()


def _add_reference(column: str, table: str) -> None:
    if op.get_context().dialect.name == "postgresql":
        op.add_column("payments", sa.Column(column, sa.Uuid(), nullable=True))
        name = op.f(f"fk_payments_{column}_{table}")
        op.create_foreign_key(name, "payments", table, [column], ["id"])
    else:  # other tables refer to this one, so SQLite can't make it anew
        constraint = f"fk_payments_{column}_{table}"
        op.execute(
            f"ALTER TABLE payments ADD COLUMN {column} CHAR(32)"
            f" CONSTRAINT {constraint} REFERENCES {table} (id)"
        )


_CAPTURED = "('succeeded', 'partially_refunded', 'refunded', 'in_review')"
_ORDERS = f"""
INSERT INTO orders (id, employer_id, kind, status, quote, total, currency, pay_with, created_at, paid_at, updated_at)
SELECT id, employer_id, 'leads', CASE WHEN status IN {_CAPTURED} THEN 'succeeded' ELSE status END,
    quote, amount, currency, 'page', created_at, paid_at, updated_at
FROM payments"""  # noqa: S608 - no value of anybody's is in it
_ATTEMPTS = f"""
INSERT INTO payment_attempts (id, order_id, number, provider, idempotency_key, status, session_id, checkout_url,
    expires_at, check_at, failure_code, livemode, intent_id, gross, captured_at, created_at, updated_at)
SELECT id, id, attempt, 'stripe', %s,
    CASE WHEN status IN {_CAPTURED} THEN 'paid'
        WHEN status IN ('failed', 'expired', 'cancelled') THEN status ELSE 'open' END,
    session_id, checkout_url, expires_at, check_at, failure_code, livemode, intent_id,
    CASE WHEN status IN {_CAPTURED} THEN amount END, paid_at, created_at, updated_at
FROM payments"""  # noqa: S608
_BOUND = f"""
UPDATE payments SET order_id = id, captured_by = CASE WHEN status IN {_CAPTURED} THEN id END"""  # noqa: S608
_KEYS = {
    "postgresql": "'pay:' || id || ':' || attempt",
    "sqlite": (
        "'pay:' || substr(id, 1, 8) || '-' || substr(id, 9, 4) || '-' || substr(id, 13, 4)"
        " || '-' || substr(id, 17, 4) || '-' || substr(id, 21) || ':' || attempt"
    ),
}
"""The idempotency key under which each page was asked for: it may still be."""


def _add_orders() -> None:
    # The second of them has no parameters, and a colon in a text.
    for statement in (_ORDERS, _ATTEMPTS % _KEYS[op.get_context().dialect.name], _BOUND):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Take the change back. An order of several leads becomes as many payments, which know no page."""
    newest = """
    SELECT a.%s FROM payment_attempts a WHERE a.order_id = payments.order_id
    ORDER BY a.number DESC LIMIT 1"""
    op.execute(f"UPDATE payments SET check_at = ({newest % 'check_at'}) WHERE order_id = id")  # noqa: S608
    for column, table in reversed(_REFERENCES):
        op.drop_index(op.f(f"ix_payments_{column}"), "payments")
        if op.get_context().dialect.name == "postgresql":
            op.drop_constraint(op.f(f"fk_payments_{column}_{table}"), "payments")
        op.execute(f"ALTER TABLE payments DROP COLUMN {column}")
    op.drop_table("payment_attempts")
    op.drop_table("orders")
