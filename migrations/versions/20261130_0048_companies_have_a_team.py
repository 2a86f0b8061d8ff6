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


_PERSON = (
    *("email", "email_sealed", "email_index", "email_verified_at", "password_hash"),
    *("phone_sealed", "phone_index", "chat_user_id"),
    *("totp_sealed", "totp_pending_sealed", "totp_step"),
)
"""The columns of `users` by which somebody is reached and signs in."""


def downgrade() -> None:
    """Take the change back: a company is one account again, and whoever was in its team is invited anew later.

    The version before knows no members: their accounts would sign in to nothing, and keep address and phone from being
    used again, so they become tombstones. Where who opened a company has left, its first owner gets the account.
    """
    connection = op.get_bind()
    tables = sa.MetaData()
    team = sa.Table("team_members", tables, autoload_with=connection)
    users = sa.Table("users", tables, autoload_with=connection)
    employers = sa.Table("employers", tables, autoload_with=connection)
    sessions = sa.Table("sessions", tables, autoload_with=connection)
    mine, opened = team.alias(), team.alias()
    members = sa.select(team.c.user_id).where(team.c.user_id != team.c.employer_id)
    heirs = connection.execute(
        sa.select(mine.c.employer_id, users.c.name, *(users.c[name] for name in _PERSON))
        .join(users, users.c.id == mine.c.user_id)
        .join(opened, opened.c.user_id == mine.c.employer_id)
        .where(
            opened.c.left_at.is_not(None),
            mine.c.user_id != mine.c.employer_id,
            mine.c.role == "owner",
            mine.c.joined_at.is_not(None),
            mine.c.left_at.is_(None),
        )
        .order_by(mine.c.employer_id, mine.c.user_id.desc())
    ).all()
    raised = {"version": users.c.version + 1}
    connection.execute(sessions.delete().where(sessions.c.user_id.in_(members)))
    connection.execute(
        users.update()
        .where(users.c.id.in_(members))
        .values(status="erased", name="Deleted", **dict.fromkeys(_PERSON), **raised)
    )
    for heir in heirs:  # of several the first comes last, and stays
        person = {name: getattr(heir, name) for name in _PERSON}
        account = users.update().where(users.c.id == heir.employer_id)
        connection.execute(account.values(name=heir.name, **person, **raised))
        proven = employers.update().where(employers.c.id == heir.employer_id)
        connection.execute(proven.values(proven_phone_index=heir.phone_index))
    op.drop_index("ix_orders_bought_by_created_at", table_name="orders")
    op.drop_column("orders", "bought_by")
    op.drop_table("team_members")
