"""The employer's own profile: `/api/employers/profile`."""

import re
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.auth.phones import read_phone
from app.api.http.dependencies import (
    CompanyOwner,
    EmployerActor,
    Now,
    Read,
    Route,
    Rt,
    Write,
    limit_subject,
)
from app.api.http.problems import problems
from app.core.phones import PhoneNotSupported, check_company_phone
from app.core.schema import (
    Instant,
    Line,
    Location,
    Name,
    PersonName,
    PhoneText,
    RequestModel,
    ResponseModel,
    changeable,
    sent,
)
from app.employers import profile, shared_identifiers
from app.employers.models import Employer
from app.employers.profile import EmailSet, EmployerEdit, PhoneNeeded
from app.employers.team import AlreadyInTeam
from app.identity import users
from app.identity.models import User, UserStatus
from app.identity.users import EmailTaken
from app.jobs.company_names import CompanyName
from app.messaging.account_links import send_confirmation_link
from app.runtime import Runtime

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)

_TAX_ID = re.compile(r"[A-Z0-9](?:[A-Z0-9 ./-]{3,30})[A-Z0-9]")


def _tax_id(value: str) -> str:
    value = " ".join(value.upper().split())
    if not _TAX_ID.fullmatch(value):
        raise ValueError("must be 5 to 32 letters and digits, such as 27AAPFU0939F1ZV")
    return value


TaxId = Annotated[Line, AfterValidator(_tax_id)]
"""A tax number of any country, in capitals; those of countries with a tax pack are checked by it."""


class EmployerProfile(ResponseModel):
    """An employer, as the employer sees it."""

    id: UUID = Field(description="Id of my account.")
    company_name: str = Field(description="Name of the company.")
    contact_name: str = Field(description="Name of the person who signs in for the company.")
    email: str | None = Field(
        description="E-mail address, in lower case; null for a company that came in by the chat.",
        examples=["owner@example.com"],
    )
    phone: str | None = Field(
        examples=["+919876543210"], description="Phone in E.164; null when there is none."
    )
    address: str | None = Field(description="Street address; null when not told.")
    city: str | None = Field(description="City of the company; null when not told.")
    location: Location | None = Field(
        description="Where the company is (WGS 84, degrees); null when not told."
    )
    tax_id: str | None = Field(description="Tax number, in capitals; null when not told.")
    status: UserStatus = Field(description="Where my account stands.")
    verified: bool = Field(description="An administrator has checked this company.")
    created_at: Instant = Field(description="When my account was made (UTC).")
    updated_at: Instant = Field(description="When it last changed (UTC).")


class EmployerChanges(RequestModel):
    """What an employer may change; a field left out keeps its value, null empties it."""

    company_name: CompanyName = changeable("Name of the company, one line of up to 120 characters.")
    contact_name: PersonName = changeable(
        "Name of the person who signs in, one line of up to 120 characters."
    )
    email: Line = changeable(
        "E-mail address, for an account that has none, or that nobody signs in to any more: a link to confirm it "
        "is sent there.",
        examples=["owner@example.com"],
    )
    phone: PhoneText | None = changeable(
        "Phone; a national number is read in the server's country; null empties it.",
        examples=["+919876543210"],
    )
    address: Line | None = changeable(
        "Street address, up to 200 characters; null empties it.", examples=["14 Hill Road"]
    )
    city: Name | None = changeable("City of the company; null empties it.", examples=["Mumbai"])
    location: Location | None = changeable(
        "Where the company is (WGS 84, degrees); null empties it."
    )
    tax_id: TaxId | None = changeable(
        "Tax number, 5 to 32 letters and digits, on invoices; in India the GSTIN, whose check digit has to be "
        "right. The country is that of `city`, else the server's. null empties it.",
        examples=["27AAPFU0939F1ZV"],
    )


def profile_answer(session: AsyncSession, user: User, employer: Employer) -> EmployerProfile:
    """Return the answer for an employer's account and profile."""
    return EmployerProfile.from_rows(
        employer,
        contact_name=user.name,
        email=users.email_of(session, user),
        phone=users.phone_of(session, user),
        address=shared_identifiers.address_of(session, employer),
        location=location_answer(employer.latitude, employer.longitude),
        status=user.status,
        verified=employer.verified_at is not None,
        updated_at=max(employer.updated_at, user.updated_at),
    )


def location_answer(latitude: float | None, longitude: float | None) -> Location | None:
    """Return the answer for a stored place, None where there is none."""
    if latitude is None or longitude is None:
        return None
    return Location(latitude=latitude, longitude=longitude)


@router.get("/profile")
async def get_profile(session: Read, actor: EmployerActor) -> EmployerProfile:
    """Get my profile."""
    return profile_answer(session, *await profile.get_employer(session, actor.employer_id))


@router.put(
    "/profile",
    responses=problems(PhoneNotSupported, EmailTaken, EmailSet, PhoneNeeded, AlreadyInTeam),
)
async def update_profile(
    session: Write, actor: CompanyOwner, body: EmployerChanges, rt: Rt, now: Now
) -> EmployerProfile:
    """Change my profile; a field left out keeps its value.

    The taxes of purchases follow the tax number's state, else the city's. Another company name or tax number takes the verification away, because those were checked. An account
    without an e-mail address may set one, and keeps its phone until then: it is how one signs in. The same address
    again, while it is not confirmed, has the link sent anew. Once who opened the company has left its team, nobody
    signs in by them, and an owner may set another address and phone at any time.
    """
    user, employer = await profile.edit(
        session, actor, _changes(body, rt), home_country=rt.settings.default_country, now=now
    )
    if "email" in body.model_fields_set and user.email_verified_at is None:
        await limit_subject(rt, "email:account", str(user.id))
        await send_confirmation_link(session, rt.settings.base_url, user.id, now)
    return profile_answer(session, user, employer)


def _changes(body: EmployerChanges, runtime: Runtime) -> EmployerEdit:
    changes: dict[str, Any] = sent(body)
    if body.location is not None:
        changes["location"] = body.location.point
    if "email" in changes:
        changes["email"] = users.parse_email(body.email)
    if body.phone is not None:
        changes["phone"] = read_phone(body.phone, runtime)
        check_company_phone(changes["phone"])
    return cast(EmployerEdit, changes)
