"""companies have a team

Revision: 0048
Follows: 0047
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import UtcDateTime

revision: str = "0048"
down_revision: str | None = "0047"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change; who opened a company is its owner."""
    op.create_table(
        "team_members",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("monthly_limit", sa.BigInteger(), nullable=True),
        sa.Column("limit_currency", sa.String(length=3), nullable=True),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=True),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("left_name_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["users.id"], name=op.f("fk_team_members_employer_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_team_members_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_team_members")),
    )
    op.create_index("ix_team_members_employer_id", "team_members", ["employer_id"], unique=False)
    op.execute(
        "INSERT INTO team_members (user_id, employer_id, role, invited_at, joined_at) "
        "SELECT employers.id, employers.id, 'owner', employers.created_at, employers.created_at "
        "FROM employers JOIN users ON users.id = employers.id WHERE users.status <> 'erased'"
    )
    op.add_column("orders", sa.Column("bought_by", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_orders_bought_by_created_at",
        "orders",
        ["bought_by", "created_at"],
        unique=False,
        sqlite_where=sa.text("bought_by IS NOT NULL"),
        postgresql_where=sa.text("bought_by IS NOT NULL"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_orders_bought_by_created_at", table_name="orders")
    op.drop_column("orders", "bought_by")
    op.drop_table("team_members")
