"""a salary may be large

Revision: 0014
Follows: 0013
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change. SQLite's integers have 64 bits whatever they are called."""
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("jobs", "salary_amount", type_=sa.BigInteger())


def downgrade() -> None:
    """Take the change back. What does not fit any more is cut to the largest that does."""
    if op.get_context().dialect.name == "postgresql":
        op.alter_column(
            "jobs",
            "salary_amount",
            type_=sa.Integer(),
            postgresql_using="LEAST(salary_amount, 2147483647)::integer",
        )
