"""forecasts are compared with what happened

Revision: 0049
Follows: 0048
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import UtcDateTime

revision: str = "0049"
down_revision: str | None = "0048"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "job_forecasts",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("filled", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_forecasts_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_forecasts")),
    )
    op.create_index(
        "ix_job_forecasts_published_at", "job_forecasts", ["published_at"], unique=False
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("job_forecasts")
