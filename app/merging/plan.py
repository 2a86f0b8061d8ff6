"""What a merge of two workers' accounts would do, and what forbids it: the page before the verb."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.employers.models import BlockByEmployer
from app.identity.models import Role, User, UserStatus
from app.jobs.models import Job, JobStatus
from app.jobs.queries import get_job
from app.matching.hours import hours_of
from app.matching.load import accepted_jobs, job_facts
from app.offers.appeals import AppealStatus
from app.offers.effective_status import has_status
from app.offers.models import JobMatch, OfferStatus, ReliabilityAppeal
from app.payments.models import LeadReport, Payment
from app.payments.rules import OPEN, PaymentStatus, ReportStatus
from app.workers.models import BlockByWorker


class MergeObstacle(StrEnum):
    """Why two accounts are not merged; each is the code of its refusal."""

    SAME_ACCOUNT = "merge_same_account"
    NOT_WORKERS = "merge_not_workers"
    NOT_ACTIVE = "merge_not_active"
    """A suspension would be escaped, or an account is erased or was never proven."""
    SAME_JOB = "merge_same_job"
    """Both were asked for one job, and the account that goes said yes."""
    BOOKED_TWICE = "merge_booked_twice"
    PAYMENT_OPEN = "merge_payment_open"
    REPORT_OPEN = "merge_report_open"
    APPEAL_OPEN = "merge_appeal_open"
    CHANGED = "merge_changed"
    """One of the two was asked for another job at this very moment."""


SAID: dict[MergeObstacle, str] = {
    MergeObstacle.SAME_ACCOUNT: "This is one account already.",
    MergeObstacle.NOT_WORKERS: "Only accounts of workers are merged; companies have teams.",
    MergeObstacle.NOT_ACTIVE: "The account that stays has to be active, and the one that goes neither suspended nor erased.",
    MergeObstacle.SAME_JOB: "Both were asked for the same job, and the account that would go said yes to it: merge the other way round, or let them withdraw first.",
    MergeObstacle.BOOKED_TWICE: "Both said yes to jobs at the same hours: one of the two has to be withdrawn first.",
    MergeObstacle.PAYMENT_OPEN: "Somebody is paying for a contact of the account that would go: wait until that is settled.",
    MergeObstacle.REPORT_OPEN: "A report about a lead of the account that would go is not decided yet.",
    MergeObstacle.APPEAL_OPEN: "An appeal of the account that would go is not decided yet.",
    MergeObstacle.CHANGED: "One of the two was asked for a job at this very moment: look again, and merge then.",
}
"""What each obstacle says to who reads English; the pages have their own words for it."""

_MONEY_OPEN = (*OPEN, PaymentStatus.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What would happen, counted."""

    kept_id: UUID
    merged_id: UUID
    moved: int
    """Offers that go over with their history, those below included."""
    accepted: int
    """Acceptances among them whose contact nobody has bought."""
    withdrawn: int
    """Acceptances that are withdrawn first, because a block stands between the company and the kept account."""
    bought: int
    """Contacts among them that companies have bought: they show the kept account's phone from then on."""
    closes: int
    """Open offers of the merged account, which close; their jobs ask others."""
    left: int
    """Offers that stay with the tombstone: the kept account was asked for the same job, or they are contacts bought by
    a company with a block between it and the kept account."""
    blocks: int
    """Blocks, of companies and by them, that hold for the kept account from then on."""
    dropped: int
    """Blocks that end, because the kept account said yes to work of that company that is still to come."""
    obstacles: Sequence[MergeObstacle]

    @property
    def possible(self) -> bool:
        """Whether nothing forbids it."""
        return not self.obstacles


def same_job(kept_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a match is of a job for which the kept account was asked, too."""
    other = aliased(JobMatch)
    return exists().where(other.job_id == JobMatch.job_id, other.worker_id == kept_id)


def stays(kept_id: UUID, merged_id: UUID, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition that a match of the merged account ends with it: nobody who is blocked sees a new phone."""
    bought = JobMatch.unlocked_at.is_not(None)
    return or_(same_job(kept_id), and_(bought, is_blocked(kept_id, merged_id, now)))


def taken_back(kept_id: UUID, merged_id: UUID, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition of the merged account's acceptances that a block of either side withdraws."""
    return and_(
        JobMatch.worker_id == merged_id,
        JobMatch.status == OfferStatus.ACCEPTED,
        JobMatch.unlocked_at.is_(None),
        is_blocked(kept_id, merged_id, now),
    )


def is_blocked(kept_id: UUID, merged_id: UUID, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition that a block stands between a match's company and who stays, of either side."""
    by_worker, by_employer = aliased(BlockByWorker), aliased(BlockByEmployer)
    company = JobMatch.employer_id
    return or_(
        exists().where(by_worker.worker_id == kept_id, by_worker.employer_id == company),
        exists().where(by_employer.worker_id == kept_id, by_employer.employer_id == company),
        exists().where(
            BlockByWorker.employer_id == company, new_blocks_by_worker(kept_id, merged_id, now)
        ),
        exists().where(
            BlockByEmployer.employer_id == company, new_blocks_by_employer(kept_id, merged_id, now)
        ),
    )


def new_blocks_by_worker(kept_id: UUID, merged_id: UUID, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition of blocks that the kept account takes over: not of whom it works for by now."""
    known = aliased(BlockByWorker)
    return and_(
        BlockByWorker.worker_id == merged_id,
        ~exists().where(known.worker_id == kept_id, known.employer_id == BlockByWorker.employer_id),
        ~_works_for(kept_id, BlockByWorker.employer_id, now),
    )


def new_blocks_by_employer(kept_id: UUID, merged_id: UUID, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition of companies' blocks that hold for the kept account, too."""
    known = aliased(BlockByEmployer)
    return and_(
        BlockByEmployer.worker_id == merged_id,
        ~exists().where(
            known.worker_id == kept_id, known.employer_id == BlockByEmployer.employer_id
        ),
        ~_works_for(kept_id, BlockByEmployer.employer_id, now),
    )


def _works_for(
    worker_id: UUID, employer_id: ColumnElement[UUID] | object, now: dt.datetime
) -> ColumnElement[bool]:
    """Return the condition that somebody said yes to work of this company that is still to come."""
    match, job = aliased(JobMatch), aliased(Job)
    return exists().where(
        match.worker_id == worker_id,
        match.employer_id == employer_id,
        match.status == OfferStatus.ACCEPTED,
        job.id == match.job_id,
        _is_to_come(job, now),
    )


def _is_to_come(job: type[Job], now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition that a job is neither cancelled nor over, wherever it is."""
    last_day = now.date() - dt.timedelta(days=2)
    return and_(
        job.status != JobStatus.CANCELLED, or_(job.ends_on.is_(None), job.ends_on >= last_day)
    )


async def plan_merge(
    session: AsyncSession, kept_id: UUID, merged_id: UUID, now: dt.datetime
) -> MergePlan:
    """Return what merging `merged_id` into `kept_id` would do; nothing is changed."""
    merged = JobMatch.worker_id == merged_id
    ends = stays(kept_id, merged_id, now)
    withdrawn = taken_back(kept_id, merged_id, now)
    is_open = has_status(OfferStatus.OFFERED, now)
    committed = JobMatch.status == OfferStatus.ACCEPTED
    counted = select(
        func.count().filter(~ends).label("moved"),
        func.count()
        .filter(and_(~ends, ~withdrawn, committed, JobMatch.unlocked_at.is_(None)))
        .label("accepted"),
        func.count().filter(withdrawn).label("withdrawn"),
        func.count().filter(and_(~ends, JobMatch.unlocked_at.is_not(None))).label("bought"),
        func.count().filter(is_open).label("closes"),
        func.count().filter(ends).label("left"),
    ).where(merged)
    counts = (await session.execute(counted)).one()._asdict()
    blocks = dropped = 0
    for table, inherited in (
        (BlockByWorker, new_blocks_by_worker(kept_id, merged_id, now)),
        (BlockByEmployer, new_blocks_by_employer(kept_id, merged_id, now)),
    ):
        works = _works_for(kept_id, table.employer_id, now)
        query = select(func.count().filter(inherited), func.count().filter(works))
        row = (await session.execute(query.where(table.worker_id == merged_id))).one()
        blocks, dropped = blocks + row[0], dropped + row[1]
    obstacles = await _obstacles(session, kept_id, merged_id, now)
    return MergePlan(
        kept_id, merged_id, **counts, blocks=blocks, dropped=dropped, obstacles=obstacles
    )


async def _obstacles(
    session: AsyncSession, kept_id: UUID, merged_id: UUID, now: dt.datetime
) -> list[MergeObstacle]:
    if kept_id == merged_id:
        return [MergeObstacle.SAME_ACCOUNT]
    query = select(User.id, User.role, User.status).where(User.id.in_((kept_id, merged_id)))
    found = {row.id: row for row in await session.execute(query)}
    if len(found) < 2 or {row.role for row in found.values()} != {Role.WORKER}:
        return [MergeObstacle.NOT_WORKERS]
    merged_may_go = {UserStatus.ACTIVE, UserStatus.PENDING}
    if (
        found[kept_id].status != UserStatus.ACTIVE
        or UserStatus(found[merged_id].status) not in merged_may_go
    ):
        return [MergeObstacle.NOT_ACTIVE]
    matches = select(JobMatch.id).where(JobMatch.worker_id == merged_id)
    said_yes = JobMatch.status == OfferStatus.ACCEPTED
    conditions = (
        (
            MergeObstacle.SAME_JOB,
            exists().where(
                JobMatch.worker_id == merged_id,
                or_(said_yes, JobMatch.unlocked_at.is_not(None)),
                same_job(kept_id),
            ),
        ),
        (
            MergeObstacle.PAYMENT_OPEN,
            exists().where(Payment.match_id.in_(matches), Payment.status.in_(_MONEY_OPEN)),
        ),
        (
            MergeObstacle.REPORT_OPEN,
            exists().where(
                LeadReport.match_id.in_(matches),
                LeadReport.status.in_((ReportStatus.CHECKING, ReportStatus.OPEN)),
            ),
        ),
        (
            MergeObstacle.APPEAL_OPEN,
            exists().where(
                ReliabilityAppeal.worker_id == merged_id,
                ReliabilityAppeal.status == AppealStatus.OPEN,
            ),
        ),
    )
    row = (await session.execute(select(*(condition for _, condition in conditions)))).one()
    obstacles = [obstacle for (obstacle, _), holds in zip(conditions, row, strict=True) if holds]
    if await _booked_twice(session, kept_id, merged_id, now):
        obstacles.append(MergeObstacle.BOOKED_TWICE)
    return obstacles


async def _booked_twice(
    session: AsyncSession, kept_id: UUID, merged_id: UUID, now: dt.datetime
) -> bool:
    """Whether both said yes to work that is still to come at the same hours."""
    query = (
        select(Job.id)
        .join(JobMatch, JobMatch.job_id == Job.id)
        .where(
            JobMatch.worker_id == merged_id,
            JobMatch.status == OfferStatus.ACCEPTED,
            _is_to_come(Job, now),
        )
    )
    for job_id in await session.scalars(query):
        facts = await job_facts(session, await get_job(session, job_id), now)
        busy = await accepted_jobs(session, [kept_id], facts)
        if hours_of(facts.schedule).clashes(busy.get(kept_id, ())):
            return True
    return False
