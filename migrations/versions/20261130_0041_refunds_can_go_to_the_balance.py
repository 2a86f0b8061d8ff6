"""refunds can go to the balance

Revision: 0041
Follows: 0040
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    for table in ("refunds", "lead_reports"):
        op.add_column(
            table,
            sa.Column("refund_to", sa.String(length=8), server_default="source", nullable=False),
        )


def downgrade() -> None:
    """Take the change back."""
    for table in ("lead_reports", "refunds"):
        op.drop_column(table, "refund_to")
