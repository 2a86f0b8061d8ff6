"""columns that nothing reads are dropped

Processes of the version before still select them: stop those first (deploy/README.md).

Revision: 0025
Follows: 0024
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS = (("refunds", "lease_until"), ("channel_states", "next_slot_at"))
"""Tries at a refund stand in `work_attempts`, and the send rate in `channel_states.turns`."""


def upgrade() -> None:
    """Make the change."""
    for table, column in _COLUMNS:
        op.drop_column(table, column)


def downgrade() -> None:
    """Take the change back."""
    for table, column in _COLUMNS:
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
