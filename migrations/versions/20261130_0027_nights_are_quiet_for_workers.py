"""nights are quiet for workers

Revision: 0027
Follows: 0026

Nobody could say before that they want no quiet hours: NULL meant that none were chosen. So everybody gets the
usual ones; NULL means from now on that somebody wants none.
"""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WORKERS = sa.table(
    "workers", sa.column("quiet_start", sa.Time()), sa.column("quiet_end", sa.Time())
)
_FROM, _TO = dt.time(21), dt.time(8)


def upgrade() -> None:
    """Make the change."""
    op.add_column("workers", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    never_chosen = sa.update(_WORKERS).where(_WORKERS.c.quiet_start.is_(None))
    op.execute(never_chosen.values(quiet_start=_FROM, quiet_end=_TO))


def downgrade() -> None:
    """Take the change back; quiet hours stay as they are, which the older version can read."""
    op.drop_column("workers", "signed_in_at")
