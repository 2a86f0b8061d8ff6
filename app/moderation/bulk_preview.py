"""What a bulk action would do, before it is asked for: the same rules on the same rows, in a few queries. Reads only."""

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import DomainError, NotFound
from app.employers.models import Employer
from app.identity.models import Role, User, UserStatus
from app.identity.rules import TABLE, AccountAction
from app.identity.users import StatusForbids
from app.jobs import rules
from app.jobs.matchable import require_matchable
from app.jobs.models import Job, JobStatus
from app.jobs.queries import JobNotFound, state_of
from app.jobs.rules import JobAction
from app.moderation.accounts import AccountErased, AlreadyVerified, can_be_moderated
from app.moderation.bulk import ROLES, BulkWork, Target, Verb
from app.offers.effective_status import has_status
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.workers.models import Worker

_STATUS_ACTIONS: Final = {
    Verb.ACTIVATE: AccountAction.ACTIVATE,
    Verb.SUSPEND: AccountAction.SUSPEND,
    Verb.RESTRICT: AccountAction.RESTRICT,
}


class Foreseen(NamedTuple):
    """One item: what it is called, and why it would be refused; None where it would be done."""

    target_id: UUID
    label: str | None
    refusal: DomainError | None


class Preview(NamedTuple):
    """What a bulk action would do."""

    items: list[Foreseen]
    offers_that_close: int
    """Open offers of the items that would be done, which would close with it."""


async def preview(session: AsyncSession, plan: BulkWork, now: dt.datetime) -> Preview:
    """Return what `plan` would do to each of its items if it were done now."""
    if plan.target is Target.JOBS:
        items = await _jobs(session, plan, now)
    else:
        items = await _accounts(session, plan, now)
    possible = [item.target_id for item in items if item.refusal is None]
    return Preview(items, await _closing(session, plan, possible, now))


class _Account(NamedTuple):
    id: UUID
    role: str
    status: str
    name: str
    company_name: str | None
    verified_at: dt.datetime | None
    company_verified_at: dt.datetime | None


async def _accounts(session: AsyncSession, plan: BulkWork, now: dt.datetime) -> list[Foreseen]:
    query = (
        select(
            User.id,
            User.role,
            User.status,
            User.name,
            Employer.company_name,
            Worker.verified_at,
            Employer.verified_at,
        )
        .outerjoin(Worker, Worker.id == User.id)
        .outerjoin(Employer, Employer.id == User.id)
        .where(User.id.in_(plan.ids), can_be_moderated(ROLES[plan.target]))
    )
    found = {row[0]: _Account(*row) for row in await session.execute(query)}
    return [_account(target_id, found.get(target_id), plan.action, now) for target_id in plan.ids]


def _account(target_id: UUID, account: _Account | None, action: Verb, now: dt.datetime) -> Foreseen:
    if account is None:
        return Foreseen(target_id, None, NotFound())
    label = account.company_name or account.name
    return Foreseen(target_id, label, _refusal(account, action, now))


def _refusal(account: _Account, action: Verb, now: dt.datetime) -> DomainError | None:
    status, role = UserStatus(account.status), Role(account.role)
    if action is Verb.VERIFY:
        if status is UserStatus.ERASED:
            return AccountErased()
        verified = account.verified_at or account.company_verified_at
        return AlreadyVerified() if verified else None
    if action not in _STATUS_ACTIONS:
        return None
    change = TABLE.only(_STATUS_ACTIONS[action])
    if status in change.sources and all(guard.check(role, now) for guard in change.guards):
        return None
    return StatusForbids(_STATUS_ACTIONS[action], status)


async def _jobs(session: AsyncSession, plan: BulkWork, now: dt.datetime) -> list[Foreseen]:
    found = {job.id: job for job in await session.scalars(select(Job).where(Job.id.in_(plan.ids)))}
    return [_job(target_id, found.get(target_id), plan.action, now) for target_id in plan.ids]


def _job(target_id: UUID, job: Job | None, action: Verb, now: dt.datetime) -> Foreseen:
    if job is None:
        return Foreseen(target_id, None, JobNotFound())
    try:
        if action is Verb.REOPEN and job.status in {
            JobStatus.CANCELLED,
            JobStatus.CLOSED,
            JobStatus.EXPIRED,
        }:
            require_matchable(job)
        step = JobAction.CANCEL if action is Verb.CANCEL else JobAction.REOPEN
        rules.decide(state_of(job), step, now)
    except DomainError as refusal:
        return Foreseen(target_id, job.title, refusal)
    return Foreseen(target_id, job.title, None)


async def _closing(
    session: AsyncSession, plan: BulkWork, ids: Sequence[UUID], now: dt.datetime
) -> int:
    """Return how many open offers close with what would be done."""
    if not ids or plan.action not in {Verb.SUSPEND, Verb.CANCEL}:
        return 0
    of_accounts = or_(JobMatch.worker_id.in_(ids), JobMatch.employer_id.in_(ids))
    own = JobMatch.job_id.in_(ids) if plan.action is Verb.CANCEL else of_accounts
    query = select(func.count()).select_from(JobMatch)
    query = query.where(own, has_status(OfferStatus.OFFERED, now))
    return await session.scalar(query) or 0
