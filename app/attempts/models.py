"""Tables of attempts, and the columns by which any table counts its tries."""

import datetime as dt
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, partial_index


class Tried:
    """The columns of a row whose tries `app.attempts.tries` counts."""

    attempts: Mapped[int] = mapped_column(default=0)
    """Tries begun, including the one under way."""
    lost: Mapped[int] = mapped_column(default=0, server_default="0")
    """Tries whose process died."""
    due_at: Mapped[dt.datetime]
    """When it may be tried again."""
    lease_until: Mapped[dt.datetime | None]
    """Set while a try is under way; once it has passed, the process died."""
    error: Mapped[str | None] = mapped_column(String(300))
    """The class of the last error."""


class WorkAttempt(Tried, Base):
    """The tries at one item of due work that has not succeeded yet, where its own table counts none.

    A success removes the row.
    """

    __tablename__ = "work_attempts"
    __table_args__ = (
        partial_index("ix_work_attempts_parked", "parked_at", where="parked_at IS NOT NULL"),
    )

    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    """Which work (`app.attempts.work.Kind`)."""
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    """The job, offer, refund, payment, dispute, kept event, worker or bulk item it is about."""
    parked_at: Mapped[dt.datetime | None]
    """Since when it waits for an administrator."""
    created_at: Mapped[dt.datetime]
