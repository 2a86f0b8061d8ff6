"""jobs may be widened near their deadline

Revision: 0053
Follows: 0052
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


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("may_widen")
