"""orders can have a coupon

Revision: 0038
Follows: 0037
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("orders", sa.Column("coupon", sa.String(length=20), nullable=True))
    op.create_index(op.f("ix_orders_coupon"), "orders", ["coupon"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.drop_index(op.f("ix_orders_coupon"), table_name="orders")
    op.drop_column("orders", "coupon")
