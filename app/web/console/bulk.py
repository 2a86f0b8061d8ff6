"""Bulk actions: chosen, previewed, asked for with a reason, and followed while they are done."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import bulk
from app.api.admin.bulk import BulkDetails, BulkId, BulkPlan, BulkRequest
from app.api.http.dependencies import Read
from app.core.ids import new_id
from app.identity.permissions import Permission
from app.moderation.bulk import ItemState, Target, Verb
from app.web.console.desk import BulkDesk, Desk, PeopleDesk, room, sent
from app.web.forms import REFUSALS, TypedForm, checked
from app.web.site import SeeOther, fragment

router = room()

_VERBS = {
    Target.WORKERS: (Verb.VERIFY, Verb.SUSPEND, Verb.ACTIVATE, Verb.SIGN_OUT),
    Target.EMPLOYERS: (Verb.VERIFY, Verb.RESTRICT, Verb.SUSPEND, Verb.ACTIVATE, Verb.SIGN_OUT),
    Target.JOBS: (Verb.CANCEL, Verb.REOPEN),
}
_UNDONE_BY: Final = {
    Verb.SUSPEND: Verb.ACTIVATE,
    Verb.RESTRICT: Verb.ACTIVATE,
    Verb.ACTIVATE: Verb.SUSPEND,
    Verb.CANCEL: Verb.REOPEN,
    Verb.REOPEN: Verb.CANCEL,
}
"""What takes an action back; of the others none does."""
_LISTS = {Target.WORKERS: "workers", Target.EMPLOYERS: "companies", Target.JOBS: "jobs"}


@router.get("/bulk/new")
async def show_new_bulk(desk: BulkDesk, target: str = "workers") -> Response:
    """Show the form of a bulk action, with what was chosen in a list."""
    chosen = Target(target) if target in {str(each) for each in _VERBS} else Target.WORKERS
    ids = "\n".join(desk.request.query_params.getlist("ids"))
    return _form(desk, TypedForm({"target": chosen.value, "ids": ids}))


def _form(desk: Desk, form: TypedForm) -> Response:
    target = Target(form.get("target") or Target.WORKERS)
    return desk.page(
        "bulk_new.html",
        status=form.status,
        form=form,
        target=target.value,
        verbs=_VERBS.get(target, ()),
        targets=[(each.value, name) for each, name in _LISTS.items()],
    )


def _body(form: TypedForm) -> dict[str, Any]:
    ids = (form.get("ids") or "").replace(",", " ").split()
    return {"ids": ids} | sent(form, "action", "target")


@router.post("/bulk/preview")
async def preview_bulk(desk: BulkDesk) -> Response:
    """Show what the action would do to each, before it is asked for."""
    form = await desk.form()
    try:
        body = checked(BulkPlan, _body(form))
        async with desk.rt.database.read() as session:
            seen = await bulk.preview_bulk_action(body, session, desk.actor, desk.now)
    except REFUSALS as error:
        return _form(desk, _at_ids(form.refused(error, desk.visitor.language)))
    return _preview(desk, form, seen)


def _at_ids(form: TypedForm) -> TypedForm:
    """Return the form with what is wrong with one id said at the box of all of them."""
    errors = {name.partition(".")[0]: said for name, said in form.errors.items()}
    known = form.get("target") in {each.value for each in _VERBS}
    values = form.values if known else {**form.values, "target": Target.WORKERS.value}
    return TypedForm(values, form.lists, errors, form.message, form.status)


def _preview(desk: Desk, form: TypedForm, seen: Any) -> Response:
    return desk.page(
        "bulk_preview.html", status=form.status, form=form, seen=seen, key=str(new_id())
    )


@router.post("/bulk")
async def request_bulk(desk: BulkDesk) -> Response:
    """Ask for the action; it is done in the background."""
    form = await desk.form()
    made: list[UUID] = []

    async def verb(session: AsyncSession) -> object:
        body = checked(BulkRequest, _body(form) | {"reason": form.get("reason")})
        asked = await bulk.request_bulk_action(body, session, desk.actor, desk.now, None)
        made.append(asked.id)
        return asked

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        try:
            body = checked(BulkPlan, _body(form))
            seen = await bulk.preview_bulk_action(body, session, desk.actor, desk.now)
        except REFUSALS:
            # Not even the plan can be read, so there is nothing to preview.
            return _form(desk, _at_ids(refused))
        return _preview(desk, refused, seen)

    return await desk.do(form, verb, show, lambda: f"/console/bulk/{made[0]}")


@router.get("/bulk/{bulk_id}")
async def show_bulk(desk: PeopleDesk, session: Read, bulk_id: BulkId) -> Response:
    """Show how far a bulk action is, and what came of each item."""
    return await _page(desk, session, bulk_id, TypedForm())


async def _page(desk: Desk, session: AsyncSession, bulk_id: UUID, form: TypedForm) -> Response:
    found = await bulk.get_bulk_action(bulk_id, session, desk.actor, desk.now)
    return desk.page("bulk.html", status=form.status, form=form, **_shown(desk, found))


def _shown(desk: Desk, found: BulkDetails) -> dict[str, Any]:
    """Return what the page and its live part show: with what is done also the action that takes it back."""
    done = [str(item.id) for item in found.items if item.state is ItemState.DONE]
    undo = _UNDONE_BY.get(found.action) if found.finished_at and done else None
    if undo not in _VERBS.get(found.target, ()) or not desk.may(Permission.ACT_IN_BULK):
        undo = None
    return {"bulk": found, "undo": undo, "done_ids": done}


@router.get("/bulk/{bulk_id}/now")
async def show_bulk_now(desk: PeopleDesk, session: Read, bulk_id: BulkId) -> Response:
    """Return only the progress and the items, which an open page asks for again and again."""
    found = await bulk.get_bulk_action(bulk_id, session, desk.actor, desk.now)
    html = fragment(desk.request, desk.visitor, "console/bulk_progress.html", **_shown(desk, found))
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-store"})


@router.post("/bulk/{bulk_id}/stop")
async def stop_bulk(desk: BulkDesk, bulk_id: BulkId) -> Response:
    """Take back what is left."""
    form = await desk.form()

    async def verb(session: AsyncSession) -> object:
        return await bulk.stop_bulk_action(bulk_id, session, desk.actor, desk.now)

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _page(desk, session, bulk_id, refused)

    return await desk.do(form, verb, show, f"/console/bulk/{bulk_id}?done=decided")


@router.get("/bulk")
async def show_bulk_actions(_desk: PeopleDesk) -> Response:
    """Lead to the list of bulk actions."""
    return SeeOther("/console/lists/bulk")
