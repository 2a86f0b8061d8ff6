"""Matching on request: another wave for a job, and marking expired offers."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from app.api.http.dependencies import (
    AdminActorApart,
    JobOwnerOrAdmin,
    Now,
    Once,
    Route,
    Rt,
    Write,
    limit_subject,
)
from app.api.http.parameters import JobId
from app.api.http.problems import problems
from app.core.schema import ResponseModel
from app.identity.actor import AccountRestricted
from app.identity.models import Role
from app.jobs import queries as jobs
from app.jobs.matchable import JobNotMatchable
from app.jobs.queries import JobNotFound
from app.jobs.rules import JobNotPublished
from app.matching import waves
from app.offers import expire

router = APIRouter(prefix="/api/matching", tags=["matching"], route_class=Route)

_BATCH = 500
"""Offers marked as expired in one transaction."""


class WaveAnswer(ResponseModel):
    """What a wave did."""

    job_id: UUID = Field(description="Id of the job.")
    wave: int = Field(description="Which round of offers it was, from 1.")
    candidates: int = Field(description="Workers who fit and were not asked before.")
    offers_created: int = Field(description="Offers made now.")


class ExpiredAnswer(ResponseModel):
    """How many offers were past their deadline and had not been noted as expired yet."""

    expired: int = Field(description="Offers noted as expired now.")


@router.post(
    "/jobs/{job_id}/trigger",
    status_code=202,
    responses=problems(JobNotFound, JobNotPublished, JobNotMatchable, AccountRestricted),
)
async def trigger_wave(
    session: Write, actor: JobOwnerOrAdmin, job_id: JobId, rt: Rt, now: Now, _: Once
) -> WaveAnswer:
    """Ask more workers now, if the open places call for more than may still answer.

    Safe to repeat: nobody is offered the same job twice. Refused with 409 `job_not_published` for a
    draft and for a closed job, and with 409 `job_not_matchable` for one whose skill or time zone there
    no longer is.
    """
    await limit_subject(rt, "trigger:account", str(actor.employer_id))
    if actor.role is Role.EMPLOYER:
        job = await jobs.get_own_job(session, actor.employer_id, job_id, lock=True)
        actor.require_unrestricted()
    else:
        job = await jobs.get_job(session, job_id, lock=True)
    sent = await waves.send_wave(session, job, now)
    return WaveAnswer.from_rows(sent, job_id=job_id)


@router.post("/expire-matches")
async def expire_matches(_actor: AdminActorApart, rt: Rt, now: Now) -> ExpiredAnswer:
    """Note every offer whose deadline has passed as expired."""
    total = 0
    while True:
        # One transaction for each batch: a long one would keep every other writer waiting.
        async with rt.database.begin() as session:
            count = await expire.expire_due(session, now, _BATCH)
        total += count
        if not count:
            return ExpiredAnswer(expired=total)
