"""words of dead items are found by an index

Revision: 0024
Follows: 0023
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WHERE = "state = 'dead' AND length(body_sealed) > 0"


def upgrade() -> None:
    """Make the change."""
    where = sa.text(_WHERE)
    op.create_index(
        "ix_inbox_dead_words", "inbox", ["received_at"], postgresql_where=where, sqlite_where=where
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_inbox_dead_words", "inbox")
