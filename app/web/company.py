"""An employer's company on pages: what needs me now, the profile, sessions."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from babel.dates import format_date
from fastapi import APIRouter, Request
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.account_data import AccountData
from app.api.employers import balance, data, jobs, matches, months, profile
from app.api.employers.months import MonthFigures
from app.api.employers.profile import EmployerChanges
from app.api.http.dependencies import Now, Read, Rt, Write, limit_subject
from app.core.errors import TooMany
from app.core.languages import languages
from app.core.paging import PageRequest
from app.database.session import savepoint
from app.employers.profile import is_nobodys
from app.identity import users
from app.identity.actor import Actor
from app.identity.permissions import Permission, may
from app.jobs.models import JobStatus
from app.jobs.queries import JobOrder
from app.messaging.account_links import send_confirmation_link
from app.runtime import Runtime
from app.texts.formatting import FILTERS, FormatContext
from app.web.charts import Bar, bars
from app.web.forms import REFUSALS, FormRefused, TypedForm
from app.web.routes import PageRoute
from app.web.site import SeeOther, page, reads, words
from app.web.visitors import Employer, Guest, Owner, Visitor, put_cookie

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_FIELDS: Final = (
    "company_name",
    "contact_name",
    "email",
    "phone",
    "address",
    "city",
    "tax_id",
)
_SHOWN_JOBS: Final = 10


@router.get("/overview")
async def show_overview(
    request: Request, visitor: Guest, actor: Employer, session: Read, now: Now
) -> Response:
    """Show what needs the employer now, and the figures."""
    figures = await matches.get_dashboard(session, actor, now)
    by_month = (await months.list_dashboard_months(session, actor, now)).items
    open_jobs = await jobs.list_jobs(
        session,
        actor,
        PageRequest(_SHOWN_JOBS),
        now,
        JobStatus.PUBLISHED,
        sort=JobOrder.WAITING,  # who said yes and waits comes first, of however many jobs
    )
    drafts = await jobs.list_jobs(session, actor, PageRequest(_SHOWN_JOBS), now, JobStatus.DRAFT)
    return page(
        request,
        visitor,
        "employer/overview.html",
        figures=figures,
        months=[(month_name(month.begins, visitor.language), month) for month in by_month],
        charts=_charts(by_month, reads(visitor, request)),
        open_jobs=open_jobs.items,
        more_jobs=open_jobs.next_cursor is not None,
        drafts=drafts.items,
        balance=await balance.get_balance(session, actor),
        company=await profile.get_profile(session, actor),
    )


def _charts(by_month: Sequence[MonthFigures], reader: FormatContext) -> list[tuple[str, Markup]]:
    """Return each chart with the key of its name; nothing where there is nothing to compare yet."""
    if not any(month.places or month.spend.amount for month in by_month):
        return []
    language, drawn = reader.language, []
    values: dict[str, list[tuple[float, str]]] = {
        "spend": [
            (month.spend.amount, FILTERS["money"](month.spend.model_dump(), reader))
            for month in by_month
        ],
        "fill": [
            _tell_bar(None if month.fill_rate is None else month.fill_rate * 100, " %")
            for month in by_month
        ],
        "first_yes": [_tell_bar(month.median_minutes_to_first_accept, "") for month in by_month],
    }
    for name, said in values.items():
        rows = [
            Bar(month_name(month.begins, language), value, told)
            for month, (value, told) in zip(by_month, said, strict=True)
        ]
        drawn.append(
            (f"overview.chart.{name}", bars(rows, words(language, f"overview.chart.{name}")))
        )
    return drawn


def _tell_bar(value: float | None, unit: str) -> tuple[float, str]:
    """Return the length of a bar with its number; of a month without one none, and the table's sign for that."""
    return (0, "–") if value is None else (value, f"{round(value)}{unit}")


def month_name(day: dt.date, language: str) -> str:
    """Return a month with its year, as the language writes them."""
    return format_date(day, "LLL yyyy", locale=language)


@router.get("/company")
async def show_company(
    request: Request, visitor: Guest, actor: Employer, session: Read, rt: Rt, now: Now
) -> Response:
    """Show the company's profile, to be changed, and where somebody is signed in."""
    shown = await profile.get_profile(session, actor)
    typed = TypedForm({name: getattr(shown, name) or "" for name in _FIELDS})
    return await _company_page(request, visitor, actor, session, rt, now, typed)


async def _company_page(
    request: Request,
    visitor: Visitor,
    actor: Employer,
    session: Read,
    rt: Runtime,
    now: Now,
    form: TypedForm,
) -> Response:
    return page(
        request,
        visitor,
        "employer/company.html",
        status=form.status,
        form=form,
        company=await profile.get_profile(session, actor),
        mailbox=await _mailbox(session, actor),
        sessions=await rt.sessions.list_open(session, actor.user_id, now),
    )


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The company's e-mail address as its page shows it."""

    confirmed: bool
    may_change: bool
    """There is none, or nobody signs in by it any more."""


async def _mailbox(session: AsyncSession, actor: Actor) -> Mailbox:
    user = await users.get_user(session, actor.employer_id)
    has_one = users.email_of(session, user) is not None
    return Mailbox(
        confirmed=user.email_verified_at is not None,
        may_change=not has_one or await is_nobodys(session, user.id),
    )


@router.post("/company")
async def change_company(
    request: Request, visitor: Guest, actor: Owner, session: Write, rt: Rt, now: Now
) -> Response:
    """Change the profile."""
    form = await TypedForm.read(request)
    shown = await profile.get_profile(session, actor)
    changed = {
        name: form.get(name)
        for name in _FIELDS
        if name in form.values and form.get(name) != getattr(shown, name)
    }
    try:
        body = EmployerChanges.model_validate(changed)
        async with savepoint(session):
            await profile.update_profile(session, actor, body, rt, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        raise FormRefused(
            await _company_page(request, visitor, actor, session, rt, now, said)
        ) from error
    return SeeOther("/company?done=company_changed")


@router.post("/company/email/resend")
async def resend_link(
    request: Request, visitor: Guest, actor: Owner, session: Write, rt: Rt, now: Now
) -> Response:
    """Send the link that confirms the company's mailbox again."""
    try:
        await limit_subject(rt, "email:account", str(actor.employer_id))
    except TooMany as error:
        shown = await profile.get_profile(session, actor)
        typed = TypedForm({name: getattr(shown, name) or "" for name in _FIELDS})
        said = typed.refused(error, visitor.language)
        raise FormRefused(
            await _company_page(request, visitor, actor, session, rt, now, said)
        ) from error
    await send_confirmation_link(session, rt.settings.base_url, actor.employer_id, now)
    return SeeOther("/company?done=link_sent")


@router.post("/company/language")
async def change_language(request: Request, actor: Employer, session: Write) -> Response:
    """Choose the language of messages and pages."""
    form = await TypedForm.read(request)
    wanted = form.get("language") or ""
    if wanted in languages():
        user = await users.get_user(session, actor.user_id)
        user.language = wanted
        put_cookie(request, "language", wanted)
    return SeeOther("/company?done=language_changed")


@router.get("/company/data")
async def download_data(actor: Employer, session: Read, now: Now) -> Response:
    """Return a copy of what is kept about me as a file; who manages the company gets all of the company's."""
    answer = Response()
    if may(actor.role, Permission.MANAGE_COMPANY, None, actor.team_role):
        copy: AccountData = await data.export_company(session, actor, now, answer)
    else:
        copy = await data.export_member_data(session, actor, now, answer)
    name = answer.headers["Content-Disposition"]
    return Response(
        copy.model_dump_json(indent=2),
        media_type="application/json",
        headers={"Content-Disposition": name, "Cache-Control": "no-store"},
    )


@router.post("/company/sessions/end")
async def end_other_sessions(actor: Employer, session: Write, rt: Rt, now: Now) -> Response:
    """Sign out everywhere else, the API's tokens included."""
    for each in await rt.sessions.list_open(session, actor.user_id, now):
        if each.id != actor.session_id:
            await rt.sessions.end(session, each.id)
    return SeeOther("/company?done=signed_out_elsewhere")
