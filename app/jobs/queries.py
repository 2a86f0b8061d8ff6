"""Reading jobs: one's own, and none else."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.paging import Keyset, PageRequest
from app.core.week import Slot
from app.database.session import keyring
from app.database.statements import contains_text
from app.jobs.models import Job, JobSlot
from app.jobs.rules import JobState, JobStatus


class JobOrder(StrEnum):
    """How a list of jobs is sorted."""

    NEWEST = "newest"
    STARTS = "starts"
    """The earliest first day first."""
    TITLE = "title"
    WAITING = "waiting"
    """The most who said yes and are not bought first."""


_ORDERS: Final[Mapping[JobOrder, tuple[Keyset, Callable[[Job], tuple[Any, ...]]]]] = {
    JobOrder.NEWEST: (Keyset("employer_jobs", [Job.id]), lambda job: (job.id,)),
    JobOrder.STARTS: (
        Keyset("employer_jobs_starts", [Job.starts_on, Job.id], descending=False),
        lambda job: (job.starts_on, job.id),
    ),
    JobOrder.TITLE: (
        Keyset("employer_jobs_title", [Job.title, Job.id], descending=False),
        lambda job: (job.title, job.id),
    ),
    JobOrder.WAITING: (
        Keyset("employer_jobs_waiting", [Job.accepted - Job.unlocked, Job.id]),
        lambda job: (job.accepted - job.unlocked, job.id),
    ),
}


class JobNotFound(NotFound):
    """There is no such job for whoever asks."""

    code = "job_not_found"
    detail = "There is no such job, or it is not yours."


async def get_own_job(
    session: AsyncSession, employer_id: UUID, job_id: UUID, *, lock: bool = False
) -> Job:
    """Return the employer's job with its slots; `lock` locks its row first. Raises `JobNotFound`."""
    return await _one(session, job_id, employer_id, lock=lock)


async def get_job(session: AsyncSession, job_id: UUID, *, lock: bool = False) -> Job:
    """Return the job, whosever it is, with its slots; `lock` locks its row. Raises `JobNotFound`."""
    return await _one(session, job_id, None, lock=lock)


async def _one(session: AsyncSession, job_id: UUID, employer_id: UUID | None, *, lock: bool) -> Job:
    query = select(Job).where(Job.id == job_id)
    if employer_id is not None:
        query = query.where(Job.employer_id == employer_id)
    if lock:
        # Not the plain FOR UPDATE: that would also keep others from inserting offers of the job.
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    job = (await session.scalars(query)).one_or_none()
    if job is None:
        raise JobNotFound
    return job


async def list_jobs(
    session: AsyncSession,
    employer_id: UUID,
    status: JobStatus | None,
    page: PageRequest,
    *,
    text: str | None = None,
    order: JobOrder = JobOrder.NEWEST,
) -> tuple[Sequence[Job], str | None]:
    """Return a page of the employer's jobs, and the cursor of the next; `text` stands in their title or city.

    Raises `Invalid` for a cursor of another list or order.
    """
    query = select(Job).where(Job.employer_id == employer_id)
    if status is not None:
        query = query.where(Job.status == status)
    if text is not None:
        query = query.where(contains_text(text, Job.title, Job.city))
    keys = keyring(session)
    keyset, key_of = _ORDERS[order]
    jobs = (await session.scalars(keyset.apply(query, page, keys))).all()
    cursor = keyset.next_cursor([key_of(job) for job in jobs], page, keys)
    return jobs[: page.limit], cursor


def slot_of(row: JobSlot) -> Slot:
    """Return a job's slot as the rules count it."""
    return Slot.between(row.weekday, row.starts, row.ends)


def state_of(job: Job) -> JobState:
    """Return what decides a job's next transition."""
    return JobState(
        status=JobStatus(job.status),
        starts_on=job.starts_on,
        ends_on=job.ends_on,
        time_zone=job.time_zone,
        slots=tuple(slot_of(row) for row in job.slots),
        was_published=job.published_at is not None,
        has_places=job.unlocked < job.positions,
    )
