"""jobs may be widened near their deadline

Revision: 0053
Follows: 0052

The version before knows no closed job, and no offer's reason that it goes beyond what its job wrote down: taking the change
back makes closed jobs expired ones and leaves these reasons out. Going down, stop the new version first.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import JsonType

revision: str = "0053"
down_revision: str | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("jobs", sa.Column("may_widen", JsonType, server_default="[]", nullable=False))


_jobs = sa.table("jobs", sa.column("status", sa.String))
_matches = sa.table("job_matches", sa.column("id", sa.Uuid), sa.column("why", JsonType))
_BEYOND = ("wider_radius", "less_experience")


def downgrade() -> None:
    """Take the change back."""
    ended = _jobs.update().where(_jobs.c.status == "closed").values(status="expired")
    op.execute(ended)
    connection = op.get_bind()
    as_text = sa.cast(_matches.c.why, sa.Text)
    told = sa.select(_matches.c.id, _matches.c.why).where(
        sa.or_(*(as_text.contains(kind) for kind in _BEYOND))
    )
    for row in connection.execute(told).all():
        kept = [reason for reason in row.why if reason["kind"] not in _BEYOND]
        connection.execute(_matches.update().where(_matches.c.id == row.id).values(why=kept))
    op.drop_column("jobs", "may_widen")
