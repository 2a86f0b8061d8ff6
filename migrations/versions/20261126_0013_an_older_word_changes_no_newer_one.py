"""an older word changes no newer one

Revision: 0013
Follows: 0012
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TIMES = ("phone_changed_at", "stop_told_at", "marketing_told_at")


def upgrade() -> None:
    """Make the change."""
    for name in _TIMES:
        op.add_column("chat_people", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    for name in reversed(_TIMES):
        op.drop_column("chat_people", name)
