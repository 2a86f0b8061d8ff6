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
    # Not in batch mode, which for this default would build a table anew that payments point to.
    op.add_column(
        "job_matches",
        sa.Column("undelivered", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("job_matches", "undelivered")
