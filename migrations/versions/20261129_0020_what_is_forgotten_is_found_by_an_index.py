"""what is forgotten is found by an index

Revision: 0020
Follows: 0019
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INDEXES = (
    ("ix_inbox_words", "inbox", "handled_at", "state = 'handled' AND length(body_sealed) > 0"),
    ("ix_inbox_wordless", "inbox", "handled_at", "state = 'handled' AND length(body_sealed) = 0"),
    (
        "ix_users_unproven",
        "users",
        "role status updated_at",
        "role = 'worker' AND status = 'pending'",
    ),
)


def upgrade() -> None:
    """Make the change."""
    for name, of, columns, which in _INDEXES:
        where = sa.text(which)
        op.create_index(name, of, columns.split(), postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    """Take the change back."""
    for name, of, _, _ in reversed(_INDEXES):
        op.drop_index(name, of)
