"""orders can top up a balance

Revision: 0037
Follows: 0036
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("orders", sa.Column("credits", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Take the change back; what was credited stays in the ledger."""
    op.drop_column("orders", "credits")
