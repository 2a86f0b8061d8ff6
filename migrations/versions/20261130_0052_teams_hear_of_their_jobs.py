"""teams hear of their jobs, and their log is found by who acted

Revision: 0052
Follows: 0051
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0052"
down_revision: str | None = "0051"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("jobs", sa.Column("posted_by", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_admin_action_log_actor_number", "admin_action_log", ["actor_id", "number"], unique=False
    )
    op.drop_index("ix_admin_action_log_actor_id", table_name="admin_action_log")


def downgrade() -> None:
    """Take the change back."""
    op.create_index("ix_admin_action_log_actor_id", "admin_action_log", ["actor_id"], unique=False)
    op.drop_index("ix_admin_action_log_actor_number", table_name="admin_action_log")
    op.drop_column("jobs", "posted_by")
