"""Merge two accounts of one worker: find the other, see what would happen, do it with a reason."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import merging, workers
from app.api.admin.merging import MergeRequest
from app.api.http.dependencies import Read
from app.api.http.parameters import WorkerId
from app.core.errors import NotFound
from app.web.console.desk import DataDesk, Desk, room
from app.web.console.worker_search import find_workers, id_in
from app.web.forms import Mistyped, TypedForm, checked
from app.web.site import words

router = room()


@router.get("/workers/{worker_id}/merge")
async def show_merge(
    desk: DataDesk,
    session: Read,
    worker_id: WorkerId,
    q: Annotated[str, Query(max_length=120)] = "",
    other: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Find the other account by name, phone or id, and show what merging it into this one would do."""
    return await _page(desk, session, worker_id, other, TypedForm(), q)


async def _page(
    desk: Desk, session: AsyncSession, worker_id: UUID, other: str, form: TypedForm, q: str = ""
) -> Response:
    worker = await workers.get_worker(worker_id, session, desk.actor, desk.rt, desk.now)
    wanted = id_in(other) or id_in(q)
    plan = None
    if wanted is not None:
        try:
            plan = await merging.preview_worker_merge(
                worker_id, wanted, session, desk.actor, desk.rt, desk.now
            )
        except NotFound:
            plan = None
    found: list[Any] = []
    if plan is None:
        found = await _alike(desk, session, q.strip() or worker.name, worker_id)
    return desk.page(
        "merge.html",
        status=form.status,
        worker=worker,
        q=q,
        plan=plan,
        found=found,
        form=form,
        missing=bool(other or wanted) and plan is None,
    )


async def _alike(desk: Desk, session: AsyncSession, q: str, worker_id: UUID) -> list[Any]:
    """Return accounts that may be of the same person: by name, phone or mail address, without this one."""
    found = await find_workers(desk, session, q)
    return [row for row in found if row.id != worker_id and row.status != "erased"]


@router.post("/workers/{worker_id}/merge")
async def merge_worker(desk: DataDesk, worker_id: WorkerId) -> Response:
    """Merge the other account into this one."""
    form = await desk.form()

    async def verb(session: AsyncSession) -> object:
        if not form.get("sure"):
            raise Mistyped.field("sure", words(desk.visitor.language, "console.sure_needed"))
        body = checked(
            MergeRequest, {"other_id": form.get("other") or "", "reason": form.get("reason")}
        )
        return await merging.merge_two_workers(
            worker_id, body, session, desk.actor, desk.rt, desk.now, None
        )

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _page(desk, session, worker_id, form.get("other") or "", refused)

    return await desk.do(form, verb, show, f"/console/workers/{worker_id}?done=merged")
