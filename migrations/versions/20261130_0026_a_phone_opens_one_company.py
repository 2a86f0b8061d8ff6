"""a phone opens one company by writing a job

Revision: 0026
Follows: 0025
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "employers", sa.Column("opened_by_phone_index", sa.String(length=64), nullable=True)
    )
    op.create_index(
        "uq_employers_opened_by_phone", "employers", ["opened_by_phone_index"], unique=True
    )


def downgrade() -> None:
    """Take the change back; which phone opened an account is forgotten."""
    op.drop_index("uq_employers_opened_by_phone", "employers")
    op.drop_column("employers", "opened_by_phone_index")
