"""first leads can be free

Revision: 0040
Follows: 0039
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import UtcDateTime

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "free_leads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_free_leads")),
        sa.UniqueConstraint("payment_id", "kind", name=op.f("uq_free_leads_payment_id_kind")),
    )
    op.create_index("ix_free_leads_mark", "free_leads", ["kind", "mark"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("free_leads")
