"""messages can wait for a language model

Revision: 0033
Follows: 0032
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "model_readings",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("question_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fields_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["inbox.id"],
            name=op.f("fk_model_readings_item_id_inbox"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_model_readings")),
    )
    waiting = sa.text("taken_at IS NULL")
    op.create_index(
        "ix_model_readings_waiting",
        "model_readings",
        ["asked_at"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
    op.create_index("ix_model_readings_asked", "model_readings", ["asked_at"])
    op.create_table(
        "model_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_model_days")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("model_days")
    op.drop_table("model_readings")
