"""The narrow table that matching reads."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, JsonType

_COVERED = (
    "experience",
    "skills_0",
    "skills_1",
    "latitude",
    "longitude",
    "max_km",
    *(f"d{day}" for day in range(7)),
    "time_zone",
    "worker_id",
)


class _Matchable:
    """The columns that a search reads of a worker, in either table."""

    experience: Mapped[int] = mapped_column(SmallInteger)
    skills_0: Mapped[int] = mapped_column(BigInteger)
    skills_1: Mapped[int] = mapped_column(BigInteger)
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    max_km: Mapped[float] = mapped_column(Float)
    d0: Mapped[int] = mapped_column(BigInteger)
    d1: Mapped[int] = mapped_column(BigInteger)
    d2: Mapped[int] = mapped_column(BigInteger)
    d3: Mapped[int] = mapped_column(BigInteger)
    d4: Mapped[int] = mapped_column(BigInteger)
    d5: Mapped[int] = mapped_column(BigInteger)
    d6: Mapped[int] = mapped_column(BigInteger)
    time_zone: Mapped[str] = mapped_column(String(64))
    """Of the half hours; they are comparable only with a job in the same zone."""


class WorkerMatch(_Matchable, Base):
    """One row a worker who could be matched; written only when what decides a match changes.

    A narrow table of its own, because touching unrelated columns would spoil its index-only scans.
    `geo_key` is `tier << 48 | row << 24 | col` (`app.core.geo`); `skills_0` and `skills_1` are masks
    over the catalogue's permanent bits; `d0` (Monday) to `d6` hold 48 half-hours each, rounded
    outward, in the worker's own wall-clock of `time_zone`.
    """

    __tablename__ = "worker_match"
    __table_args__ = (Index("ix_worker_match_cover", "geo_key", "active", *_COVERED),)

    worker_id: Mapped[UUID] = mapped_column(
        ForeignKey("workers.id", ondelete="CASCADE"), primary_key=True
    )
    geo_key: Mapped[int] = mapped_column(BigInteger)
    active: Mapped[bool] = mapped_column(Boolean)


class WorkerSkillMatch(_Matchable, Base):
    """One row for each skill of a worker who can be matched: what `WorkerMatch` says of them, filed by skill first.

    A job that requires a skill reads the entries of people who have it, and of nobody else. `skill_key` is
    `(bit + 1) << 52 | geo_key`. Whoever can't be asked has no rows. Written with the row of `WorkerMatch`, and only then.
    """

    __tablename__ = "worker_skill_match"
    __table_args__ = (Index("ix_worker_skill_match_cover", "skill_key", *_COVERED),)

    worker_id: Mapped[UUID] = mapped_column(
        ForeignKey("workers.id", ondelete="CASCADE"), primary_key=True
    )
    skill_key: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class ResponseCurves(Base):
    """How people answer offers, learned from those that ended (`response.Curves`); one row, absent at first."""

    __tablename__ = "response_curves"

    id: Mapped[int] = mapped_column(primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(JsonType)
    learned_at: Mapped[dt.datetime]


class JobForecastRecord(Base):
    """The chance to fill that was forecast of a job as it was published, and what became of it."""

    __tablename__ = "job_forecasts"
    __table_args__ = (Index("ix_job_forecasts_published_at", "published_at"),)

    job_id: Mapped[UUID] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    published_at: Mapped[dt.datetime]
    chance: Mapped[float] = mapped_column(Float)
    """By the model alone, 0 to 1: what is told is corrected by the outcomes of others."""
    filled: Mapped[bool | None] = mapped_column(Boolean)
    """Whether as many people had accepted as there were places; None until the job is over."""
