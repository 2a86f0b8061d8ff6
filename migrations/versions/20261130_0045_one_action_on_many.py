"""one action on many accounts or jobs

Revision: 0045
Follows: 0044
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import UtcDateTime

revision: str = "0045"
down_revision: str | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "bulk_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("admin_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["admin_id"], ["users.id"], name=op.f("fk_bulk_actions_admin_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_actions")),
    )
    op.create_table(
        "bulk_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bulk_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bulk_id"], ["bulk_actions.id"], name=op.f("fk_bulk_items_bulk_id_bulk_actions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_items")),
        sa.UniqueConstraint("bulk_id", "number", name="uq_bulk_items_bulk_id_number"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_bulk_items_waiting",
        "bulk_items",
        ["id"],
        unique=False,
        postgresql_where=waiting,
        sqlite_where=waiting,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_bulk_items_waiting", table_name="bulk_items")
    op.drop_table("bulk_items")
    op.drop_table("bulk_actions")
