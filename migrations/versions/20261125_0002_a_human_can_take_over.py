"""a human can take a conversation over

Revision: 0002
Follows: 0001
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PAUSED = sa.text("paused_at IS NOT NULL")


def upgrade() -> None:
    """Make the change."""
    op.add_column("chat_people", sa.Column("paused_why", sa.String(length=24), nullable=True))
    op.add_column("chat_people", sa.Column("held_by", sa.Uuid(), nullable=True))
    op.add_column("chat_people", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_chat_people_paused",
        "chat_people",
        ["paused_at", "id"],
        postgresql_where=PAUSED,
        sqlite_where=PAUSED,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_chat_people_paused", table_name="chat_people")
    op.drop_column("chat_people", "held_at")
    op.drop_column("chat_people", "held_by")
    op.drop_column("chat_people", "paused_why")
