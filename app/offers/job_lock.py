"""The job's side of an offer: its row is locked before any of its offers, in every verb.

That one order keeps verbs from waiting for each other in a circle, and makes the job's row the
referee of every race about its offers.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.statements import rows_changed, table
from app.database.wakeups import wake_loops
from app.employers.models import Employer
from app.jobs.models import Job, JobStatus
from app.masking.mask import mask_together
from app.messaging.outbox.notice import Notice
from app.offers.effective_status import has_status
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus


@dataclass(frozen=True, slots=True)
class LockedJob:
    """A job whose row this transaction has locked: nobody else changes it or its offers meanwhile."""

    id: UUID
    employer_id: UUID
    status: JobStatus
    title: str
    company: str
    positions: int
    accepted: int
    accept_limit: int
    unlocked: int
    posted_by: UUID | None = None
    """Who of the company's team posted it; None for who opened the company."""

    @property
    def has_room(self) -> bool:
        """Whether one more acceptance is granted."""
        return self.status is JobStatus.PUBLISHED and self.accepted < self.accept_limit

    def worker_notice(
        self,
        worker_id: UUID,
        kind: str,
        offer_id: UUID,
        *,
        at: dt.datetime | None = None,
        urgent: bool = False,
        **more: Any,
    ) -> Notice:
        """Return a notice to a worker about their offer; contact details in texts are masked.

        `at` is given for what may happen more than once to an offer: each time is an event of its own.
        `urgent` is given for work that they said yes to.
        """
        title, company = mask_together(self.title, self.company)
        params = {"offer_id": str(offer_id), "title": title, "company": company, **more}
        key = str(offer_id) if at is None else f"{offer_id}:{at.isoformat()}"
        return Notice(worker_id, kind, params, key, offer_id, urgent=urgent)

    def employer_notice(
        self,
        kind: str,
        offer_id: UUID,
        params: Mapping[str, Any],
        *,
        link_of: Callable[[UUID], str] | None = None,
        only: Collection[UUID] | None = None,
    ) -> Notice:
        """Return a notice to the employer about a lead, and to whoever of the team it concerns (`Notice`)."""
        return Notice(
            self.employer_id,
            kind,
            {"match_id": str(offer_id), "title": self.title, **params},
            str(offer_id),
            offer_id,
            theirs=(self.posted_by,),
            link_of=link_of,
            only=only,
        )


_JOB, _EMPLOYER = table(Job).c, table(Employer).c
JOB_COLUMNS: Final = (
    _JOB.id,
    _JOB.employer_id,
    _JOB.status,
    _JOB.title,
    _EMPLOYER.company_name,
    _JOB.positions,
    _JOB.accepted,
    _JOB.accept_limit,
    _JOB.unlocked,
    _JOB.posted_by,
)
"""What of a job and its employer makes a `LockedJob`."""
_JOBS: Final = (
    select(*JOB_COLUMNS)
    .select_from(table(Job))
    .join(table(Employer), _EMPLOYER.id == _JOB.employer_id)
    .where(_JOB.id.in_(bindparam("job_ids", type_=Uuid(), expanding=True)))
    .order_by(_JOB.id)
)
# Not the plain FOR UPDATE: that would also keep others from inserting offers of the job.
_WAITING: Final = _JOBS.with_for_update(of=table(Job), key_share=True)
_SKIPPING: Final = _JOBS.with_for_update(of=table(Job), key_share=True, skip_locked=True)


async def lock_jobs(
    session: AsyncSession, job_ids: Collection[UUID], *, skip_locked: bool = False
) -> dict[UUID, LockedJob]:
    """Lock the rows of these jobs, in the order of their ids, and return them as they are now.

    With `skip_locked`, jobs that another transaction has locked are left out instead of waited for.
    """
    query = _SKIPPING if skip_locked else _WAITING
    rows = await session.execute(query, {"job_ids": list(job_ids)})
    return {row.id: locked_job(row) for row in rows}


def locked_job(row: Row[*tuple[Any, ...]]) -> LockedJob:
    """Return the job of a row that begins with `JOB_COLUMNS`, which its query has locked."""
    id_, employer_id, status, *more = row[: len(JOB_COLUMNS)]
    return LockedJob(id_, employer_id, JobStatus(status), *more)


async def request_wave(session: AsyncSession, job_ids: Collection[UUID], now: dt.datetime) -> None:
    """Make the next wave due for those of these jobs that have an open place and no open offer.

    The caller has locked the jobs.
    """
    waiting = exists().where(JobMatch.job_id == Job.id, has_status(OfferStatus.OFFERED, now))
    statement = (
        update(Job)
        .where(
            Job.id.in_(job_ids),
            Job.status == JobStatus.PUBLISHED,
            Job.accepted < Job.positions,
            or_(Job.closes_at.is_(None), Job.closes_at > now),
            or_(Job.next_wave_at.is_(None), Job.next_wave_at > now),
            ~waiting,
        )
        .values(next_wave_at=now)
        .execution_options(synchronize_session=False)
    )
    if await rows_changed(session, statement):
        wake_loops(session, "waves")
