"""administrators have roles, and guesses have growing waits

Revision: 0019
Follows: 0018
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change. Who administers already may do everything, as before."""
    op.add_column("users", sa.Column("admin_role", sa.String(length=16), nullable=True))
    op.add_column("users", sa.Column("totp_pending_sealed", sa.LargeBinary(), nullable=True))
    op.execute("UPDATE users SET admin_role = 'owner' WHERE role = 'admin'")
    op.create_table(
        "sign_in_tries",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("good_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_tries")),
    )
    op.create_index(op.f("ix_sign_in_tries_updated_at"), "sign_in_tries", ["updated_at"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("sign_in_tries")
    op.drop_column("users", "totp_pending_sealed")
    op.drop_column("users", "admin_role")
