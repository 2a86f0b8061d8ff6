"""What the conversation knows of employers before it takes a step."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dialogue.context import EmployerAccount, JobSummary, masked_email
from app.employers import phones
from app.identity.models import UserStatus
from app.jobs import queries
from app.jobs.models import Job
from app.jobs.queries import JobNotFound
from app.jobs.rules import JobStatus
from app.masking.mask import mask
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import ChatPerson
from app.offers.offer_message import job_params
from app.offers.progress import counts_of
from app.offers.rules import OfferStatus


async def employers_of(session: AsyncSession, person: ChatPerson) -> Sequence[EmployerAccount]:
    """Return the employers' accounts that name the phone this person writes from."""
    return [
        EmployerAccount(
            id=account.id,
            company=mask(account.company),
            email=masked_email(account.email),
            proven=account.proven,
            suspended=account.status is UserStatus.SUSPENDED,
            city=account.city,
        )
        for account in await phones.list_accounts(session, person.phone_index)
    ]


async def job_meant(
    session: AsyncSession,
    employers: Sequence[EmployerAccount],
    inbound: Inbound,
    now: dt.datetime,
) -> JobSummary | None:
    """Return the job that was tapped if it is one of these employers', who may act here."""
    if inbound.kind is not InboundKind.TAP or not inbound.payload.startswith("job:"):
        return None
    try:
        job_id = UUID(inbound.payload.split(":")[1])
    except ValueError:
        return None
    for employer in employers:
        if not employer.proven:
            continue
        try:
            job = await queries.get_own_job(session, employer.id, job_id)
        except JobNotFound:
            continue
        return JobSummary(
            job.id, employer.id, JobStatus(job.status), await said_of(session, job, now)
        )
    return None


async def said_of(session: AsyncSession, job: Job, now: dt.datetime) -> dict[str, Any]:
    """Return what the texts say of an employer's own job."""
    counts = (await counts_of(session, [job.id], now)).get(job.id, {})
    told = (await job_params(session, [job.id]))[job.id]
    return {
        **told,
        "job_id": str(job.id),
        "people": job.positions,
        "asked": sum(counts.values()),
        "accepted": counts.get(OfferStatus.ACCEPTED, 0),
        "unlocked": job.unlocked,
    }
