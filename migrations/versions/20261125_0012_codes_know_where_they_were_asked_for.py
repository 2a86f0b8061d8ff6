"""codes know where they were asked for

Revision: 0012
Follows: 0011
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("one_time_codes", sa.Column("asked_from", sa.String(64), nullable=True))
    op.add_column(
        "one_time_codes",
        sa.Column("strange_tries", sa.Integer(), server_default="0", nullable=False),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("one_time_codes", "strange_tries")
    op.drop_column("one_time_codes", "asked_from")
