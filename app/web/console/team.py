"""Administrators, as owners manage them: who is in the team, what each role includes, invitations."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import admins
from app.api.admin.admins import AdminAction, AdminRow, InviteAdmin
from app.api.http.dependencies import PageQuery, Read
from app.api.http.parameters import AdminId
from app.core.paging import PageRequest
from app.identity.models import UserStatus
from app.identity.permissions import Permission, permissions_of
from app.identity.rules import AdminRole
from app.web.console.desk import Desk, TeamDesk, room, rows_of, sent
from app.web.forms import TypedForm, checked

router = room()

_TAKEN_FOR_GRANTED: Final = frozenset({Permission.SIGN_OUT, Permission.BE_ADMIN})
_DONE: Final[Mapping[str, str]] = {
    "change_role": "admin_changed",
    "invite_again": "admin_invited",
    "reset_second_factor": "admin_factor",
}


@router.get("/team")
async def show_admins(desk: TeamDesk, session: Read, listed: PageQuery) -> Response:
    """Show who administers, what each role includes, and the form to invite somebody."""
    return await _page(desk, session, listed, TypedForm())


async def _page(
    desk: Desk, session: AsyncSession, listed: PageRequest, form: TypedForm, at: UUID | None = None
) -> Response:
    """Return the page; `form` is of the administrator `at`, else of the invitation."""
    found = rows_of(await admins.list_admins(desk.asks(session, listed), desk.actor))
    return desk.page(
        "team.html",
        status=form.status,
        admins=found,
        actions={row.id: _possible(row) for row in found.items},
        roles=[(role.value, _includes(role)) for role in AdminRole],
        form=form if at is None else TypedForm(),
        acting=form if at is not None else TypedForm(),
        at=at,
    )


def _includes(role: AdminRole) -> list[str]:
    """Return what a role includes, without what every role does."""
    granted = (each for each in permissions_of(role) if each not in _TAKEN_FOR_GRANTED)
    return [each.value for each in granted]


def _possible(row: AdminRow) -> list[str]:
    """Return what can be done to an administrator besides another role."""
    if row.status == UserStatus.SUSPENDED:
        return ["activate"]
    possible = ["sign_out"]
    if row.invited:
        possible = ["invite_again"]
    if row.second_factor:
        possible.append("reset_second_factor")
    return [*possible, "suspend"]


@router.post("/team")
async def invite_admin(desk: TeamDesk) -> Response:
    """Invite somebody, who sets their password by the link that is mailed to them."""
    form = await desk.form()

    async def verb(session: AsyncSession) -> object:
        body = checked(
            InviteAdmin, {name: form.get(name) or "" for name in ("email", "name", "admin_role")}
        )
        return await admins.add_admin(body, session, desk.actor, desk.rt, desk.now, None)

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _page(desk, session, PageRequest(), refused)

    return await desk.do(form, verb, show, "/console/team?done=admin_invited")


@router.post("/team/{admin_id}")
async def decide_admin(desk: TeamDesk, admin_id: AdminId) -> Response:
    """Give somebody another role, suspend, activate or sign them out, invite them again, take a lost factor away."""
    form = await desk.form()
    action = form.get("action") or ""

    async def verb(session: AsyncSession) -> object:
        names = (
            ("action", "reason", "admin_role") if action == "change_role" else ("action", "reason")
        )
        body = checked(AdminAction, sent(form, *names))
        return await admins.act_on_admin(admin_id, body, session, desk.actor, desk.rt, desk.now)

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _page(desk, session, PageRequest(), refused, admin_id)

    then = f"/console/team?done={_DONE.get(action, 'decided')}"
    return await desk.do(form, verb, show, then)
