"""addresses and bios are sealed

Revision: 0022
Follows: 0021

Adds the sealed columns. What stands in clear is moved into them by `app.sealing`, which has the keys; the
columns it empties can go once no version reads them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SEALED = (
    ("users", "email_sealed"),
    ("employers", "address_sealed"),
    ("jobs", "address_sealed"),
    ("workers", "bio_sealed"),
)


def upgrade() -> None:
    """Make the change."""
    for table, column in _SEALED:
        op.add_column(table, sa.Column(column, sa.LargeBinary(), nullable=True))
    op.add_column("users", sa.Column("email_index", sa.String(length=64), nullable=True))
    op.create_index("uq_users_role_email_index", "users", ["role", "email_index"], unique=True)


def downgrade() -> None:
    """Take the change back; what was sealed meanwhile is lost to the older version."""
    op.drop_index("uq_users_role_email_index", table_name="users")
    op.drop_column("users", "email_index")
    for table, column in reversed(_SEALED):
        op.drop_column(table, column)
