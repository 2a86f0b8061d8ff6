"""Tables of jobs."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.ids import new_id
from app.database.types import Base, JsonType, partial_index
from app.jobs.review import ReviewStatus
from app.jobs.rules import JobStatus

__all__ = ["Job", "JobSlot", "JobStatus", "JobTemplate"]


class Job(Base):
    """A vacancy. `accepted` counts live acceptances; its guard keeps the last place from going twice."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_employer_id_id", "employer_id", "id"),
        Index("ix_jobs_status_id", "status", "id"),
        partial_index("ix_jobs_next_wave", "next_wave_at", where="status = 'published'"),
        partial_index("ix_jobs_closes_at", "closes_at", where="status = 'published'"),
        partial_index("ix_jobs_published_at", "published_at", where="published_at IS NOT NULL"),
        partial_index("ix_jobs_review", "review_status", "id", where="review_status <> 'clear'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"))
    posted_by: Mapped[UUID | None]
    """Who of the company's team posted it; NULL for who opened the company, and from before teams were told."""
    status: Mapped[str] = mapped_column(String(16), default=JobStatus.DRAFT)
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(4_000))
    category: Mapped[str] = mapped_column(String(64))
    latitude: Mapped[float]
    longitude: Mapped[float]
    city: Mapped[str | None] = mapped_column(String(120))
    address: Mapped[str | None] = mapped_column(String(200))
    """In clear, as versions before 0022 kept it; emptied by `app.privacy.sealing`, and read only until then."""
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date | None]
    """None is open-ended."""
    time_zone: Mapped[str] = mapped_column(String(64))
    positions: Mapped[int]
    required_skills: Mapped[list[str]] = mapped_column(JsonType, default=list)
    preferred_skills: Mapped[list[str]] = mapped_column(JsonType, default=list)
    min_experience_years: Mapped[int] = mapped_column(default=0)
    radius_km: Mapped[float | None]
    """None: only the worker's own travel limits the distance."""
    salary_amount: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    salary_currency: Mapped[str | None] = mapped_column(String(3))
    salary_per: Mapped[str | None] = mapped_column(String(8))
    respond_within_minutes: Mapped[int | None]
    may_widen: Mapped[list[str]] = mapped_column(JsonType, default=list, server_default="[]")
    """`job_text.Widenable`, in its order."""
    accept_limit: Mapped[int] = mapped_column(default=0)
    """Set at publishing: positions times the choice factor."""
    accepted: Mapped[int] = mapped_column(default=0)
    unlocked: Mapped[int] = mapped_column(default=0)
    wave: Mapped[int] = mapped_column(default=0)
    next_wave_at: Mapped[dt.datetime | None]
    closes_at: Mapped[dt.datetime | None]
    """When the last shift starts: nobody can be hired for it afterwards. None while open-ended."""
    published_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    review_status: Mapped[str] = mapped_column(
        String(16), default=ReviewStatus.CLEAR, server_default=ReviewStatus.CLEAR.value
    )
    """Result of the review of the current text; a changed text is reviewed again."""
    review_findings: Mapped[list[dict[str, Any]]] = mapped_column(
        JsonType, default=list, server_default="[]"
    )
    review_note: Mapped[str | None] = mapped_column(String(500))
    """The deciding administrator's note."""
    reviewed_at: Mapped[dt.datetime | None]
    """When an administrator decided."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]

    slots: Mapped[list["JobSlot"]] = relationship(
        cascade="all, delete-orphan",
        lazy="selectin",
        order_by="(JobSlot.weekday, JobSlot.starts)",
    )


class JobSlot(Base):
    """One weekly shift, wall-clock in the job's zone; `ends` at or before `starts` is next day."""

    __tablename__ = "job_slots"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    """Monday is 0."""
    starts: Mapped[dt.time]
    ends: Mapped[dt.time]


class JobTemplate(Base):
    """A job's text that an employer keeps by a name; see `app.jobs.templates`."""

    __tablename__ = "job_templates"
    __table_args__ = (
        Index("uq_job_templates_employer_id_name", "employer_id", "name", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON of a `JobText`, sealed: it has the street address."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
