"""workers can stand by for a full job

Revision: 0049
Follows: 0048
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0049"
down_revision: str | None = "0048"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("job_matches", sa.Column("standby_at", sa.DateTime(timezone=True), nullable=True))
    waits = sa.text("standby_at IS NOT NULL")
    op.create_index(
        "ix_job_matches_standby",
        "job_matches",
        ["job_id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )


def downgrade() -> None:
    """Take the change back; nobody waits any more."""
    op.drop_index("ix_job_matches_standby", "job_matches")
    op.drop_column("job_matches", "standby_at")
