"""A company's team on pages: who is in it, what each may do and spend, and who did what."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.employers import team
from app.api.employers.team import MemberChanges, NewMember
from app.api.http.dependencies import Address, Now, PageQuery, Read, Rt, Write
from app.api.http.parameters import MemberId
from app.core.paging import PageRequest
from app.database.session import savepoint
from app.identity.actor import Actor
from app.identity.rules import TeamRole
from app.policy import policy
from app.runtime import Runtime
from app.web.amounts import minor_units, plain_amount
from app.web.forms import REFUSALS, FormRefused, TypedForm, checked, describe_error, once
from app.web.routes import PageRoute
from app.web.site import SeeOther, page, words
from app.web.visitors import Employer, Guest, Owner, Visitor

router = APIRouter(prefix="/team", route_class=PageRoute, include_in_schema=False)

_FIELDS: Final = {"monthly_limit.amount": "limit", "monthly_limit.currency": "limit"}


@router.get("")
async def show_team(
    request: Request,
    visitor: Guest,
    actor: Employer,
    session: Read,
    rt: Rt,
    listed: PageQuery,
    now: Now,
) -> Response:
    """Show the team, the form to invite somebody, and what everybody did."""
    return await _team_page(request, visitor, actor, session, rt, listed, now, TypedForm())


async def _team_page(
    request: Request,
    visitor: Visitor,
    actor: Actor,
    session: AsyncSession,
    rt: Runtime,
    listed: PageRequest,
    now: Now,
    form: TypedForm,
    *,
    at: UUID | None = None,
) -> Response:
    """Return the page; `form` is of the member `at`, else of the invitation."""
    members = (await team.list_members(session, actor, now)).items
    limits = {
        member.id: plain_amount(member.monthly_limit.amount, member.monthly_limit.currency)
        for member in members
        if member.monthly_limit
    }
    return page(
        request,
        visitor,
        "employer/team.html",
        status=form.status,
        members=members,
        limits=limits,
        log=await team.list_team_log(session, actor, listed, rt),
        roles=list(TeamRole),
        currency=(await policy.current(session)).lead_prices.currency,
        form=form if at is None else TypedForm(),
        changing=form if at is not None else TypedForm(),
        at=at,
    )


async def _limit(session: AsyncSession, form: TypedForm, language: str) -> dict[str, Any] | None:
    currency = (await policy.current(session)).lead_prices.currency
    amount = minor_units(form.get("limit"), currency, "limit", language)
    return None if amount is None else {"amount": amount, "currency": currency}


@router.post("")
async def invite_member(
    request: Request,
    visitor: Guest,
    actor: Owner,
    session: Write,
    rt: Rt,
    address: Address,
    listed: PageQuery,
    now: Now,
) -> Response:
    """Invite somebody by mail or phone."""
    form = await TypedForm.read(request)
    await once(request, session, str(actor.user_id), form, now)
    try:
        given = {name: form.get(name) for name in ("email", "phone", "name", "role")}
        given["monthly_limit"] = await _limit(session, form, visitor.language)  # type: ignore[assignment]
        body = checked(NewMember, given)
        async with savepoint(session):
            made = await team.add_member(session, actor, body, rt, address, now, None)
    except REFUSALS as error:
        said = _at_fields(form.refused(error, visitor.language), visitor.language)
        raise FormRefused(
            await _team_page(request, visitor, actor, session, rt, listed, now, said)
        ) from error
    return SeeOther(f"/team?done={'invited_by_mail' if made.email else 'invited_by_phone'}")


def _at_fields(form: TypedForm, language: str) -> TypedForm:
    """Return the form with the API's errors at the fields that they come from; what is of none stands above."""
    errors = {_FIELDS.get(name, name): said for name, said in form.errors.items()}
    message = words(language, "team.one_of") if errors.pop("", None) else form.message
    return TypedForm(form.values, form.lists, errors, message, form.status)


@router.post("/{member_id}")
async def change_member(
    request: Request,
    visitor: Guest,
    actor: Owner,
    session: Write,
    rt: Rt,
    member_id: MemberId,
    listed: PageQuery,
    now: Now,
) -> Response:
    """Change what a member may do and spend, or take them out of the team."""
    form = await TypedForm.read(request)
    await once(request, session, str(actor.user_id), form, now)
    try:
        if form.get("do") == "remove":
            await team.remove_member(session, actor, member_id, rt, now)
            return SeeOther("/team?done=member_removed")
        limit = await _limit(session, form, visitor.language)
        body = MemberChanges.model_validate({"role": form.get("role"), "monthly_limit": limit})
        await team.update_member(session, actor, member_id, body, now)
    except REFUSALS as error:
        said = _at_fields(form.refused(error, visitor.language), visitor.language)
        _, whole, _ = describe_error(error, visitor.language)
        shown = TypedForm(said.values, said.lists, said.errors, whole, said.status)
        raise FormRefused(
            await _team_page(request, visitor, actor, session, rt, listed, now, shown, at=member_id)
        ) from error
    return SeeOther("/team?done=member_changed")
