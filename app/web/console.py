"""Pages of administrators: who waits for a person, texts and companies to check, finding anything."""

from typing import Annotated, Final
from uuid import UUID

import segno
from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from app.api.admin import conversations, employers, jobs, search, stats
from app.api.admin.conversations import ReplyRequest
from app.api.admin.employers import EmployerAction
from app.api.admin.jobs import JobActionRequest
from app.api.admin.lists import ListRequest
from app.api.auth import second_factor
from app.api.auth.second_factor import BeginSecondFactor, ConfirmSecondFactor
from app.api.http.dependencies import Now, PageQuery, Read, Rt, Write, limited, writing
from app.api.http.parameters import ConversationId, EmployerId, JobId
from app.core.errors import DomainError
from app.core.paging import PageRequest
from app.core.schema import Page
from app.identity.actor import Actor
from app.identity.models import Role
from app.identity.permissions import Permission, may
from app.jobs.review import ReviewStatus
from app.web.forms import FormRefused, TypedForm, checked, describe_error
from app.web.routes import PageRoute
from app.web.site import SeeOther, page
from app.web.visitors import Console, Guest, SignInNeeded, Visitor

router = APIRouter(prefix="/console", route_class=PageRoute, include_in_schema=False)

REFUSALS: Final = (DomainError, ValidationError)
_LINES: Final = 50

StatsReader = Annotated[Actor, Depends(Console(Permission.READ_STATS))]
AnyAdministrator = Annotated[Actor, Depends(Console(Permission.BE_ADMIN))]
ConversationReader = Annotated[Actor, Depends(Console(Permission.READ_CONVERSATIONS))]
Converser = Annotated[Actor, Depends(Console(Permission.CONVERSE))]
JobReader = Annotated[Actor, Depends(Console(Permission.READ_JOBS))]
JobModerator = Annotated[Actor, Depends(Console(Permission.MODERATE_JOBS))]
PeopleReader = Annotated[Actor, Depends(Console(Permission.READ_PEOPLE))]
PeopleModerator = Annotated[Actor, Depends(Console(Permission.MODERATE_PEOPLE))]


@router.get("")
async def show_console(
    request: Request, visitor: Guest, actor: StatsReader, session: Read, now: Now
) -> Response:
    """Show what waits for somebody, and the figures."""
    figures = await stats.get_stats(session, actor, now)
    return page(request, visitor, "console/home.html", figures=figures)


# --- the second factor ----------------------------------------------------------------------------


async def _enrolling(visitor: Guest) -> Actor:
    if visitor.actor is None or visitor.role is not Role.ADMIN:
        raise SignInNeeded
    return visitor.actor


Enrolling = Annotated[Actor, Depends(_enrolling)]


@router.get("/second-factor")
async def show_second_factor(
    request: Request, visitor: Guest, actor: Enrolling, session: Read, rt: Rt
) -> Response:
    """Show whether the second factor is set up, and begin it."""
    known = await second_factor.get_second_factor(session, rt, actor)
    return page(request, visitor, "console/second_factor.html", known=known, form=TypedForm())


@router.post("/second-factor", dependencies=[limited("password")])
async def begin_second_factor(
    request: Request, visitor: Guest, actor: Enrolling, rt: Rt, now: Now
) -> Response:
    """Show a new secret, as a QR code and to be typed; it counts once a code of it is confirmed."""
    form = await TypedForm.read(request)
    try:
        password = form.values.get("current_password") or ""
        body = checked(BeginSecondFactor, {"current_password": password, "totp": form.get("totp")})
        begun = await second_factor.set_second_factor(body, actor, rt, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        async with rt.database.read() as session:
            known = await second_factor.get_second_factor(session, rt, actor)
        return page(
            request,
            visitor,
            "console/second_factor.html",
            status=said.status,
            known=known,
            form=said,
        )
    return _secret_page(request, visitor, TypedForm(), begun.secret, begun.otpauth_url)


def _secret_page(
    request: Request, visitor: Visitor, form: TypedForm, secret: str, url: str
) -> Response:
    qr = segno.make(url, error="m").svg_data_uri(scale=4) if url else ""
    return page(
        request,
        visitor,
        "console/second_factor_code.html",
        status=form.status,
        form=form,
        secret=secret,
        url=url,
        qr=qr,
    )


@router.post("/second-factor/confirm", dependencies=[limited("password")])
async def confirm_second_factor(
    request: Request, visitor: Guest, actor: Enrolling, rt: Rt, now: Now
) -> Response:
    """Take the secret as the second factor, and show the recovery codes once."""
    form = await TypedForm.read(request)
    try:
        body = checked(ConfirmSecondFactor, {"code": form.get("code") or ""})
        made = await second_factor.confirm_second_factor(body, actor, rt, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        secret, url = form.values.get("secret", ""), form.values.get("url", "")
        known = url if url.startswith("otpauth:") and len(url) < 500 else ""
        return _secret_page(request, visitor, said, secret[:100], known)
    return page(request, visitor, "console/recovery_codes.html", codes=made.recovery_codes)


# --- people who wait ------------------------------------------------------------------------------


def _request(session: Read, rt: Rt, now: Now, listed: PageRequest) -> ListRequest:
    return ListRequest(session, rt, now, listed, as_csv=False)


@router.get("/waiting")
async def show_waiting(
    request: Request,
    visitor: Guest,
    actor: ConversationReader,
    session: Read,
    rt: Rt,
    now: Now,
    listed: PageQuery,
) -> Response:
    """List who waits for a person: first who calls for help, then the longest waiting."""
    asked = _request(session, rt, now, listed)
    found = await conversations.list_conversations(asked, actor, True, None)
    return page(request, visitor, "console/waiting.html", people=_rows(found))


def _rows[Row](found: Page[Row] | Response) -> Page[Row]:
    if isinstance(found, Response):
        raise TypeError("a page was asked for, not a file")
    return found


@router.get("/waiting/{conversation_id}")
async def show_conversation(
    request: Request,
    visitor: Guest,
    actor: ConversationReader,
    session: Read,
    rt: Rt,
    now: Now,
    conversation_id: ConversationId,
) -> Response:
    """Show one conversation, to be taken, answered and handed back."""
    return await _conversation_page(
        request, visitor, actor, session, rt, now, conversation_id, TypedForm()
    )


async def _conversation_page(
    request: Request,
    visitor: Visitor,
    actor: Actor,
    session: Read,
    rt: Rt,
    now: Now,
    conversation_id: UUID,
    form: TypedForm,
) -> Response:
    person = await conversations.get_conversation(conversation_id, session, actor, now)
    said = await conversations.list_conversation_messages(
        conversation_id, session, actor, rt, PageRequest(_LINES)
    )
    return page(
        request,
        visitor,
        "console/conversation.html",
        status=form.status,
        person=person,
        lines=list(reversed(said.items)),
        form=form,
        mine=person.held_by == actor.user_id,
    )


@router.post("/waiting/{conversation_id}/{step}")
async def step_conversation(
    request: Request,
    visitor: Guest,
    actor: Converser,
    session: Write,
    rt: Rt,
    now: Now,
    conversation_id: ConversationId,
    step: str,
) -> Response:
    """Take a conversation, answer in it, or hand it back to the bot."""
    form = await TypedForm.read(request)
    try:
        match step:
            case "take":
                await conversations.take_conversation(conversation_id, session, actor, now)
            case "reply":
                body = checked(ReplyRequest, {"text": form.get("text") or ""})
                await conversations.reply_to_conversation(
                    conversation_id, body, session, actor, now, None
                )
            case "hand-back":
                await conversations.hand_back_conversation(conversation_id, session, actor, now)
                return SeeOther("/console/waiting?done=handed_back")
            case _:
                return SeeOther(f"/console/waiting/{conversation_id}")
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        raise FormRefused(
            await _conversation_page(
                request, visitor, actor, session, rt, now, conversation_id, said
            )
        ) from error
    return SeeOther(f"/console/waiting/{conversation_id}")


# --- texts and companies to check -----------------------------------------------------------------


@router.get("/review")
async def show_review(
    request: Request,
    visitor: Guest,
    actor: JobReader,
    session: Read,
    rt: Rt,
    now: Now,
    listed: PageQuery,
    review: str = "held",
) -> Response:
    """List the jobs whose text waits for a decision, and those that were only flagged."""
    wanted = ReviewStatus(review) if review in set(ReviewStatus) else ReviewStatus.HELD
    asked = _request(session, rt, now, listed)
    found = await jobs.list_jobs(asked, actor, None, None, wanted, None, None)
    return page(
        request,
        visitor,
        "console/review.html",
        jobs=_rows(found),
        chosen=wanted.value,
        statuses=list(ReviewStatus),
    )


@router.get("/jobs/{job_id}")
async def show_job(
    request: Request, visitor: Guest, actor: JobReader, session: Read, now: Now, job_id: JobId
) -> Response:
    """Show a job with the sentences that were marked, to be approved, declined or cancelled."""
    job = await jobs.get_job(job_id, session, actor, now)
    return page(
        request, visitor, "console/job.html", job=job, said="", may_act=_may_moderate_jobs(actor)
    )


def _may_moderate_jobs(actor: Actor) -> bool:
    return may(actor.role, Permission.MODERATE_JOBS, actor.admin_role)


@router.post("/jobs/{job_id}")
async def decide_job(
    request: Request, visitor: Guest, actor: JobModerator, session: Write, now: Now, job_id: JobId
) -> Response:
    """Approve or decline the text that was read, or cancel the job."""
    form = await TypedForm.read(request)
    try:
        body = checked(
            JobActionRequest,
            {
                "action": form.get("action") or "",
                "reason": form.get("reason"),
                "text_version": form.get("text_version"),
            },
        )
        await jobs.act_on_job(job_id, body, session, actor, now)
    except REFUSALS as error:
        errors, said, status = describe_error(error, visitor.language)
        job = await jobs.get_job(job_id, session, actor, now)
        raise FormRefused(
            page(
                request,
                visitor,
                "console/job.html",
                status=status,
                job=job,
                said=next(iter(errors.values()), said),
                may_act=True,
            )
        ) from error
    return SeeOther("/console/review?done=decided")


@router.get("/companies")
async def show_companies(
    request: Request,
    visitor: Guest,
    actor: PeopleReader,
    session: Read,
    rt: Rt,
    now: Now,
    listed: PageQuery,
    verified: str = "no",
) -> Response:
    """List companies, those to be checked first."""
    wanted = {"no": False, "yes": True}.get(verified)
    asked = _request(session, rt, now, listed)
    found = await employers.list_employers(asked, actor, verified=wanted)
    return page(request, visitor, "console/companies.html", companies=_rows(found), chosen=verified)


@router.get("/companies/{employer_id}")
async def show_company(
    request: Request,
    visitor: Guest,
    actor: PeopleReader,
    session: Read,
    rt: Rt,
    now: Now,
    employer_id: EmployerId,
) -> Response:
    """Show a company with what helps to check it; that it was looked at is logged."""
    found = await employers.get_employer(employer_id, session, actor, rt, now)
    may_act = may(actor.role, Permission.MODERATE_PEOPLE, actor.admin_role)
    return page(request, visitor, "console/company.html", company=found, said="", may_act=may_act)


@router.post("/companies/{employer_id}")
async def decide_company(
    request: Request,
    visitor: Guest,
    actor: PeopleModerator,
    rt: Rt,
    now: Now,
    employer_id: EmployerId,
) -> Response:
    """Verify, restrict, suspend, activate or sign out a company."""
    form = await TypedForm.read(request)
    try:
        body = checked(
            EmployerAction, {"action": form.get("action") or "", "reason": form.get("reason")}
        )
        async with writing(rt) as session:
            await employers.act_on_employer(employer_id, body, session, actor, rt, now)
    except REFUSALS as error:
        errors, said, status = describe_error(error, visitor.language)
        async with rt.database.read() as session:
            # That it is looked at is logged in a transaction of its own.
            found = await employers.get_employer(employer_id, session, actor, rt, now)
        return page(
            request,
            visitor,
            "console/company.html",
            status=status,
            company=found,
            said=next(iter(errors.values()), said),
            may_act=True,
        )
    return SeeOther(f"/console/companies/{employer_id}?done=decided")


@router.get("/find")
async def find_anything(
    request: Request,
    visitor: Guest,
    actor: AnyAdministrator,
    session: Read,
    rt: Rt,
    now: Now,
    q: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """Find people, companies, jobs, payments, invoices and messages by one box."""
    found = []
    if q.strip():
        found = (await search.search_everything(session, actor, rt, now, q)).items
    return page(request, visitor, "console/find.html", q=q, found=found)
