"""What somebody who answers a person should see beside the conversation: account, last offers or jobs. Reads only."""

import datetime as dt
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers.models import Employer
from app.identity.models import Role, User
from app.jobs.models import Job
from app.offers.models import JobMatch
from app.workers.models import Worker

SHOWN = 5
"""How many of their newest offers or jobs."""


class Nearby(NamedTuple):
    """One offer of a worker, or one job of a company."""

    job_id: UUID
    title: str
    status: str
    at: dt.datetime


class PersonContext(NamedTuple):
    """Who somebody is to us."""

    user_id: UUID
    role: Role
    status: str
    name: str
    city: str | None
    verified: bool
    since: dt.datetime
    recent: list[Nearby]


async def around(session: AsyncSession, user_id: UUID, role: Role) -> PersonContext | None:
    """Return what is known about a worker or company; None for anybody else."""
    if role is Role.WORKER:
        return await _worker(session, user_id)
    if role is Role.EMPLOYER:
        return await _employer(session, user_id)
    return None


async def _worker(session: AsyncSession, user_id: UUID) -> PersonContext | None:
    query = select(User, Worker).join(Worker, Worker.id == User.id).where(User.id == user_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    offers = (
        select(JobMatch.job_id, Job.title, JobMatch.status, JobMatch.offered_at)
        .join(Job, Job.id == JobMatch.job_id)
        .where(JobMatch.worker_id == user_id)
        .order_by(JobMatch.id.desc())
        .limit(SHOWN)
    )
    recent = [Nearby(*each) for each in await session.execute(offers)]
    return _context(row.User, Role.WORKER, row.User.name, row.Worker, recent)


async def _employer(session: AsyncSession, user_id: UUID) -> PersonContext | None:
    query = select(User, Employer).join(Employer, Employer.id == User.id).where(User.id == user_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    jobs = (
        select(Job.id, Job.title, Job.status, Job.created_at)
        .where(Job.employer_id == user_id)
        .order_by(Job.id.desc())
        .limit(SHOWN)
    )
    recent = [Nearby(*each) for each in await session.execute(jobs)]
    return _context(row.User, Role.EMPLOYER, row.Employer.company_name, row.Employer, recent)


def _context(
    user: User, role: Role, name: str, profile: Worker | Employer, recent: list[Nearby]
) -> PersonContext:
    return PersonContext(
        user_id=user.id,
        role=role,
        status=user.status,
        name=name,
        city=profile.city,
        verified=profile.verified_at is not None,
        since=user.created_at,
        recent=recent,
    )
