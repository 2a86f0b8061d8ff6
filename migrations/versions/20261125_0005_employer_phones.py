"""an employer's phone can be proven

Revision: 0005
Follows: 0004
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("employers", sa.Column("proven_phone_index", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("employers", "proven_phone_index")
