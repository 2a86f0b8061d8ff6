"""figures are kept so that no page counts them

Revision: 0056
Follows: 0055
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import JsonType, UtcDateTime

revision: str = "0056"
down_revision: str | None = "0055"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "kept_figures",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("figures", JsonType, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_kept_figures")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("kept_figures")
