"""Tables of workers. A worker's id is their user's id."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.types import Base, JsonType
from app.messaging.quiet_hours import QUIET_FROM, QUIET_TO


class Worker(Base):
    """A worker's profile; name, phone, language and status are the user's."""

    __tablename__ = "workers"
    __table_args__ = (Index("ix_workers_city", "city"),)

    id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    city: Mapped[str | None] = mapped_column(String(120))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    max_distance_km: Mapped[float] = mapped_column(default=10.0)
    skills: Mapped[list[str]] = mapped_column(JsonType, default=list)
    experience_years: Mapped[int] = mapped_column(default=0)
    bio: Mapped[str] = mapped_column(String(4_000), default="")
    """Not sealed, from before 0022; `app.privacy.sealing` empties it."""
    bio_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    time_zone: Mapped[str] = mapped_column(String(64))
    weekly_offer_cap: Mapped[int | None]
    quiet_start: Mapped[dt.time | None] = mapped_column(default=QUIET_FROM)
    """NULL with `quiet_end` for somebody who wants no quiet hours."""
    quiet_end: Mapped[dt.time | None] = mapped_column(default=QUIET_TO)
    signed_in_at: Mapped[dt.datetime | None]
    """When the worker last signed in to the API."""
    verified_at: Mapped[dt.datetime | None]
    """When an administrator verified this worker."""
    stopped_at: Mapped[dt.datetime | None]
    """When the worker sent STOP; until START nothing is sent and no offer made."""
    answered: Mapped[int] = mapped_column(default=0)
    """Offers accepted or rejected in time."""
    missed: Mapped[int] = mapped_column(default=0)
    """Offers that expired unanswered."""
    withdrawn: Mapped[int] = mapped_column(default=0)
    """Acceptances taken back."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class WorkerAvailability(Base):
    """One weekly slot, wall-clock in the worker's zone; `ends` at or before `starts` is the next day."""

    __tablename__ = "worker_availability"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    worker_id: Mapped[UUID] = mapped_column(
        ForeignKey("workers.id", ondelete="CASCADE"), index=True
    )
    weekday: Mapped[int]
    """Monday is 0."""
    starts: Mapped[dt.time]
    ends: Mapped[dt.time]


class TimeOff(Base):
    """Dates, both included, on which none of the worker's slots count."""

    __tablename__ = "time_off"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    worker_id: Mapped[UUID] = mapped_column(
        ForeignKey("workers.id", ondelete="CASCADE"), index=True
    )
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date]


class BlockByWorker(Base):
    """A worker's block of an employer."""

    __tablename__ = "blocks"

    worker_id: Mapped[UUID] = mapped_column(
        ForeignKey("workers.id", ondelete="CASCADE"), primary_key=True
    )
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    created_at: Mapped[dt.datetime]
