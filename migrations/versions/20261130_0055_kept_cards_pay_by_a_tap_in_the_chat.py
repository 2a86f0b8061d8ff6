"""kept cards pay by a tap in the chat

Revision: 0055
Follows: 0054

Of each company that the provider knows it is asked once whether a card is kept.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import UtcDateTime

revision: str = "0055"
down_revision: str | None = "0054"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "kept_cards",
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("brand", sa.String(length=32), nullable=True),
        sa.Column("last4", sa.String(length=8), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_kept_cards_employer_id_employers")
        ),
        sa.PrimaryKeyConstraint("employer_id", name=op.f("pk_kept_cards")),
    )
    op.create_table(
        "card_taps",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("tapped_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_card_taps_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_card_taps")),
    )
    for table, column in (("kept_cards", "look_at"), ("card_taps", "due_at")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_{table}_{column}", table, [column], postgresql_where=there, sqlite_where=there
        )
    known = sa.select(_employers.c.id, _employers.c.updated_at, _employers.c.updated_at).where(
        _employers.c.provider_customer_id.is_not(None)
    )
    op.execute(_kept.insert().from_select(["employer_id", "look_at", "updated_at"], known))


_employers = sa.table(
    "employers",
    sa.column("id", sa.Uuid),
    sa.column("provider_customer_id", sa.String),
    sa.column("updated_at", UtcDateTime),
)
_kept = sa.table(
    "kept_cards",
    sa.column("employer_id", sa.Uuid),
    sa.column("look_at", UtcDateTime),
    sa.column("updated_at", UtcDateTime),
)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("card_taps")
    op.drop_table("kept_cards")
