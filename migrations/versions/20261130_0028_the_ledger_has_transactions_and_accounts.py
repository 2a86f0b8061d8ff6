"""the ledger has transactions and accounts

Revision: 0028
Follows: 0027

Every booking gets a header, every entry its account; what an account's entries sum to stays the same. What the
version before still writes meanwhile gets both when its columns go; until then these entries are in no balance.
"""

from collections.abc import Sequence
from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op

from app.payments.ledger_protection import PROTECTION, REMOVAL

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PROVIDER = "stripe"
"""The only one there was."""
_OF_A_PROVIDER = frozenset({"provider_cash"})
_NAMESPACE = UUID("5f0d9a3e-6c1b-4f0e-9d57-0c2b7a9e4d11")
"""The code's (`app.payments.ledger`): an account's id follows from what it is."""

_AT = sa.DateTime(timezone=True)
_ENTRIES = sa.table(
    "ledger_entries",
    sa.column("id", sa.Uuid()),
    sa.column("transaction_id", sa.Uuid()),
    sa.column("account_id", sa.Uuid()),
    sa.column("event_key", sa.String()),
    sa.column("account", sa.String()),
    sa.column("currency", sa.String()),
    sa.column("payment_id", sa.Uuid()),
    sa.column("at", _AT),
)
_HEADERS = sa.table(
    "ledger_transactions",
    sa.column("id", sa.Uuid()),
    sa.column("kind", sa.String()),
    sa.column("event_key", sa.String()),
    sa.column("occurred_at", _AT),
    sa.column("booked_at", _AT),
    sa.column("provider", sa.String()),
    sa.column("payment_id", sa.Uuid()),
)
_ACCOUNTS = sa.table(
    "ledger_accounts",
    sa.column("id", sa.Uuid()),
    sa.column("type", sa.String()),
    sa.column("currency", sa.String()),
    sa.column("provider", sa.String()),
)
_OF_BEFORE = (
    ("event_key", sa.String(length=160)),
    ("account", sa.String(length=64)),
    ("at", _AT),
)


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["employers.id"], name=op.f("fk_ledger_accounts_owner_id_employers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_ledger_accounts_id_currency")),
    )
    op.create_index("ix_ledger_accounts_owner_id", "ledger_accounts", ["owner_id"])
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("event_key", sa.String(length=160), nullable=False),
        sa.Column("occurred_at", _AT, nullable=False),
        sa.Column("booked_at", _AT, nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=True),
        sa.Column("provider_ref", sa.String(length=160), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("imbalance", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["imbalance"],
            ["ledger_transactions.id"],
            name=op.f("fk_ledger_transactions_imbalance_ledger_transactions"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_ledger_transactions_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("event_key", name=op.f("uq_ledger_transactions_event_key")),
    )
    for column in ("occurred_at", "payment_id"):
        name = op.f(f"ix_ledger_transactions_{column}")
        op.create_index(name, "ledger_transactions", [column])
    op.drop_index("ix_ledger_entries_account", "ledger_entries")
    with op.batch_alter_table("ledger_entries") as entries:
        entries.add_column(sa.Column("account_id", sa.Uuid(), nullable=True))
        for column, kind in _OF_BEFORE:
            entries.alter_column(column, existing_type=kind, nullable=True)
        entries.create_foreign_key(
            op.f("fk_ledger_entries_account_id_currency_ledger_accounts"),
            "ledger_accounts",
            ["account_id", "currency"],
            ["id", "currency"],
        )
        entries.create_index("ix_ledger_entries_account_id", ["account_id"])
    _add_headers()
    _add_accounts()
    for statement in PROTECTION[op.get_context().dialect.name]:
        op.execute(statement)


def _add_headers() -> None:
    """One a transaction. A key that was booked in parts has several: the later ones get a number after it."""
    entries = _ENTRIES.c
    booked = (
        sa.select(
            entries.transaction_id,
            entries.event_key,
            entries.payment_id,
            sa.func.min(entries.at).label("at"),
            sa.func.row_number()
            .over(partition_by=entries.event_key, order_by=entries.transaction_id)
            .label("part"),
        )
        .group_by(entries.transaction_id, entries.event_key, entries.payment_id)
        .subquery()
    )
    later_part = booked.c.event_key + ":" + sa.cast(booked.c.part, sa.String())
    rows = sa.select(
        booked.c.transaction_id,
        _kind(booked.c.event_key),
        sa.case((booked.c.part == 1, booked.c.event_key), else_=later_part),
        booked.c.at,
        booked.c.at,
        sa.literal(_PROVIDER),
        booked.c.payment_id,
    )
    op.execute(sa.insert(_HEADERS).from_select([column.name for column in _HEADERS.c], rows))


def _kind(event_key: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    if op.get_context().dialect.name == "postgresql":
        return sa.func.split_part(event_key, ":", 1)
    return sa.func.substr(event_key, 1, sa.func.instr(event_key, ":") - 1)


def _add_accounts() -> None:
    connection = op.get_bind()
    there = sa.select(_ENTRIES.c.account, _ENTRIES.c.currency).distinct()
    for account, currency in connection.execute(there).all():
        provider = _PROVIDER if account in _OF_A_PROVIDER else None
        made = {
            "id": uuid5(_NAMESPACE, f"{account}:{currency}::{provider or ''}"),
            "type": account,
            "currency": currency,
            "provider": provider,
        }
        connection.execute(sa.insert(_ACCOUNTS), made)
        same = (_ENTRIES.c.account == account, _ENTRIES.c.currency == currency)
        connection.execute(sa.update(_ENTRIES).where(*same).values(account_id=made["id"]))


def downgrade() -> None:
    """Take the change back: each entry says again what its transaction and account say."""
    if op.get_context().dialect.name == "postgresql":
        # In one transaction with the way up, no table with checks that still wait can be dropped.
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for statement in REMOVAL[op.get_context().dialect.name]:
        op.execute(statement)
    _tell_entries()
    with op.batch_alter_table("ledger_entries") as entries:
        entries.drop_index("ix_ledger_entries_account_id")
        entries.drop_constraint(
            op.f("fk_ledger_entries_account_id_currency_ledger_accounts"), type_="foreignkey"
        )
        entries.drop_column("account_id")
        for column, kind in _OF_BEFORE:
            entries.alter_column(column, existing_type=kind, nullable=False)
    op.create_index("ix_ledger_entries_account", "ledger_entries", ["account", "currency"])
    op.drop_table("ledger_transactions")
    op.drop_table("ledger_accounts")


def _tell_entries() -> None:
    entries, headers, accounts = _ENTRIES.c, _HEADERS.c, _ACCOUNTS.c
    header = headers.id == entries.transaction_id
    part = sa.select(
        entries.id,
        sa.func.row_number()
        .over(partition_by=(entries.transaction_id, entries.account_id), order_by=entries.id)
        .label("part"),
    ).subquery()
    which = sa.select(part.c.part).where(part.c.id == entries.id).scalar_subquery()
    kind = sa.select(accounts.type).where(accounts.id == entries.account_id).scalar_subquery()
    op.execute(
        sa.update(_ENTRIES)
        .where(entries.event_key.is_(None))
        .values(
            event_key=sa.select(headers.event_key).where(header).scalar_subquery(),
            payment_id=sa.select(headers.payment_id).where(header).scalar_subquery(),
            at=sa.select(headers.booked_at).where(header).scalar_subquery(),
            # The older version has one entry of an account in a booking.
            account=sa.case((which == 1, kind), else_=kind + ":" + sa.cast(which, sa.String())),
        )
    )
