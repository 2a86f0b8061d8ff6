"""Whom a job asks: why somebody is asked or not, and the next wave at once."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api import matching
from app.api.admin import explanations, jobs
from app.api.http.dependencies import Read
from app.api.http.parameters import JobId
from app.core.errors import Conflict, NotFound
from app.identity.permissions import Permission
from app.web.console.desk import Desk, JobDesk, WaveDesk, room
from app.web.console.review import show_job_page
from app.web.console.worker_search import find_workers, id_in
from app.web.forms import TypedForm, describe_error
from app.web.site import words

router = room()


@router.get("/jobs/{job_id}/why")
async def show_why(
    desk: JobDesk,
    session: Read,
    job_id: JobId,
    q: Annotated[str, Query(max_length=120)] = "",
    worker: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Find a worker, and say why the job asks them or not."""
    job = await jobs.get_job(job_id, session, desk.actor, desk.now)
    said, explained, name = "", None, ""
    wanted = id_in(worker) or id_in(q)
    if wanted is not None:
        try:
            explained = await explanations.explain_match(
                job_id, wanted, session, desk.actor, desk.now
            )
            name = await _name(desk, session, wanted)
        except NotFound:
            said = words(desk.visitor.language, "console.not_found")
        except Conflict as refusal:
            said = describe_error(refusal, desk.visitor.language)[1]
    found: list[Any] = []
    if wanted is None and q.strip() and desk.may(Permission.READ_PEOPLE):
        found = list(await find_workers(desk, session, q))
    return desk.page(
        "why.html", job=job, q=q, explained=explained, name=name, found=found, said=said
    )


async def _name(desk: Desk, session: AsyncSession, worker_id: UUID) -> str:
    found = await find_workers(desk, session, str(worker_id))
    return found[0].name if found else str(worker_id)


@router.post("/jobs/{job_id}/wave")
async def ask_more(desk: WaveDesk, job_id: JobId) -> Response:
    """Ask the next people now, as the job's open places call for."""
    form = await desk.form()
    there = ""

    async def verb(session: AsyncSession) -> object:
        nonlocal there
        sent = await matching.trigger_wave(session, desk.actor, job_id, desk.rt, desk.now, None)
        done = "wave_sent" if sent.offers_created else "wave_nobody"
        there = f"/console/jobs/{job_id}?done={done}"
        return sent

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await show_job_page(desk, session, job_id, refused)

    return await desk.do(form, verb, show, lambda: there)
