"""How often an employer may publish a job and take it back: often enough is a sign of something else.

Each published job tells who is near enough. Whoever wants to know that, and nobody's work, publishes a job,
reads who was asked, cancels it, and publishes the next a little further on.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.log import record
from app.core.errors import TooMany
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.policy.policy import current

DAY: Final = dt.timedelta(days=1)


class PublishedTooOften(TooMany):
    """More published jobs were cancelled in a day than anybody has use for."""

    code = "publish_limit_reached"
    detail = "You have published and cancelled too many jobs today. Try again later."


def _taken_back(employer_id: UUID, now: dt.datetime) -> Select[dt.datetime | None]:
    return select(Job.closed_at).where(
        Job.employer_id == employer_id,
        Job.status == JobStatus.CANCELLED,
        Job.published_at.is_not(None),
        Job.closed_at > now - DAY,
    )


async def require(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Raise `PublishedTooOften` while the employer has cancelled too many published jobs in 24 hours."""
    most = (await current(session)).limits.published_jobs_cancelled_per_day
    latest = _taken_back(employer_id, now).order_by(Job.closed_at.desc()).limit(most)
    times = (await session.scalars(latest)).all()
    if len(times) >= most and times[-1] is not None:
        raise PublishedTooOften(int((times[-1] + DAY - now).total_seconds()) + 1)


async def note(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Call for a person when an employer has just cancelled the job that reaches the limit."""
    most = (await current(session)).limits.published_jobs_cancelled_per_day
    count = await cancelled_lately(session, employer_id, now)
    if count != most:
        return
    ALERTS.labels("jobs_taken_back").inc()
    logger().warning("jobs_taken_back", user_id=str(employer_id), count=count)
    record(
        session,
        actor=None,
        action="employer.jobs_taken_back",
        target_type="employer",
        target_id=employer_id,
        now=now,
        after={"cancelled_in_a_day": count},
    )


async def cancelled_lately(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> int:
    """Return how many published jobs of an employer were cancelled in the last 24 hours."""
    found = _taken_back(employer_id, now).subquery()
    return (await session.scalar(select(func.count()).select_from(found))) or 0
