"""Publishing a job: from this moment people are asked."""

import datetime as dt
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.identity.actor import Actor
from app.jobs import lifecycle, moderation, publish_limits, queries
from app.jobs.matchable import require_matchable
from app.jobs.models import Job
from app.jobs.rules import JobAction, JobStatus
from app.matching.waves import send_wave


async def publish(
    session: AsyncSession, actor: Actor, job_id: UUID, now: dt.datetime, *, paced: bool = True
) -> Job:
    """Publish the actor's own draft and send its first wave, in one transaction; returns the job.

    `paced` is whether it counts how many published jobs were cancelled lately. Raises `JobNotFound` for
    another's job, `AccountRestricted`, `PublishedTooOften`, `JobPendingReview` or `JobDeclined` for a text that
    has to be looked at, `JobNotMatchable`, and whatever `jobs.lifecycle` refuses: a job that is no draft, or that starts in
    the past.
    """
    actor.require_unrestricted()
    job = await queries.get_own_job(session, actor.employer_id, job_id, lock=True)
    if job.status == JobStatus.DRAFT:
        if paced:
            await publish_limits.require(session, actor.employer_id, now)
        await moderation.require_cleared(session, job, now)
        require_matchable(job)
    await lifecycle.move(session, job, JobAction.PUBLISH, now)
    audit.record(session, "job.publish", job_id, actor, now, after={"status": job.status})
    await send_wave(session, job, now)
    return job
