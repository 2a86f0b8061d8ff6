"""An employer's jobs on pages: the list, the form, the job with its leads, live."""

import datetime as dt
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.employers import balance, job_templates, jobs, matches
from app.api.employers.jobs import JobAnswer, JobRepeat
from app.api.http import event_streams
from app.api.http.dependencies import Now, PageQuery, Read, Rt, Write, runtime_of
from app.api.http.event_streams import AccountStreamsFull, StreamsFull, mark_of
from app.api.http.parameters import JobId
from app.api.http.problems import RETRY_AFTER_SECONDS
from app.catalogue import places, skills
from app.core.errors import DomainError, NotFound
from app.core.paging import PageRequest
from app.database.session import savepoint
from app.identity.actor import Actor
from app.jobs.models import JobStatus
from app.jobs.queries import JobOrder
from app.offers.queries import MatchOrder
from app.offers.rules import OfferStatus
from app.policy import policy
from app.runtime import Runtime
from app.web import job_form
from app.web.bought import about_contacts
from app.web.forecast import forecast_panel
from app.web.forms import REFUSALS, FormRefused, TypedForm, checked, describe_error, once
from app.web.job_form import PlaceUnclear
from app.web.listing import Listing
from app.web.maps import draw_map
from app.web.routes import PageRoute
from app.web.site import SeeOther, fragment, has_words, page, words
from app.web.visitors import Employer, Guest, Poster, Visitor

router = APIRouter(prefix="/jobs", route_class=PageRoute, include_in_schema=False)

EARLIER_JOBS: Final = 20
"""From which a new one may be begun."""
MOST_LEADS: Final = 100
"""Shown on a job's page at once; a link leads to the next ones."""


@router.get("")
async def show_jobs(
    request: Request,
    visitor: Guest,
    actor: Employer,
    session: Read,
    listed: PageQuery,
    now: Now,
) -> Response:
    """List my jobs."""
    listing = Listing(request, JobOrder)
    only = listing.chosen("status", JobStatus)
    order = listing.chosen("sort", JobOrder) or JobOrder.NEWEST
    found = await jobs.list_jobs(session, actor, listed, now, only, listing.text, order)
    return page(
        request,
        visitor,
        "employer/jobs.html",
        jobs=found,
        chosen=only,
        statuses=list(JobStatus),
        listing=listing,
    )


# --- the form -------------------------------------------------------------------------------------


@router.get("/new")
async def show_new_job(
    request: Request,
    visitor: Guest,
    actor: Poster,
    session: Read,
    rt: Rt,
    now: Now,
    like: str = "",
) -> Response:
    """Ask what is needed; with `like`, it is filled in as in that job or `template:…` of mine, from tomorrow on."""
    form = job_form.empty(now, ZoneInfo(places.main_time_zone(rt.settings.default_country)))
    form = await _begun_like(session, actor, like, visitor.language, now, form)
    earlier = await jobs.list_jobs(session, actor, PageRequest(EARLIER_JOBS), now)
    panel = await forecast_panel(request, visitor, actor, session, rt, now, form)
    return await _form_page(
        request,
        visitor,
        session,
        form,
        panel=panel,
        earlier=earlier.items,
        templates=(await job_templates.list_templates(session, actor)).items,
        like=like,
    )


async def _begun_like(
    session: AsyncSession,
    actor: Actor,
    like: str,
    language: str,
    now: dt.datetime,
    fresh: TypedForm,
) -> TypedForm:
    """Return the form filled in like a job or template. Raises `NotFound` for what is not the employer's."""
    if not like:
        return fresh
    kind, _, name = like.rpartition(":")
    try:
        id_ = UUID(name)
    except ValueError:
        raise NotFound from None
    if kind == "template":
        template = await job_templates.get_template(session, actor, id_)
        return job_form.of_template(template, language, fresh)
    return job_form.like(await jobs.get_job(session, actor, id_, now), language, fresh)


@router.post("/new")
async def create_job(
    request: Request, visitor: Guest, actor: Poster, session: Write, rt: Rt, now: Now
) -> Response:
    """Keep the job as a draft, and publish it where that was pressed."""
    form = await TypedForm.read(request)
    if form.get("do") == "forecast":
        panel = await forecast_panel(request, visitor, actor, session, rt, now, form)
        return await _form_page(request, visitor, session, form, panel=panel)
    await once(request, session, str(actor.user_id), form, now)
    try:
        body = job_form.body_of(form, visitor.language, await _currency(session))
        made = await jobs.create_job(session, actor, body, now, None)
    except REFUSALS as error:
        raise FormRefused(await _refused(request, visitor, session, form, error)) from error
    if form.get("do") != "publish":
        return SeeOther(f"/jobs/{made.id}?done=draft_saved")
    return await _published(session, actor, rt, made.id, now)


async def _published(
    session: AsyncSession, actor: Actor, rt: Runtime, job_id: UUID, now: dt.datetime
) -> Response:
    """Publish a draft; a refusal leaves the draft, and its page says why."""
    refusal: DomainError | None = None
    try:
        async with savepoint(session):
            try:
                await jobs.publish_job(session, actor, job_id, rt, now, None)
            except DomainError as error:
                if not error.keeps_changes:
                    raise
                refusal = error
    except DomainError as error:
        refusal = error
    if refusal is not None:
        return SeeOther(f"/jobs/{job_id}?refused={refusal.reason}")
    return SeeOther(f"/jobs/{job_id}?done=published")


async def _currency(session: AsyncSession) -> str:
    return (await policy.current(session)).lead_prices.currency


async def _form_page(
    request: Request,
    visitor: Visitor,
    session: AsyncSession,
    form: TypedForm,
    *,
    job: JobAnswer | None = None,
    choices: Any = (),
    panel: str = "",
    earlier: Any = (),
    templates: Any = (),
    like: str = "",
) -> Response:
    known = sorted(skills.SKILLS.values(), key=lambda skill: skill.name(visitor.language))
    return page(
        request,
        visitor,
        "employer/job_form.html",
        status=form.status,
        asks_place=True,
        map=True,  # tiles of the map on which the place is picked
        form=form,
        job=job,
        seen=job_form.version_of(job) if job is not None else "",
        choices=choices,
        days=job_form.DAYS,
        per=job_form.PER,
        roles=[skill.name(visitor.language) for skill in known],
        more_skills=range(job_form.MORE_SKILLS),
        categories=[(c.slug, c.name(visitor.language)) for c in skills.CATEGORIES.values()],
        currency=await _currency(session),
        panel=panel,
        earlier=earlier,
        templates=templates,
        like=like,
    )


async def _refused(
    request: Request,
    visitor: Visitor,
    session: AsyncSession,
    form: TypedForm,
    error: Exception,
    job: JobAnswer | None = None,
) -> Response:
    said = job_form.refused(form, error, visitor.language)
    choices = error.choices if isinstance(error, PlaceUnclear) else ()
    return await _form_page(request, visitor, session, said, job=job, choices=choices)


@router.get("/{job_id}/edit")
async def show_edit(
    request: Request,
    visitor: Guest,
    actor: Poster,
    session: Read,
    rt: Rt,
    job_id: JobId,
    now: Now,
) -> Response:
    """Show a job to be changed: a draft entirely, a published one in part."""
    job = await jobs.get_job(session, actor, job_id, now)
    form = job_form.typed_of(job, visitor.language)
    panel = ""
    if job.status is JobStatus.DRAFT:
        panel = await forecast_panel(request, visitor, actor, session, rt, now, form)
    return await _form_page(request, visitor, session, form, job=job, panel=panel)


@router.post("/{job_id}/edit")
async def edit_job(
    request: Request,
    visitor: Guest,
    actor: Poster,
    session: Write,
    rt: Rt,
    job_id: JobId,
    now: Now,
) -> Response:
    """Change a job."""
    form = await TypedForm.read(request)
    job = await jobs.get_job(session, actor, job_id, now)
    if form.get("seen") not in {None, job_form.version_of(job)}:
        said = job_form.overtaken(form, job, visitor.language)
        raise FormRefused(await _form_page(request, visitor, session, said, job=job))
    if form.get("do") == "forecast" and job.status is JobStatus.DRAFT:
        panel = await forecast_panel(request, visitor, actor, session, rt, now, form)
        return await _form_page(request, visitor, session, form, job=job, panel=panel)
    try:
        currency = await _currency(session)
        whole = job.status is JobStatus.DRAFT
        read = job_form.changes_of if whole else job_form.limited_changes_of
        changed = read(form, visitor.language, currency)
        made = await jobs.update_job(session, actor, job_id, changed, now)
    except REFUSALS as error:
        raise FormRefused(await _refused(request, visitor, session, form, error, job)) from error
    if form.get("do") == "publish" and made.status is JobStatus.DRAFT:
        return await _published(session, actor, rt, made.id, now)
    return SeeOther(f"/jobs/{job_id}?done=job_changed")


# --- one job --------------------------------------------------------------------------------------


@router.get("/{job_id}")
async def show_job(
    request: Request,
    visitor: Guest,
    actor: Employer,
    session: Read,
    job_id: JobId,
    now: Now,
    refused: str = "",
    cursor: str | None = None,
) -> Response:
    """Show a job with its progress, its leads and the contacts that were bought, from `cursor` on."""
    key = f"error.{refused[:60]}"
    said = words(visitor.language, key) if has_words(visitor.language, key) else ""
    order = Listing(request).chosen("sort", MatchOrder) or MatchOrder.SCORE
    return await job_page(
        request, visitor, actor, session, job_id, now, said=said, cursor=cursor, order=order
    )


async def job_page(
    request: Request,
    visitor: Visitor,
    actor: Actor,
    session: AsyncSession,
    job_id: UUID,
    now: dt.datetime,
    *,
    said: str = "",
    error: Exception | None = None,
    cursor: str | None = None,
    order: MatchOrder = MatchOrder.SCORE,
    template_name: str | None = None,
) -> Response:
    """Return the page of a job. Raises `JobNotFound`.

    `error` is one of `REFUSALS`, told on it with its status; `said` is told on it with 200; `template_name` is what was
    typed for a template.
    """
    status = 200
    if error is not None:
        errors, said, status = describe_error(error, visitor.language)
        said = next(iter(errors.values()), said)
    shown = await _shown(session, actor, job_id, now, cursor, order)
    live = fragment(request, visitor, "employer/job_live.html", **shown)
    return page(
        request,
        visitor,
        "employer/job.html",
        status=status,
        leads_away=True,
        said=said,
        live=Markup(live),  # noqa: S704 - made of a template of ours
        seen=mark_of(live),
        cursor=cursor,
        template_name=template_name,
        sandbox=runtime_of(request).settings.simulates_whatsapp,
        changes=shown["job"].status in {JobStatus.PUBLISHED, JobStatus.FILLED},
        map=draw_map(
            shown["job"].location, visitor.language, runtime_of(request).settings.map_tile_url
        ),
        **shown,
    )


async def _shown(
    session: AsyncSession,
    actor: Actor,
    job_id: UUID,
    now: dt.datetime,
    cursor: str | None,
    order: MatchOrder,
) -> dict[str, Any]:
    job = await jobs.get_job(session, actor, job_id, now)
    listed = PageRequest(MOST_LEADS, cursor)
    accepted = await matches.list_in_order(
        session, actor, job_id, listed, now, OfferStatus.ACCEPTED, order
    )
    leads = [match for match in accepted.items if not match.unlocked]
    bought = [match for match in accepted.items if match.unlocked]
    there = (await balance.get_balance(session, actor)).balance if leads else None
    return {
        "job": job,
        "leads": leads,
        "bought": bought,
        "next_cursor": accepted.next_cursor,
        "order": order,
        "orders": list(MatchOrder),
        "balance": there,
    } | await about_contacts(session, actor, job, bought, now)


@router.get("/{job_id}/events")
async def stream_job(
    request: Request,
    visitor: Guest,
    actor: Employer,
    rt: Rt,
    job_id: JobId,
    seen: str = "",
    cursor: str | None = None,
) -> Response:
    """Send the live part of a job's page whenever it differs from what was `seen`, as server-sent events."""
    order = Listing(request).chosen("sort", MatchOrder) or MatchOrder.SCORE

    async def look(session: AsyncSession) -> str:
        shown = await _shown(session, actor, job_id, rt.clock(), cursor, order)
        return fragment(request, visitor, "employer/job_live.html", **shown)

    async with rt.database.read() as session:
        await _shown(session, actor, job_id, rt.clock(), cursor, order)
    try:
        event_streams.require_room(actor)
    except (StreamsFull, AccountStreamsFull):
        # An error, so that the script waits longer and longer; what the page shows stays.
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "HX-Reswap": "none"}
        return Response(status_code=503, headers=headers)
    last = request.headers.get("last-event-id", seen)
    return event_streams.stream(rt, actor, look, seen=last)


@router.post("/{job_id}/publish")
async def publish_job(actor: Poster, session: Write, rt: Rt, job_id: JobId, now: Now) -> Response:
    """Publish a draft."""
    job = await jobs.get_job(session, actor, job_id, now)
    if job.status is not JobStatus.DRAFT:
        return SeeOther(f"/jobs/{job_id}")  # the second press
    return await _published(session, actor, rt, job_id, now)


@router.post("/{job_id}/cancel")
async def cancel_job(
    request: Request,
    visitor: Guest,
    actor: Poster,
    session: Write,
    job_id: JobId,
    now: Now,
) -> Response:
    """Cancel a job; the workers who were asked are told."""
    try:
        await jobs.cancel_job(session, actor, job_id, now)
    except DomainError as error:
        return await job_page(request, visitor, actor, session, job_id, now, error=error)
    return SeeOther(f"/jobs/{job_id}?done=job_cancelled")


@router.post("/{job_id}/close")
async def close_job(
    request: Request,
    visitor: Guest,
    actor: Poster,
    session: Write,
    job_id: JobId,
    now: Now,
) -> Response:
    """Close a job: nobody more is asked, and who said yes stays."""
    try:
        await jobs.close_job(session, actor, job_id, now)
    except DomainError as error:
        return await job_page(request, visitor, actor, session, job_id, now, error=error)
    return SeeOther(f"/jobs/{job_id}?done=job_closed")


@router.post("/{job_id}/repeat")
async def repeat_job(
    request: Request,
    visitor: Guest,
    actor: Poster,
    session: Write,
    job_id: JobId,
    now: Now,
) -> Response:
    """Write a draft like this job, with new dates."""
    form = await TypedForm.read(request)
    await once(request, session, str(actor.user_id), form, now)
    try:
        body = checked(JobRepeat, {"starts_on": form.get("starts_on")})
        made = await jobs.repeat_job(session, actor, job_id, body, now, None)
    except REFUSALS as error:
        shown = await job_page(request, visitor, actor, session, job_id, now, error=error)
        raise FormRefused(shown) from error
    return SeeOther(f"/jobs/{made.id}?done=job_repeated")
