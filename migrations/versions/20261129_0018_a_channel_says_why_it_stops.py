"""a channel says why it stops, and a message by which number it went

Revision: 0018
Follows: 0017
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)
_UNIQUE = "uq_chat_people_channel_other_phone_index"


def upgrade() -> None:
    """Make the change."""
    op.add_column("outbox", sa.Column("number_id", sa.String(64), nullable=True))
    op.add_column(
        "channel_states", sa.Column("back_offs", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "channel_states",
        sa.Column("backing_off_since", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column("channel_states", sa.Column("refused", _JSON, nullable=True))
    op.add_column("platform_notices", sa.Column("content_key", sa.String(64), nullable=True))
    op.add_column("chat_people", sa.Column("other_phone_index", sa.String(64), nullable=True))
    op.create_index("ix_platform_notices_about", "platform_notices", ["kind", "about", "id"])
    op.create_index("ix_platform_notices_content_key", "platform_notices", ["content_key"])
    with op.batch_alter_table("chat_people") as batch:
        batch.create_unique_constraint(_UNIQUE, ["channel", "other_phone_index"])


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("chat_people") as batch:
        batch.drop_constraint(_UNIQUE, type_="unique")
    op.drop_index("ix_platform_notices_content_key", table_name="platform_notices")
    op.drop_index("ix_platform_notices_about", table_name="platform_notices")
    op.drop_column("chat_people", "other_phone_index")
    op.drop_column("platform_notices", "content_key")
    op.drop_column("channel_states", "refused")
    op.drop_column("channel_states", "backing_off_since")
    op.drop_column("channel_states", "back_offs")
    op.drop_column("outbox", "number_id")
