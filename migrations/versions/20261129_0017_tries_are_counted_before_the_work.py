"""tries are counted before the work

Revision: 0017
Follows: 0016
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_DEAD = sa.text("state = 'dead'")
_PARKED = sa.text("parked_at IS NOT NULL")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "work_attempts",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject_id", name=op.f("pk_work_attempts")),
    )
    op.create_index(
        "ix_work_attempts_parked",
        "work_attempts",
        ["parked_at"],
        postgresql_where=_PARKED,
        sqlite_where=_PARKED,
    )
    op.add_column(
        "webhook_events", sa.Column("lost", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("inbox", sa.Column("lost", sa.Integer(), server_default="0", nullable=False))
    op.add_column("inbox", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    # No row is dead yet or few are: it is made in one look at the table.
    op.create_index("ix_inbox_dead", "inbox", ["id"], postgresql_where=_DEAD, sqlite_where=_DEAD)


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_inbox_dead", table_name="inbox")
    op.drop_column("inbox", "lease_until")
    op.drop_column("inbox", "lost")
    op.drop_column("webhook_events", "lost")
    op.drop_index("ix_work_attempts_parked", table_name="work_attempts")
    op.drop_table("work_attempts")
