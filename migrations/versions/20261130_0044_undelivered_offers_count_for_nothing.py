"""undelivered offers count for nothing

Revision: 0044
Follows: 0043
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change; offers of before count as they did."""
    with op.batch_alter_table("job_matches") as batch:
        batch.add_column(
            sa.Column("undelivered", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("job_matches") as batch:
        batch.drop_column("undelivered")
