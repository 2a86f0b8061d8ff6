"""outcomes count for some weeks, and can be appealed against

Revision: 0046
Follows: 0045

Offers that ended before count since they were answered or ran out, so they leave the counters as new ones do.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0046"
down_revision: str | None = "0045"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_AT = sa.DateTime(timezone=True)
_MATCHES = sa.table(
    "job_matches",
    sa.column("worker_id", sa.Uuid()),
    sa.column("status", sa.String()),
    sa.column("undelivered", sa.Boolean()),
    sa.column("responded_at", _AT),
    sa.column("respond_by", _AT),
    sa.column("counts_since", _AT),
)
_USERS = sa.table("users", sa.column("id", sa.Uuid()), sa.column("status", sa.String()))


def upgrade() -> None:
    """Make the change."""
    op.add_column("job_matches", sa.Column("counts_since", _AT, nullable=True))
    counts = sa.text("counts_since IS NOT NULL")
    op.create_index(
        "ix_job_matches_counts_since",
        "job_matches",
        ["counts_since"],
        sqlite_where=counts,
        postgresql_where=counts,
    )
    erased = sa.select(_USERS.c.id).where(_USERS.c.status == "erased")
    matches = _MATCHES.c
    op.execute(
        sa.update(_MATCHES)
        .where(
            sa.or_(
                matches.status.in_(["accepted", "rejected", "withdrawn"]),
                sa.and_(matches.status == "expired", matches.undelivered.is_(sa.false())),
            ),
            matches.worker_id.not_in(erased),
        )
        .values(counts_since=sa.func.coalesce(matches.responded_at, matches.respond_by))
    )
    op.create_table(
        "reliability_appeals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("worker_id", sa.Uuid(), sa.ForeignKey("workers.id"), nullable=False),
        sa.Column("match_id", sa.Uuid(), sa.ForeignKey("job_matches.id"), nullable=True),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), sa.ForeignKey("users.id"), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.UniqueConstraint("worker_id", "about", "round"),
    )
    op.create_index("ix_reliability_appeals_status_id", "reliability_appeals", ["status", "id"])


def downgrade() -> None:
    """Take the change back; what was forgotten stays out of the counters."""
    op.drop_table("reliability_appeals")
    op.drop_index("ix_job_matches_counts_since", "job_matches")
    op.drop_column("job_matches", "counts_since")
