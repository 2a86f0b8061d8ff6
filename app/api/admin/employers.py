"""Employers as administrators see and moderate them."""

import datetime as dt
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import PeopleModerator, PeopleReader
from app.api.admin.accounts import Status, account_filters, accounts, count, get_account, log_view
from app.api.admin.lists import City, Listing, ListSpec, Search, each, whether
from app.api.employers.profile import location_answer
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Read, Route, Rt, Write
from app.api.http.parameters import EmployerId, Verified
from app.api.http.problems import problems
from app.core.errors import NotFound
from app.core.paging import Keyset
from app.core.schema import Instant, Location, Page, Reason, RequestModel, ResponseModel
from app.employers import shared_identifiers
from app.employers.models import Employer
from app.identity import users
from app.identity.models import Role, User, UserStatus
from app.identity.users import StatusForbids
from app.jobs.models import Job
from app.moderation.accounts import (
    AccountErased,
    AlreadyVerified,
    ModerationAction,
    moderate_account,
)
from app.payments.models import LeadReport, Unlock
from app.reporting.abuse_signals import abuse_signals

router = APIRouter(prefix="/api/admin/employers", tags=["admin"], route_class=Route)


class SharedMark(ResponseModel):
    """Another account with the same phone, mailbox, company, address or tax number."""

    kind: Literal["phone", "mailbox", "company", "address", "tax_id"] = Field(
        description="What the two accounts have in common."
    )
    employer_id: UUID = Field(description="Id of the other account.")
    status: UserStatus = Field(description="Where the other account stands.")
    created_at: Instant = Field(description="When the other account was made (UTC).")


class EmployerSignals(ResponseModel):
    """What may be a sign of abuse, for a person to judge."""

    shared: list[SharedMark] = Field(description="Other accounts with something in common.")
    workers_unlocked_today: int = Field(
        description="Different workers whose contacts were unlocked in the last 24 hours."
    )
    unlocks_fast: bool = Field(
        description="Whether so many, by an account so new, are worth a look."
    )
    jobs_taken_back_today: int = Field(
        description="Published jobs that were cancelled in the last 24 hours."
    )
    jobs_taken_back_often: bool = Field(
        description="Whether so many that nothing more is published; each tells who lives near it."
    )


class EmployerRow(ResponseModel):
    """An employer in the list; contact details are in the single answer."""

    id: UUID = Field(description="Id of the employer's account.")
    company_name: str = Field(description="Name of the company.")
    contact_name: str = Field(description="Name of the person who signs in for the company.")
    status: UserStatus = Field(description="Where the account stands.")
    verified: bool = Field(description="Whether an administrator has checked this account.")
    city: str | None = Field(description="City; null when not told.")
    created_at: Instant = Field(description="When the account was made (UTC).")


class EmployerDetails(EmployerRow):
    """An employer, with what an administrator needs to check who this is."""

    email: str | None = Field(
        description="E-mail address, in lower case; null for a company that came in by the chat."
    )
    email_verified: bool = Field(
        description="Whether a link that was sent to the address came back."
    )
    phone: str | None = Field(description="Phone in E.164; null when there is none.")
    address: str | None = Field(description="Street address; null when not told.")
    location: Location | None = Field(
        description="Where the company is (WGS 84, degrees); null when not told."
    )
    tax_id: str | None = Field(description="Tax number, in capitals; null when not told.")
    jobs: int = Field(description="How many jobs the company wrote, drafts included.")
    unlocks: int = Field(description="How many contacts it bought.")
    reports: int = Field(description="How many leads it reported as bad.")
    signals: EmployerSignals = Field(description="What may be a sign of abuse.")
    updated_at: Instant = Field(description="When it last changed (UTC).")


class EmployerAction(RequestModel):
    """What to do with an employer; a reason is needed for what takes something away."""

    action: Literal["activate", "suspend", "restrict", "verify", "sign_out"] = Field(
        description="What to do with the account."
    )
    reason: Reason | None = Field(
        default=None,
        description="Why; needed to suspend and to restrict.",
        examples=["Checked the registration of the company."],
    )


def _answer[Row: EmployerRow](kind: type[Row], user: User, employer: Employer, **more: Any) -> Row:
    return kind.from_rows(
        user, employer, contact_name=user.name, verified=employer.verified_at is not None, **more
    )


_EMPLOYERS = ListSpec(
    "employers",
    EmployerRow,
    accounts(Employer),
    Keyset("admin_employers", [User.id]),
    account_filters(Employer, User.name, Employer.company_name)
    | {"repeated": whether(shared_identifiers.has_identifier_in_common())},
    each(partial(_answer, EmployerRow)),
    sorts={
        "created_at": None,
        "company_name": func.lower(Employer.company_name),
        "city": func.coalesce(Employer.city, ""),
    },
)


@router.get("", response_model=Page[EmployerRow], responses=CSV_ANSWER)
async def list_employers(
    asked: Listing,
    actor: PeopleReader,
    status: Status = None,
    verified: Verified = None,
    repeated: Annotated[
        bool | None,
        Query(
            description="Only those that have something in common with another account, or nothing."
        ),
    ] = None,
    city: City = None,
    q: Search = None,
) -> Page[EmployerRow] | Response:
    """List employers, newest first; `q` finds by company, contact, exact phone or e-mail.

    `repeated` are those that have a phone, mailbox, company, address or tax number in common with another.
    """
    return await _EMPLOYERS.answer(
        actor, asked, status=status, verified=verified, city=city, q=q, repeated=repeated
    )


async def _details(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> EmployerDetails:
    user, employer = await get_account(session, Employer, employer_id)
    return _answer(
        EmployerDetails,
        user,
        employer,
        email=users.email_of(session, user),
        email_verified=user.email_verified_at is not None,
        phone=users.phone_of(session, user),
        address=shared_identifiers.address_of(session, employer),
        location=location_answer(employer.latitude, employer.longitude),
        jobs=await count(session, Job.employer_id == employer_id),
        unlocks=await count(session, Unlock.employer_id == employer_id),
        reports=await count(session, LeadReport.employer_id == employer_id),
        signals=await abuse_signals(session, employer, now=now),
        updated_at=employer.updated_at,
    )


@router.get("/{employer_id}", responses=problems(NotFound))
async def get_employer(
    employer_id: EmployerId, session: Read, actor: PeopleReader, rt: Rt, now: Now
) -> EmployerDetails:
    """Return one employer, contact included; that it was looked at is logged."""
    details = await _details(session, employer_id, now)
    await log_view(rt, actor, Role.EMPLOYER, employer_id, now)
    return details


@router.post(
    "/{employer_id}/action",
    responses=problems(NotFound, AlreadyVerified, AccountErased, StatusForbids),
)
async def act_on_employer(
    employer_id: EmployerId,
    body: EmployerAction,
    session: Write,
    actor: PeopleModerator,
    rt: Rt,
    now: Now,
) -> EmployerDetails:
    """Activate, suspend, restrict or verify an employer.

    A suspended one's tokens die and the open offers of their jobs close; their jobs ask nobody until
    they are active again. A restricted one can read but neither publish nor unlock. To sign them out
    ends every session and changes nothing else.
    """
    await get_account(session, Employer, employer_id)
    action = ModerationAction(body.action)
    await moderate_account(
        session, rt.sessions, employer_id, action, actor, reason=body.reason, now=now
    )
    return await _details(session, employer_id, now)
