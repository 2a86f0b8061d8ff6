"""the log's hash is keyed

Rows there are keep version 1. The first process of the new version adds a row that vouches for them.

Revision: 0015
Follows: 0014
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    version = sa.Column("version", sa.SmallInteger(), server_default="1", nullable=False)
    op.add_column("admin_action_log", version)
    op.add_column("admin_action_log", sa.Column("key_id", sa.String(length=8), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("admin_action_log", "key_id")
    op.drop_column("admin_action_log", "version")
