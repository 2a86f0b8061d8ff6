"""published jobs are found by when they were published

Revision: 0054
Follows: 0053
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0054"
down_revision: str | None = "0053"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    published = sa.text("published_at IS NOT NULL")
    op.create_index(
        "ix_jobs_published_at",
        "jobs",
        ["published_at"],
        unique=False,
        postgresql_where=published,
        sqlite_where=published,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_jobs_published_at", table_name="jobs")
