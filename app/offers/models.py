"""Tables of offers, and of the appeals against what counts of them."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.types import Base, JsonType, partial_index
from app.offers.rules import OfferStatus

__all__ = ["JobMatch", "OfferStatus", "ReliabilityAppeal"]


class JobMatch(Base):
    """One worker matched to one job; never made twice for the same pair."""

    __tablename__ = "job_matches"
    __table_args__ = (
        UniqueConstraint("job_id", "worker_id"),
        Index("ix_job_matches_worker_id_id", "worker_id", "id"),
        Index("ix_job_matches_job_id_status_score", "job_id", "status", "score"),
        Index("ix_job_matches_employer_id_status", "employer_id", "status"),
        partial_index("ix_job_matches_respond_by", "respond_by", where="status = 'offered'"),
        partial_index("ix_job_matches_remind_at", "remind_at", where="status = 'offered'"),
        partial_index("ix_job_matches_standby", "job_id", where="standby_at IS NOT NULL"),
        partial_index(
            "ix_job_matches_counts_since", "counts_since", where="counts_since IS NOT NULL"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))
    worker_id: Mapped[UUID] = mapped_column(ForeignKey("workers.id"))
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"))
    status: Mapped[str] = mapped_column(String(16))
    wave: Mapped[int]
    score: Mapped[float]
    """0 to 100."""
    score_distance: Mapped[float]
    score_availability: Mapped[float]
    score_skills: Mapped[float]
    score_experience: Mapped[float]
    score_reliability: Mapped[float]
    distance_km: Mapped[float]
    why: Mapped[list[Any]] = mapped_column(JsonType)
    """Reasons as data: [{"kind": "distance", ...}], written in the reader's language when shown."""
    price_amount: Mapped[int] = mapped_column(BigInteger)
    """What the lead costs, fixed when the offer was made."""
    price_currency: Mapped[str] = mapped_column(String(3))
    answer_base: Mapped[float | None]
    """How likely an answer of this worker was held to be, 0 to 1, when not tired; None before 0042."""
    asked_before: Mapped[int | None] = mapped_column(SmallInteger)
    """Offers to this worker in the seven days before."""
    undelivered: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it expired before any message about it reached the worker: it counts for nothing."""
    counts_since: Mapped[dt.datetime | None]
    """Since when its outcome counts for the worker's reliability; None where it counts for nothing."""
    standby_at: Mapped[dt.datetime | None]
    """Since when the worker waits, or waited, for a place of a job that was full."""
    offered_at: Mapped[dt.datetime]
    respond_by: Mapped[dt.datetime]
    responded_at: Mapped[dt.datetime | None]
    remind_at: Mapped[dt.datetime | None]
    """When the one reminder is due; None once sent, or where the time to answer is short."""
    reminded_at: Mapped[dt.datetime | None]
    reject_reason: Mapped[str | None] = mapped_column(String(500))
    unlocked_at: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime]


class ReliabilityAppeal(Base):
    """A worker says that something should not count for their reliability; an administrator decides."""

    __tablename__ = "reliability_appeals"
    __table_args__ = (
        UniqueConstraint("worker_id", "about", "round"),
        Index("ix_reliability_appeals_status_id", "status", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    worker_id: Mapped[UUID] = mapped_column(ForeignKey("workers.id"))
    match_id: Mapped[UUID | None] = mapped_column(ForeignKey("job_matches.id"))
    """The offer it is about; None: everything that lowers the reliability now."""
    about: Mapped[str] = mapped_column(String(64))
    """Which part, as `app.offers.reliability` names it; `score` for all of them."""
    round: Mapped[int] = mapped_column(SmallInteger)
    """1, and 2 for the appeal against a refusal, which somebody else decides."""
    note_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """What the worker writes of it; may be empty."""
    status: Mapped[str] = mapped_column(String(16))
    """See `app.offers.appeals.AppealStatus`."""
    created_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None] = mapped_column(String(500))
    """Why it was decided so, by the administrator's words; the worker reads them."""
