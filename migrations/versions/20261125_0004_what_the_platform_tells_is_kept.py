"""what the platform tells is kept: notices, barred templates, the day's limit, items set aside

Revision: 0004
Follows: 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEGUN = sa.text("template_at IS NOT NULL")
ASIDE = sa.text("set_aside > 0")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "message_templates",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("barred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("category", sa.String(length=24), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "language", name=op.f("pk_message_templates")),
    )
    op.create_table(
        "platform_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.String(length=120), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhook_events.id"],
            name=op.f("fk_platform_notices_webhook_id_webhook_events"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_notices")),
        sa.UniqueConstraint(
            "webhook_id", "position", name=op.f("uq_platform_notices_webhook_id_position")
        ),
    )
    op.add_column("channel_states", sa.Column("daily_people", sa.Integer(), nullable=True))
    for name in ("limits_read_at", "limit_reached_at"):
        op.add_column("channel_states", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "chat_people", sa.Column("no_marketing_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("outbox", sa.Column("template_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("held_why", sa.String(length=24), nullable=True))
    op.create_index(
        "ix_outbox_template",
        "outbox",
        ["template_at", "recipient_index"],
        postgresql_where=BEGUN,
        sqlite_where=BEGUN,
    )
    op.add_column(
        "webhook_events",
        sa.Column("set_aside", sa.Integer(), server_default="0", nullable=False),
    )
    op.create_index(
        "ix_webhook_events_set_aside",
        "webhook_events",
        ["id"],
        postgresql_where=ASIDE,
        sqlite_where=ASIDE,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_webhook_events_set_aside", table_name="webhook_events")
    op.drop_column("webhook_events", "set_aside")
    op.drop_index("ix_outbox_template", table_name="outbox")
    op.drop_column("outbox", "held_why")
    op.drop_column("outbox", "template_at")
    op.drop_column("chat_people", "no_marketing_at")
    for name in ("limit_reached_at", "limits_read_at", "daily_people"):
        op.drop_column("channel_states", name)
    op.drop_table("platform_notices")
    op.drop_table("message_templates")
