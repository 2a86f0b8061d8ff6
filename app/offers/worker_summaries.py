"""Reads of a worker's offers for the chat, with the values that texts about them need."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, exists, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers.phones import Caller, find_callers
from app.jobs.models import Job, JobStatus
from app.masking.mask import mask
from app.offers.models import JobMatch
from app.offers.offer_message import job_params
from app.offers.rules import OfferStatus, effective
from app.offers.summary import OfferSummary
from app.workers.models import BlockByWorker, Worker

_NEWEST_OF_EACH: Final = 10

_SELECTED: Final = select(
    JobMatch.id,
    JobMatch.job_id,
    JobMatch.employer_id,
    JobMatch.status,
    JobMatch.respond_by,
    JobMatch.unlocked_at,
    JobMatch.distance_km,
    JobMatch.why,
    Worker.time_zone,
    Job.description,
    and_(Job.status == JobStatus.PUBLISHED, Job.accepted < Job.accept_limit).label("has_room"),
    and_(
        Job.status == JobStatus.PUBLISHED,
        Job.accepted >= Job.accept_limit,
        or_(Job.closes_at.is_(None), Job.closes_at > bindparam("now")),
    ).label("is_full"),
    exists()
    .where(
        BlockByWorker.worker_id == JobMatch.worker_id,
        BlockByWorker.employer_id == JobMatch.employer_id,
    )
    .label("blocked"),
)
_COLUMNS: Final = _SELECTED.join(Worker, Worker.id == JobMatch.worker_id).join(
    Job, Job.id == JobMatch.job_id
)
_ONE: Final = _COLUMNS.where(
    JobMatch.worker_id == bindparam("worker_id"), JobMatch.id == bindparam("offer_id")
)
_IDS: Final = [
    select(
        select(JobMatch.id)
        .where(JobMatch.worker_id == bindparam("worker_id"), *which)
        .order_by(JobMatch.id.desc())
        .limit(_NEWEST_OF_EACH)
        .subquery()
        .c.id
    )
    for which in (
        [JobMatch.status == OfferStatus.OFFERED.value],
        [JobMatch.status == OfferStatus.ACCEPTED.value],
        [JobMatch.status == OfferStatus.REJECTED.value, JobMatch.respond_by > bindparam("now")],
    )
]
_NEWEST: Final = _COLUMNS.where(JobMatch.id.in_(union_all(*_IDS))).order_by(JobMatch.id.desc())
"""The newest of each status: many of one hide none of the other."""


async def find_summary(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, *, now: dt.datetime
) -> OfferSummary | None:
    """Return one of this worker's offers; None for another's, and where there is none."""
    values = {"worker_id": worker_id, "offer_id": offer_id, "now": now}
    found = await _summaries(session, (await session.execute(_ONE, values)).all(), now)
    return found[0] if found else None


async def list_newest(
    session: AsyncSession, worker_id: UUID, *, now: dt.datetime
) -> list[OfferSummary]:
    """Return the newest offers that are stored as open, as accepted, or as rejected and still in time."""
    rows = (await session.execute(_NEWEST, {"worker_id": worker_id, "now": now})).all()
    return await _summaries(session, rows, now)


def _caller(row: Row[Any], callers: Mapping[UUID, Caller]) -> dict[str, str] | None:
    caller = callers.get(row.employer_id) if row.unlocked_at is not None else None
    return None if caller is None else caller.as_param()


@lru_cache(maxsize=1_024)  # a person writes several messages about one offer
def _masked(description: str) -> str:
    return mask(description)


async def _summaries(
    session: AsyncSession, rows: Sequence[Row[Any]], now: dt.datetime
) -> list[OfferSummary]:
    jobs = await job_params(session, {row.job_id for row in rows}) if rows else {}
    # Only who bought the contact is named with a number: before, it is no worker's business.
    bought = {row.employer_id for row in rows if row.unlocked_at is not None}
    callers = await find_callers(session, bought) if bought else {}
    return [
        OfferSummary(
            id=row.id,
            status=effective(OfferStatus(row.status), row.respond_by, now),
            unlocked=row.unlocked_at is not None,
            full=row.is_full,
            stands=row.has_room and row.respond_by > now and not row.blocked,
            description=_masked(row.description),
            blocked=row.blocked,
            params={
                **jobs[row.job_id],
                "offer_id": str(row.id),
                "distance_km": round(row.distance_km, 1),
                "why": row.why,
                "respond_by": row.respond_by.isoformat(),
                "reader_zone": row.time_zone,
                "caller": _caller(row, callers),
            },
        )
        for row in rows
    ]
