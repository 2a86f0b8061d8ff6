"""a long SMS is paid as several messages

Revision: 0006
Follows: 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("outbox", sa.Column("units", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("outbox", "units")
