"""people are filed by skill

Revision: 0047
Follows: 0046

One row for each skill of everybody who can be matched, so that a search reads only people who have the skill. Filled
here from what is filed already: the new version searches these rows from its first request on.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0047"
down_revision: str | None = "0046"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COPIED = (
    *("experience", "skills_0", "skills_1", "latitude", "longitude", "max_km"),
    *(f"d{day}" for day in range(7)),
    "time_zone",
)
_FILL = f"""
WITH RECURSIVE bits(bit) AS (SELECT 0 UNION ALL SELECT bit + 1 FROM bits WHERE bit < 125)
INSERT INTO worker_skill_match (worker_id, skill_key, {", ".join(_COPIED)})
SELECT worker_id, (CAST(bit + 1 AS BIGINT) << 52) | geo_key, {", ".join(_COPIED)}
FROM worker_match JOIN bits ON
    (bit < 63 AND skills_0 & (CAST(1 AS BIGINT) << bit) <> 0)
    OR (bit >= 63 AND skills_1 & (CAST(1 AS BIGINT) << (bit - 63)) <> 0)
WHERE active
"""  # noqa: S608 - names of our own columns


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "worker_skill_match",
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("skill_key", sa.BigInteger(), nullable=False),
        sa.Column("experience", sa.SmallInteger(), nullable=False),
        sa.Column("skills_0", sa.BigInteger(), nullable=False),
        sa.Column("skills_1", sa.BigInteger(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("max_km", sa.Float(), nullable=False),
        *(sa.Column(f"d{day}", sa.BigInteger(), nullable=False) for day in range(7)),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["workers.id"],
            name=op.f("fk_worker_skill_match_worker_id_workers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("worker_id", "skill_key", name=op.f("pk_worker_skill_match")),
    )
    op.execute(_FILL)
    op.create_index(
        "ix_worker_skill_match_cover",
        "worker_skill_match",
        ["skill_key", *_COPIED, "worker_id"],
        unique=False,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("worker_skill_match")
