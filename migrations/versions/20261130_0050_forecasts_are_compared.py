"""forecasts are compared with what happened

Revision: 0050
Follows: 0049

The tables of matching are vacuumed early besides: what was changed since is read from the table and not from the index, which
after a tenth of it made a search take twice as long.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import UtcDateTime

revision: str = "0050"
down_revision: str | None = "0049"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MATCHED = ("worker_match", "worker_skill_match")
_EARLY = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor")


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
    if op.get_bind().dialect.name == "postgresql":
        for table in _MATCHED:
            settings = ", ".join(f"{name} = 0.02" for name in _EARLY)
            op.execute(f"ALTER TABLE {table} SET ({settings})")


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("job_forecasts")
    if op.get_bind().dialect.name == "postgresql":
        for table in _MATCHED:
            op.execute(f"ALTER TABLE {table} RESET ({', '.join(_EARLY)})")
