"""Change a job's status by the state table in `rules`."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from app import audit
from app.core.errors import Conflict
from app.database.statements import transition_update
from app.database.wakeups import wake_loops
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.jobs import rules
from app.jobs.matchable import require_matchable
from app.jobs.models import Job
from app.jobs.queries import get_job, state_of
from app.jobs.rules import JobAction, JobStatus
from app.policy import policy


async def move(session: AsyncSession, job: Job, action: JobAction, now: dt.datetime) -> None:
    """Take one transition; the caller has locked the row (`queries.get_job`), and `job` is up to date.

    Becoming published sets when it closes and makes its next wave due at once; the first time also how
    many may accept, which a later change of the policy leaves alone. Ceasing to be undoes the former.
    Raises what `rules.decide` raises when the job's state forbids the step.
    """
    transition = rules.decide(state_of(job), action, now)
    columns = _stamps(job, transition.target, now)
    if transition.target is JobStatus.PUBLISHED and job.published_at is None:
        waves = (await policy.current(session)).waves
        columns["accept_limit"] = job.positions * waves.choice_factor
    # The row is locked, so this can't fail; were it not, two transitions at once would both be taken.
    statement = transition_update(Job, transition, now, Job.id == job.id, **columns)
    changed = (getattr(Job, name) for name in ("status", "updated_at", *columns))
    moved = await session.execute(statement.returning(*changed))
    row = moved.mappings().one_or_none()
    if row is None:
        raise Conflict
    for name, value in row.items():
        set_committed_value(job, name, value)
    if transition.target is JobStatus.PUBLISHED:
        wake_loops(session, "waves")


async def add_positions(session: AsyncSession, job: Job, positions: int, now: dt.datetime) -> None:
    """Raise how many people a published or filled job wants; a filled one is published again.

    The caller has locked the row, as for `move`. As many more may accept as publishing would have allowed, and
    the next wave is due at once. A filled job with as many contacts as even that stays filled. Raises `JobOver`
    once the last shift has started.
    """
    per_position = job.accept_limit // job.positions
    before = {"status": job.status, "positions": job.positions}
    if job.unlocked < positions:
        await move(session, job, JobAction.ADD_POSITIONS, now)
    job.positions = positions
    job.accept_limit = positions * per_position
    await session.flush()
    audit.record(
        session,
        "job.add_positions",
        job.id,
        Actor(job.employer_id, Role.EMPLOYER, UserStatus.ACTIVE, ""),
        now,
        before=before,
        after={"status": job.status, "positions": positions},
    )


async def reopen(
    session: AsyncSession, job_id: UUID, actor: Actor, *, reason: str | None, now: dt.datetime
) -> Job:
    """Reopen a cancelled, closed or expired job; one whose contacts are all unlocked is `JobFilled`.

    Raises what `move` does, and `JobNotMatchable`.
    """
    job = await get_job(session, job_id, lock=True)
    before = job.status
    if before in {JobStatus.CANCELLED, JobStatus.CLOSED, JobStatus.EXPIRED}:
        require_matchable(job)
    await move(session, job, JobAction.REOPEN, now)
    audit.record(
        session,
        "job.reopen",
        job_id,
        actor,
        now,
        reason=reason,
        before={"status": before},
        after={"status": job.status},
    )
    return job


def _stamps(job: Job, to: JobStatus, now: dt.datetime) -> dict[str, Any]:
    """Return the timestamps that come with a job's new status."""
    if to is JobStatus.PUBLISHED:
        state = state_of(job)
        return {
            "published_at": job.published_at or now,
            "closed_at": None,
            "next_wave_at": now,
            "closes_at": rules.closes_at(
                state.slots, state.starts_on, state.ends_on, state.time_zone
            ),
        }
    closed_at = None if to is JobStatus.DRAFT else now
    return {"closed_at": closed_at, "next_wave_at": None}
