"""How many published jobs an employer may take back in 24 hours: cancel, or close before a contact is bought.

Each published job reveals which workers live near it. An employer who only wants to know that publishes a job,
reads who was asked, cancels or closes it, and publishes the next one elsewhere.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import Subquery, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import TooMany
from app.employers import velocity
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.policy import policy

DAY: Final = dt.timedelta(days=1)


class PublishedTooOften(TooMany):
    """More published jobs were taken back in a day than anybody has use for."""

    code = "publish_limit_reached"
    detail = "You have published and then cancelled or closed too many jobs today. Try again later."


def _taken_back(employer_id: UUID, now: dt.datetime) -> Subquery:
    return (
        select(Job.closed_at.label("at"))
        .where(
            Job.employer_id == employer_id,
            or_(
                Job.status == JobStatus.CANCELLED,
                # Closed with a contact bought is a job that was meant.
                and_(Job.status == JobStatus.CLOSED, Job.unlocked == 0),
            ),
            Job.published_at.is_not(None),
            velocity.within(Job.closed_at, DAY, now),
        )
        .subquery()
    )


async def require(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Raise `PublishedTooOften` while the employer has taken back too many published jobs in 24 hours."""
    most = (await policy.current(session)).limits.published_jobs_cancelled_per_day
    done = _taken_back(employer_id, now)
    await velocity.require_fewer(session, done, most, DAY, now=now, refusal=PublishedTooOften)


async def note(session: AsyncSession, job: Job, now: dt.datetime) -> None:
    """Call for a person when an employer has just taken back the job that reaches the limit.

    `job` was published, and is cancelled or closed by now. A closed job that sold a contact is not counted: it
    reaches no limit again.
    """
    if job.status == JobStatus.CLOSED and job.unlocked > 0:
        return
    employer_id = job.employer_id
    most = (await policy.current(session)).limits.published_jobs_cancelled_per_day
    count = await cancelled_lately(session, employer_id, now)
    if count == most:
        velocity.alert_team(
            session, employer_id, "jobs_taken_back", "cancelled_in_a_day", count, now=now
        )


async def cancelled_lately(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> int:
    """Return how many published jobs an employer took back in the last 24 hours."""
    done = _taken_back(employer_id, now)
    return (await session.scalar(select(func.count()).select_from(done))) or 0
