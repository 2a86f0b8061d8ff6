"""Texts of jobs that wait for a decision, and a job with the sentences that were marked."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import jobs
from app.api.admin.jobs import JobActionRequest
from app.api.http.dependencies import PageQuery, Read
from app.api.http.parameters import JobId
from app.core.paging import PageRequest
from app.jobs.review import ReviewStatus
from app.web.console.desk import (
    Desk,
    JobDesk,
    JobModeratorDesk,
    next_case,
    room,
    rows_of,
    sent,
)
from app.web.console.history import history_of
from app.web.forms import TypedForm, checked

router = room()


@router.get("/review")
async def show_review(
    desk: JobDesk, session: Read, listed: PageQuery, review: str = "held"
) -> Response:
    """List the jobs whose text waits for a decision, and those that were only flagged."""
    wanted = ReviewStatus(review) if review in set(ReviewStatus) else ReviewStatus.HELD
    # Who has waited longest for a decision comes first; what is decided, newest first.
    waits = wanted in {ReviewStatus.HELD, ReviewStatus.FLAGGED}
    asked = desk.asks(session, listed, sort="created_at" if waits else None)
    found = await jobs.list_jobs(asked, desk.actor, None, None, wanted, None, None)
    return desk.page(
        "review.html", jobs=rows_of(found), chosen=wanted.value, statuses=list(ReviewStatus)
    )


@router.get("/jobs/{job_id}")
async def show_job(desk: JobDesk, session: Read, job_id: JobId) -> Response:
    """Show a job with the sentences that were marked, to be approved, declined or cancelled."""
    return await show_job_page(desk, session, job_id, TypedForm())


async def show_job_page(
    desk: Desk, session: AsyncSession, job_id: UUID, form: TypedForm
) -> Response:
    """Return a job's page."""
    job = await jobs.get_job(job_id, session, desk.actor, desk.now)
    history = await history_of(desk, session, "job", job_id)
    return desk.page("job.html", status=form.status, job=job, form=form, history=history)


@router.post("/jobs/{job_id}")
async def decide_job(desk: JobModeratorDesk, job_id: JobId) -> Response:
    """Approve or decline the text that was read, cancel the job, or open it again."""
    form = await desk.form()
    there = f"/console/jobs/{job_id}?done=decided"

    async def verb(session: AsyncSession) -> object:
        nonlocal there
        body = checked(
            JobActionRequest,
            sent(form, "action", "reason", "text_version"),
        )
        done = await jobs.act_on_job(job_id, body, session, desk.actor, desk.now)
        if body.action in {"approve", "decline"}:
            asked = desk.asks(session, PageRequest(1), sort="created_at")
            held = await jobs.list_jobs(
                asked, desk.actor, None, None, ReviewStatus.HELD, None, None
            )
            there = next_case("/console/review", rows_of(held), "decided", of="/console/jobs")
        return done

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await show_job_page(desk, session, job_id, refused)

    return await desk.do(form, verb, show, lambda: there)
