"""waves learn how people answer

Revision: 0042
Follows: 0041
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import JsonType, UtcDateTime

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "response_curves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("values", JsonType, nullable=False),
        sa.Column("learned_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_curves")),
    )
    op.add_column("job_matches", sa.Column("answer_base", sa.Double(), nullable=True))
    op.add_column("job_matches", sa.Column("asked_before", sa.SmallInteger(), nullable=True))


def downgrade() -> None:
    """Take the change back: what was learned is learned again."""
    # Not in batch mode, which would build a table anew that payments point to.
    op.drop_column("job_matches", "asked_before")
    op.drop_column("job_matches", "answer_base")
    op.drop_table("response_curves")
