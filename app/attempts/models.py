"""Tables of attempts, and the columns by which any table counts its tries."""

import datetime as dt
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base


class Tried:
    """The columns of a row whose tries are counted (`app.attempts.tries`)."""

    attempts: Mapped[int] = mapped_column(default=0)
    """Tries begun, the one under way included."""
    lost: Mapped[int] = mapped_column(default=0, server_default="0")
    """Tries whose process ended before they did."""
    due_at: Mapped[dt.datetime]
    """When it may be tried again."""
    lease_until: Mapped[dt.datetime | None]
    """Set while a try is under way. When it is over and still set, the process was lost."""
    error: Mapped[str | None] = mapped_column(String(300))
    """The kind of the last error."""


class WorkAttempt(Tried, Base):
    """Tries at one item of due work that has not succeeded yet; a success removes the row.

    For work whose own table counts no tries: the wave of a job, the expiry of an offer.
    """

    __tablename__ = "work_attempts"
    __table_args__ = (
        Index(
            "ix_work_attempts_parked",
            "parked_at",
            postgresql_where=text("parked_at IS NOT NULL"),
            sqlite_where=text("parked_at IS NOT NULL"),
        ),
    )

    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    """Which work (`app.attempts.work.Kind`)."""
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    """The job, offer, refund, payment or worker it is about."""
    parked_at: Mapped[dt.datetime | None]
    """Since when it waits for an administrator."""
    created_at: Mapped[dt.datetime]
