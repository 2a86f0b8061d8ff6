"""top-ups have refunds and disputes

Revision: 0039
Follows: 0038
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = ("refunds", "disputes")


def upgrade() -> None:
    """Make the change."""
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("order_id", sa.Uuid(), nullable=True))
            batch.alter_column("payment_id", existing_type=sa.Uuid(), nullable=True)
            name = op.f(f"fk_{table}_order_id_orders")
            batch.create_foreign_key(name, "orders", ["order_id"], ["id"])
        op.create_index(f"ix_{table}_order_id", table, ["order_id"])


def downgrade() -> None:
    """Take the change back: the version before knows no refund or dispute of a top-up; the ledger keeps them."""
    for table in _TABLES:
        rows = sa.table(table, sa.column("payment_id"))
        op.execute(sa.delete(rows).where(rows.c.payment_id.is_(None)))
        op.drop_index(f"ix_{table}_order_id", table)
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"fk_{table}_order_id_orders"), type_="foreignkey")
            batch.alter_column("payment_id", existing_type=sa.Uuid(), nullable=False)
            batch.drop_column("order_id")
