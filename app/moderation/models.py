"""Tables of bulk actions."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.types import Base, partial_index


class BulkAction(Base):
    """One action on many accounts or jobs, done item by item in the background."""

    __tablename__ = "bulk_actions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    admin_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    """Whose permission counts, again for each item."""
    action: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(16))
    """`workers`, `employers`, `accounts` (both) or `jobs`."""
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Emptied at the end: from then on it stands in the log, where erasure reaches it."""
    total: Mapped[int]
    created_at: Mapped[dt.datetime]
    stopped_at: Mapped[dt.datetime | None]
    """When an administrator took back what was left of it."""
    finished_at: Mapped[dt.datetime | None]


class BulkItem(Base):
    """One account or job of a bulk action, and what came of it."""

    __tablename__ = "bulk_items"
    __table_args__ = (
        UniqueConstraint("bulk_id", "number", name="uq_bulk_items_bulk_id_number"),
        partial_index("ix_bulk_items_waiting", "id", where="state = 'waiting'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bulk_id: Mapped[UUID] = mapped_column(ForeignKey("bulk_actions.id"))
    number: Mapped[int]
    """Its place in the request, from 0."""
    target_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(16))
    code: Mapped[str | None] = mapped_column(String(64))
    """Why it was refused: the `code` that the single action answers with."""
    at: Mapped[dt.datetime | None]
    """When it was done, refused or stopped."""
