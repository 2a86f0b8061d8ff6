"""reports of leads decide themselves

Revision: 0034
Follows: 0033

Leads can be reported for a week. Where an administrator has set the market's settings, the two days of before were
written with them: they become a week, too.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_AT = sa.DateTime(timezone=True)
_POLICY = sa.table(
    "policy",
    sa.column("id", sa.Integer()),
    sa.column("values", sa.JSON().with_variant(JSONB(), "postgresql")),
)
_DEADLINES = ("no_answer_after_hours", "worker_answers_hours")
_LIMITS = ("reports_deciding_themselves_per_month", "reports_deciding_themselves_share")
_BEFORE, _NOW = 48, 168


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "lead_reports",
        sa.Column("kind", sa.String(length=16), nullable=False, server_default="other"),
    )
    op.add_column("lead_reports", sa.Column("decides_by", _AT, nullable=True))
    waiting = sa.text("decides_by IS NOT NULL")
    op.create_index(
        "ix_lead_reports_decides_by",
        "lead_reports",
        ["decides_by"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    for values in _stored():
        deadlines = values.get("deadlines", {})
        if deadlines.get("guarantee_hours") == _BEFORE:
            deadlines["guarantee_hours"] = _NOW
            _keep(values)


def downgrade() -> None:
    """Take the change back; the version before refuses settings it does not know."""
    for values in _stored():
        for name in _DEADLINES:
            values.get("deadlines", {}).pop(name, None)
        for name in _LIMITS:
            values.get("limits", {}).pop(name, None)
        _keep(values)
    op.drop_index("ix_lead_reports_decides_by", "lead_reports")
    op.drop_column("lead_reports", "decides_by")
    op.drop_column("lead_reports", "kind")


def _stored() -> list[dict[str, Any]]:
    found = op.get_bind().execute(sa.select(_POLICY.c["values"])).scalars()
    return [values for values in found if isinstance(values, dict)]


def _keep(values: dict[str, Any]) -> None:
    op.execute(sa.update(_POLICY).values(values=values))
