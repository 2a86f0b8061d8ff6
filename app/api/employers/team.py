"""A company's team: `/api/employers/team`."""

import datetime as dt
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.auth.phones import read_phone
from app.api.http.dependencies import (
    Address,
    CompanyOwner,
    EmployerActor,
    Now,
    Once,
    PageQuery,
    Read,
    Route,
    Rt,
    Write,
    limit_subject,
)
from app.api.http.parameters import MemberId
from app.api.http.problems import problems
from app.audit.by_actors import list_by_actors
from app.core.errors import Invalid
from app.core.money import Money
from app.core.phones import PhoneNotSupported
from app.core.schema import (
    Amount,
    Currency,
    Instant,
    Line,
    MoneyAnswer,
    Page,
    PersonName,
    PhoneText,
    RequestModel,
    ResponseModel,
)
from app.employers import team
from app.employers.team import (
    AlreadyInTeam,
    Invitation,
    InvitationRules,
    Member,
    MemberNotFound,
    RightsEdit,
    TeamFull,
)
from app.identity import users
from app.identity.actor import AccountRestricted
from app.identity.admins import LastOwner
from app.identity.codes import CodeRules, CodesExhausted
from app.identity.rules import TeamRole
from app.identity.users import EmailTaken
from app.payments import team_spending
from app.policy import policy
from app.privacy.erase import take_out_of_team
from app.runtime import Runtime

router = APIRouter(prefix="/api/employers/team", tags=["employers"], route_class=Route)


class MonthlyLimit(RequestModel):
    """What somebody may spend in a calendar month, in minor units."""

    amount: Amount = Field(examples=[500_000], description="Amount in minor units of the currency.")
    currency: Currency = Field(
        examples=["INR"], description="Currency in which leads are sold, three letters of ISO 4217."
    )


class NewMember(RequestModel):
    """Whom to invite: by e-mail, or by phone."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "email": "meera@example.com",
                    "name": "Meera",
                    "role": "manager",
                    "monthly_limit": {"amount": 500_000, "currency": "INR"},
                },
                {"phone": "+919876543211", "role": "viewer"},
            ]
        }
    }

    email: Line | None = Field(
        default=None, description="Their e-mail address: a link to set a password goes there."
    )
    phone: PhoneText | None = Field(
        default=None, description="Their phone: a code to sign in goes there by WhatsApp."
    )
    name: PersonName | None = Field(
        default=None,
        description="Their name. Left out: the beginning of the address, or the phone.",
    )
    role: TeamRole = Field(
        description="owner: everything; manager: posts, and buys within the limit; viewer: reads."
    )
    monthly_limit: MonthlyLimit | None = Field(
        default=None, description="What they may spend in a month; left out or null: no limit."
    )

    @model_validator(mode="after")
    def _is_reached_by_one(self) -> "NewMember":
        if (self.email is None) == (self.phone is None):
            raise ValueError("give an email or a phone, one of them")
        return self


class MemberChanges(RequestModel):
    """What to change of a member; a field left out keeps its value."""

    model_config = {"json_schema_extra": {"examples": [{"role": "viewer"}]}}

    role: TeamRole | None = Field(
        default=None,
        description="owner: everything; manager: posts, and buys within the limit; viewer: reads.",
    )
    monthly_limit: MonthlyLimit | None = Field(
        default=None, description="What they may spend in a month; null: no limit."
    )


class MemberAnswer(ResponseModel):
    """A member of the team."""

    id: UUID = Field(description="Id of the member: that of the account they sign in with.")
    name: str = Field(description="Their name.")
    email: str | None = Field(description="E-mail address they sign in with; null by phone.")
    phone: str | None = Field(description="Phone in E.164; null where there is none.")
    role: TeamRole = Field(description="What they may do.")
    monthly_limit: MoneyAnswer | None = Field(
        description="What they may spend in a calendar month; null without a limit."
    )
    spent: MoneyAnswer = Field(
        description="What they spent on leads this month, what waits for its payment included."
    )
    status: Literal["invited", "active"] = Field(
        description="invited until they first sign in, then active."
    )
    invited_at: Instant = Field(description="When they were invited (UTC).")
    joined_at: Instant | None = Field(description="When they first signed in (UTC); null before.")


class TeamLogRow(ResponseModel):
    """One thing that somebody of the team did."""

    at: Instant = Field(description="When it was done (UTC).")
    member_id: UUID = Field(description="Id of who did it.")
    name: str = Field(description="Name of who did it; empty for who had it erased.")
    action: str = Field(examples=["job.publish"], description="What was done, one word.")
    target_type: str = Field(description="What it was done to, such as `job`.")
    target_id: str = Field(description="Id of what it was done to.")


async def _answers(
    session: AsyncSession, members: list[Member], now: dt.datetime
) -> list[MemberAnswer]:
    currency = (await policy.current(session)).lead_prices.currency
    spent = await team_spending.spent_by(session, [member.user.id for member in members], now)
    return [
        MemberAnswer(
            id=member.user.id,
            name=member.user.name,
            email=member.email,
            phone=member.phone,
            role=member.role,
            monthly_limit=MoneyAnswer.of(member.monthly_limit) if member.monthly_limit else None,
            spent=MoneyAnswer(
                amount=spent.get(member.user.id, {}).get(currency, 0), currency=currency
            ),
            status="invited" if member.joined_at is None else "active",
            invited_at=member.invited_at,
            joined_at=member.joined_at,
        )
        for member in members
    ]


async def member_answer(session: AsyncSession, member: Member, now: dt.datetime) -> MemberAnswer:
    """Return the answer for one member."""
    return (await _answers(session, [member], now))[0]


async def _limit(session: AsyncSession, given: MonthlyLimit | None) -> Money | None:
    if given is None:
        return None
    sold_in = (await policy.current(session)).lead_prices.currency
    if given.currency != sold_in:
        raise Invalid.field("monthly_limit.currency", f"Leads are sold in {sold_in}.")
    return Money(given.amount, given.currency)


@router.get("")
async def list_members(session: Read, actor: EmployerActor, now: Now) -> Page[MemberAnswer]:
    """List my company's team, all at once: who opened it first; who is invited is in it."""
    members = await team.list_members(session, actor.employer_id)
    return Page(items=await _answers(session, members, now), next_cursor=None)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=problems(
        EmailTaken, AlreadyInTeam, TeamFull, PhoneNotSupported, CodesExhausted, AccountRestricted
    ),
)
async def add_member(
    session: Write,
    actor: CompanyOwner,
    body: NewMember,
    rt: Rt,
    address: Address,
    now: Now,
    _: Once,
) -> MemberAnswer:
    """Invite somebody into my company's team, or once more who has not joined yet.

    By e-mail: the link in the mail sets a password, and is good for a week. By phone: a code comes by WhatsApp, and
    signs in with `POST auth/login`; later ones are asked for with `POST auth/otp`.
    """
    await limit_subject(rt, "team:account", str(actor.employer_id))
    new = Invitation(
        name=body.name or _name_of(body),
        role=body.role,
        email=users.parse_email(body.email) if body.email is not None else None,
        phone=read_phone(body.phone, rt) if body.phone is not None else None,
        monthly_limit=await _limit(session, body.monthly_limit),
    )
    member = await team.invite(session, actor, new, _rules(rt), address=address, now=now)
    return await member_answer(session, member, now)


def _name_of(body: NewMember) -> str:
    if body.email is not None:
        return body.email.partition("@")[0]
    return f"…{(body.phone or '')[-4:]}"


def _rules(runtime: Runtime) -> InvitationRules:
    settings = runtime.settings
    return InvitationRules(
        base_url=settings.base_url,
        codes=CodeRules(settings.codes_per_day, settings.phone_countries),
    )


@router.put("/{member_id}", responses=problems(MemberNotFound, LastOwner))
async def update_member(
    session: Write, actor: CompanyOwner, member_id: MemberId, body: MemberChanges, now: Now
) -> MemberAnswer:
    """Change what a member may do and spend, from their next request on; the last owner stays one (409 `last_owner`)."""
    changes: RightsEdit = {}
    if body.role is not None:
        changes["role"] = body.role
    if "monthly_limit" in body.model_fields_set:
        changes["monthly_limit"] = await _limit(session, body.monthly_limit)
    member = await team.change(session, actor, member_id, changes, now=now)
    return await member_answer(session, member, now)


@router.delete(
    "/{member_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(MemberNotFound, LastOwner),
)
async def remove_member(
    session: Write, actor: CompanyOwner, member_id: MemberId, rt: Rt, now: Now
) -> None:
    """Take a member out of the team: their sessions end at once, and their address and phone are free again.

    Refused with 409 `last_owner` for the last one who may do everything.
    """
    await take_out_of_team(session, actor, member_id, keeps_name=True, now=now)
    await rt.sessions.end_all(session, member_id)


@router.get("/log")
async def list_team_log(
    session: Read, actor: EmployerActor, page: PageQuery, rt: Rt
) -> Page[TeamLogRow]:
    """List what my team did, newest first; those who left are in it."""
    names = await team.names_of(session, actor.employer_id)
    rows, cursor = await list_by_actors(session, names, page, rt.keyring)
    items = [
        TeamLogRow(
            at=entry.at,
            member_id=member_id,
            name=names[member_id],
            action=entry.action,
            target_type=entry.target_type,
            target_id=entry.target_id,
        )
        for entry in rows
        if (member_id := entry.actor_id) is not None
    ]
    return Page(items=items, next_cursor=cursor)
