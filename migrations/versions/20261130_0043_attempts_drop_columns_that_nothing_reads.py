"""attempts drop columns that nothing reads

Fees and settlements are compared with the provider's books of a day, and booked from those. Processes of the
version before still select the columns: stop those first (deploy/README.md).

Revision: 0043
Follows: 0042
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "charge_id": sa.String(length=160),
    "balance_transaction_id": sa.String(length=160),
    "fee": sa.BigInteger(),
    "net": sa.BigInteger(),
    "settlement_currency": sa.String(length=3),
    "settlement_rate": sa.String(length=32),
}
"""They were never written."""


def upgrade() -> None:
    """Make the change."""
    for column in _COLUMNS:
        op.drop_column("payment_attempts", column)


def downgrade() -> None:
    """Take the change back; the columns were empty."""
    for column, kind in _COLUMNS.items():
        op.add_column("payment_attempts", sa.Column(column, kind, nullable=True))
