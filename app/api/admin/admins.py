"""Administrators, as owners see and manage them: `/api/admin/admins`."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app import audit
from app.api.admin.access import AdminManager, AnyAdmin
from app.api.admin.lists import Listing, ListSpec
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Once, Read, Route, Rt, Write
from app.api.http.parameters import AdminId
from app.api.http.problems import problems
from app.core.errors import Invalid, NotFound
from app.core.paging import Keyset
from app.core.schema import Instant, Line, Name, Page, Reason, RequestModel, ResponseModel
from app.identity import admins, password_reset, second_factor, users
from app.identity.actor import Actor
from app.identity.admins import LastOwner, NotInvited, OwnAccount, SameRole
from app.identity.models import Role, User, UserStatus
from app.identity.permissions import Permission, permissions_of
from app.identity.rules import AdminRole
from app.identity.users import EmailTaken, StatusForbids
from app.messaging.account_links import send_admin_invitation
from app.runtime import Runtime

router = APIRouter(prefix="/api/admin/admins", tags=["admin"], route_class=Route)


class AdminRow(ResponseModel):
    """An administrator."""

    id: UUID = Field(description="Id of the account.")
    name: str = Field(description="Name of the person.")
    email: str = Field(description="E-mail address they sign in with.")
    admin_role: AdminRole = Field(description="What they are there for.")
    status: UserStatus = Field(description="Where the account stands.")
    second_factor: bool = Field(description="Whether their second factor is set up.")
    invited: bool = Field(description="Whether they have not set a password yet.")
    created_at: Instant = Field(description="When the account was made (UTC).")


class OwnAdminRole(ResponseModel):
    """What I am there for, and what I may do."""

    admin_role: AdminRole = Field(description="My role.")
    permissions: list[Permission] = Field(description="What it includes.")


class InviteAdmin(RequestModel):
    """Somebody who is to administer; a link to set a password goes to the address."""

    model_config = {
        "json_schema_extra": {
            "examples": [{"email": "asha@example.com", "name": "Asha", "admin_role": "support"}]
        }
    }

    email: Line = Field(description="Their e-mail address.")
    name: Name = Field(description="Their name.")
    admin_role: AdminRole = Field(description="What they are there for.")


class AdminAction(RequestModel):
    """What to do with an administrator; a reason is needed for what takes something away."""

    model_config = {
        "json_schema_extra": {
            "examples": [{"action": "change_role", "admin_role": "finance", "reason": "new desk"}]
        }
    }

    action: Literal[
        "activate", "suspend", "change_role", "sign_out", "reset_second_factor", "invite_again"
    ] = Field(description="What to do; `invite_again` sends who has no password yet a new link.")
    admin_role: AdminRole | None = Field(
        default=None, description="The new role; for `change_role` only."
    )
    reason: Reason | None = Field(default=None, description="Why, for the log.")


def _row(session: AsyncSession, user: User) -> AdminRow:
    return AdminRow.from_rows(
        user,
        email=users.email_of(session, user) or "",
        admin_role=user.admin_role or AdminRole.SUPPORT,
        second_factor=user.totp_sealed is not None,
        invited=user.password_hash is None,
    )


@router.get("/me")
async def get_own_admin_role(actor: AnyAdmin) -> OwnAdminRole:
    """Return my role and what it includes."""
    role = actor.admin_role or AdminRole.SUPPORT
    return OwnAdminRole(admin_role=role, permissions=permissions_of(role))


async def _rows(session: AsyncSession, rows: Sequence[Any], _now: dt.datetime) -> list[AdminRow]:
    return [_row(session, row[0]) for row in rows]


_ADMINS = ListSpec(
    "admins",
    AdminRow,
    select(User).where(User.role == Role.ADMIN),
    Keyset("admin_admins", [User.id]),
    items_of=_rows,
    sorts={"created_at": None, "name": func.lower(User.name)},
)


@router.get("", response_model=Page[AdminRow], responses=CSV_ANSWER)
async def list_admins(asked: Listing, actor: AdminManager) -> Page[AdminRow] | Response:
    """List administrators, newest first."""
    return await _ADMINS.answer(actor, asked)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(EmailTaken))
async def add_admin(
    body: InviteAdmin, session: Write, actor: AdminManager, rt: Rt, now: Now, _once: Once
) -> AdminRow:
    """Make an administrator, who sets a password by the link that is mailed to them."""
    user = await users.create_admin(
        session, body.email, body.name, None, now=now, admin_role=body.admin_role
    )
    await _invite(session, rt, user.id, now)
    _note(session, actor, "invite", user.id, now, after={"admin_role": body.admin_role})
    return _row(session, user)


async def _invite(session: AsyncSession, rt: Runtime, admin_id: UUID, now: dt.datetime) -> None:
    """Mail the link by which the password is set; an earlier one is good no more."""
    link = await password_reset.issue_invitation(session, admin_id, now=now)
    await send_admin_invitation(session, rt.settings.base_url, link, now)


@router.get("/{admin_id}", responses=problems(NotFound))
async def get_admin(admin_id: AdminId, session: Read, _actor: AdminManager) -> AdminRow:
    """Return one administrator."""
    return _row(session, await admins.get_admin(session, admin_id))


@router.post(
    "/{admin_id}/action",
    responses=problems(NotFound, OwnAccount, LastOwner, SameRole, StatusForbids, NotInvited),
)
async def act_on_admin(
    admin_id: AdminId, body: AdminAction, session: Write, actor: AdminManager, rt: Rt, now: Now
) -> AdminRow:
    """Change an administrator's role, suspend or activate them, sign them out, let them set up a
    new second factor, or invite them again. Nobody does this to themselves, and one active owner stays (409).
    """
    _check(body)
    user = await admins.get_admin(session, admin_id)
    before = {"admin_role": user.admin_role, "status": user.status}
    if body.action == "change_role" and body.admin_role is not None:
        await admins.change_role(session, actor, admin_id, body.admin_role, now=now)
    elif body.action == "suspend":
        await admins.suspend(session, actor, admin_id, now=now)
    elif body.action == "activate":
        await admins.activate(session, actor, admin_id, now=now)
    else:
        await admins.lock_owners(session, actor, admin_id)
        if body.action == "reset_second_factor":
            await second_factor.remove(session, admin_id, now=now)
            await session.flush()
        elif body.action == "invite_again":
            await admins.require_invited(session, admin_id)
            await _invite(session, rt, admin_id, now)
    if body.action not in {"activate", "invite_again"}:
        await rt.sessions.end_all(session, admin_id)
    user = await admins.get_admin(session, admin_id)
    after = {"admin_role": user.admin_role, "status": user.status}
    _note(session, actor, body.action, admin_id, now, body.reason, before, after)
    return _row(session, user)


def _check(body: AdminAction) -> None:
    """Raise `Invalid` unless the action has what it needs, and nothing that it doesn't."""
    if (body.action == "change_role") != (body.admin_role is not None):
        message = "Give the new role to change it, and no role otherwise."
        raise Invalid.field("admin_role", message)
    if body.action in {"suspend", "change_role", "reset_second_factor"} and body.reason is None:
        raise Invalid.field("reason", "Say why; the log keeps it.")


def _note(
    session: AsyncSession,
    actor: Actor,
    action: str,
    admin_id: UUID,
    now: dt.datetime,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session, f"admin.{action}", admin_id, actor, now, reason=reason, before=before, after=after
    )
