"""refunds and disputes are asked about, and early events kept

Revision: 0031
Follows: 0030

Refunds that the provider has taken, and disputes that are open, are asked about once soon after the change.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_AT = sa.DateTime(timezone=True)
_OPEN = {"refunds": "pending", "disputes": "opened"}


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "early_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("intent_id", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.String(length=160), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column(
            "body",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("received_at", _AT, nullable=False),
        sa.Column("reported_at", _AT, nullable=True),
        sa.Column("applied_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("intent_id", "object_id", "status"),
    )
    waiting = sa.text("applied_at IS NULL")
    op.create_index(
        "ix_early_events_waiting",
        "early_events",
        ["received_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.add_column("disputes", sa.Column("changed_at", _AT, nullable=True))
    for table, status in _OPEN.items():
        op.add_column(table, sa.Column("check_at", _AT, nullable=True))
        asked = sa.text("check_at IS NOT NULL")
        op.create_index(
            f"ix_{table}_check_at",
            table,
            ["check_at"],
            sqlite_where=asked,
            postgresql_where=asked,
        )
        rows = sa.table(
            table,
            sa.column("status", sa.String()),
            sa.column("check_at", _AT),
            sa.column("updated_at", _AT),
        )
        still_open = sa.update(rows).where(rows.c.status == status)
        op.execute(still_open.values(check_at=rows.c.updated_at))


def downgrade() -> None:
    """Take the change back."""
    for table in _OPEN:
        op.drop_index(f"ix_{table}_check_at", table)
        op.drop_column(table, "check_at")
    op.drop_column("disputes", "changed_at")
    op.drop_table("early_events")
