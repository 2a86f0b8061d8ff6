"""job texts are reviewed

Revision: 0003
Follows: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(
            sa.Column("review_status", sa.String(length=16), server_default="clear", nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "review_findings",
                sa.JSON().with_variant(JSONB(), "postgresql"),
                server_default="[]",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("review_note", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_jobs_review",
        "jobs",
        ["review_status", "id"],
        unique=False,
        postgresql_where=sa.text("review_status <> 'clear'"),
        sqlite_where=sa.text("review_status <> 'clear'"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_jobs_review", table_name="jobs")
    for column in ("reviewed_at", "review_note", "review_findings", "review_status"):
        op.drop_column("jobs", column)
