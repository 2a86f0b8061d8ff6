"""the ledger is found by the provider's id

Revision: 0036
Follows: 0035

A day of the provider's books names its ids; each page of it looks for ours.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INDEX = "ix_ledger_transactions_provider_ref"


def upgrade() -> None:
    """Make the change; the table is of this release, and small."""
    op.create_index(_INDEX, "ledger_transactions", ["provider_ref"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_index(_INDEX, "ledger_transactions")
