"""Jobs as administrators see and moderate them."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import JobModerator, JobReader
from app.api.admin.lists import (
    City,
    Listing,
    ListSpec,
    Search,
    contains,
    equal,
    same_text,
    whether,
)
from app.api.employers.jobs import JobAnswer, job_answers
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Read, Route, Write
from app.api.http.parameters import InStatus, JobId, Verified
from app.api.http.problems import problems
from app.core.errors import Invalid
from app.core.paging import Keyset
from app.core.schema import Day, Instant, Page, Reason, RequestModel, ResponseModel
from app.employers.models import Employer
from app.identity.actor import Actor
from app.jobs import lifecycle, moderation, queries
from app.jobs.matchable import JobNotMatchable
from app.jobs.models import Job, JobStatus
from app.jobs.queries import JobNotFound
from app.jobs.review import NothingToReview, ReviewAction, ReviewStatus, TextChanged
from app.jobs.rules import (
    JobAction,
    JobCancelled,
    JobClosed,
    JobExpired,
    JobFilled,
    JobNotDraft,
    JobNotPublished,
    JobOpen,
    JobOver,
)
from app.offers import closing

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)

TextVersion = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class JobRow(ResponseModel):
    """A job in the list."""

    id: UUID = Field(description="Its id (UUIDv7).")
    title: str = Field(description="Title, one line of 3 to 120 characters.")
    status: JobStatus = Field(description="Where the job stands.")
    category: str = Field(description="Slug of the kind of work, as the catalogue has it.")
    employer_id: UUID = Field(description="Id of the employer.")
    company_name: str = Field(description="Name of the company.")
    employer_verified: bool = Field(description="Whether an administrator has checked the company.")
    city: str | None = Field(description="City of the job; null when not told.")
    starts_on: Day = Field(description="First day, a local date.")
    ends_on: Day | None = Field(description="Last day, a local date, included; null is open-ended.")
    positions: int = Field(description="How many people are wanted.")
    accepted: int = Field(description="Acceptances that stand.")
    unlocked: int = Field(description="Contacts bought.")
    review: ReviewStatus = Field(description="What the review says of the job's text.")
    created_at: Instant = Field(description="When it was made (UTC).")


class JobDetails(JobAnswer):
    """A job, and whose it is."""

    employer_id: UUID = Field(description="Id of the employer.")
    company_name: str = Field(description="Name of the company.")


class JobActionRequest(RequestModel):
    """What to do with a job; a reason is needed to cancel it and to decline its text."""

    action: Literal["cancel", "reopen", "approve", "decline"] = Field(description="What to do.")
    reason: Reason | None = Field(
        default=None,
        description="Why; needed to cancel a job and to decline its text.",
        examples=["The company asked us to."],
    )
    text_version: TextVersion | None = Field(
        default=None,
        description="To approve or decline: the `review.text_version` of the text you read.",
    )


_JOBS = ListSpec(
    "jobs",
    JobRow,
    select(
        Job,
        Employer.company_name,
        Employer.verified_at.is_not(None).label("employer_verified"),
        Job.review_status.label("review"),
    ).join(Employer, Employer.id == Job.employer_id),
    Keyset("admin_jobs", [Job.id]),
    {
        "status": equal(Job.status),
        "verified": whether(Employer.verified_at.is_not(None)),
        "review": equal(Job.review_status),
        "city": same_text(Job.city),
        "q": contains(Job.title, Employer.company_name),
    },
    sorts={
        "created_at": None,
        "title": func.lower(Job.title),
        "company_name": func.lower(Employer.company_name),
        "city": func.coalesce(Job.city, ""),
        "positions": Job.positions,
        "accepted": Job.accepted,
        "unlocked": Job.unlocked,
    },
)


@router.get("/jobs", response_model=Page[JobRow], responses=CSV_ANSWER)
async def list_jobs(
    asked: Listing,
    actor: JobReader,
    status: InStatus[JobStatus] = None,
    verified: Verified = None,
    review: Annotated[
        ReviewStatus | None, Query(description="Only jobs of which the review says this.")
    ] = None,
    city: City = None,
    q: Search = None,
) -> Page[JobRow] | Response:
    """List jobs, newest first; `verified` is the employer's, `q` finds by title or company.

    `review=held` are those whose text waits for a decision.
    """
    return await _JOBS.answer(
        actor, asked, status=status, verified=verified, review=review, city=city, q=q
    )


async def _details(session: AsyncSession, actor: Actor, job: Job, now: dt.datetime) -> JobDetails:
    name = await session.scalar(select(Employer.company_name).where(Employer.id == job.employer_id))
    answer = (await job_answers(session, actor, [job], now))[0]
    return JobDetails(**dict(answer), employer_id=job.employer_id, company_name=name or "")


@router.get("/jobs/{job_id}", responses=problems(JobNotFound))
async def get_job(job_id: JobId, session: Read, actor: JobReader, now: Now) -> JobDetails:
    """Return one job."""
    return await _details(session, actor, await queries.get_job(session, job_id), now)


@router.post(
    "/jobs/{job_id}/action",
    responses=problems(
        JobNotFound,
        JobCancelled,
        JobClosed,
        JobFilled,
        JobExpired,
        JobOpen,
        JobOver,
        JobNotDraft,
        JobNotPublished,
        JobNotMatchable,
        NothingToReview,
        TextChanged,
    ),
)
async def act_on_job(
    job_id: JobId, body: JobActionRequest, session: Write, actor: JobModerator, now: Now
) -> JobDetails:
    """Cancel a job, telling everybody concerned, or reopen a cancelled, closed or expired one.

    A job whose contacts are all unlocked is not reopened: 409 `job_filled`.

    Approve or decline a text that was held or flagged: the employer is told, and an approved draft can be
    published. The decision is about the text that `text_version` marks: 409 `job_text_changed` if it
    is another by now.
    """
    if body.reason is None and body.action in {"cancel", "decline"}:
        raise Invalid.field("reason", f"say why you {body.action} it")
    if body.action in {"approve", "decline"}:
        if body.text_version is None:
            raise Invalid.field("text_version", "say which text you read: its review.text_version")
        job = await moderation.decide(
            session,
            job_id,
            ReviewAction(body.action),
            actor,
            now,
            text_version=body.text_version,
            reason=body.reason,
        )
        return await _details(session, actor, job, now)
    if body.action == "cancel":
        job = await closing.close_job(session, job_id, JobAction.CANCEL, actor, now, body.reason)
        return await _details(session, actor, job, now)
    job = await lifecycle.reopen(session, job_id, actor, reason=body.reason, now=now)
    return await _details(session, actor, job, now)
