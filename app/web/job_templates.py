"""Templates of jobs on pages: kept from a job's page, listed, used, renamed, deleted."""

from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.employers import job_templates
from app.api.employers.job_templates import JobTemplateChanges, NewJobTemplate, TemplateId
from app.api.http.dependencies import Now, Read, Write
from app.api.http.parameters import JobId
from app.database.session import savepoint
from app.identity.actor import Actor
from app.web.forms import REFUSALS, FormRefused, TypedForm, checked, once
from app.web.jobs import job_page
from app.web.routes import PageRoute
from app.web.site import SeeOther, page
from app.web.visitors import Employer, Guest, Poster, Visitor

router = APIRouter(prefix="/jobs", route_class=PageRoute, include_in_schema=False)


@router.get("/templates")
async def show_templates(
    request: Request, visitor: Guest, actor: Employer, session: Read
) -> Response:
    """List my templates, by name."""
    return await _list_page(request, visitor, actor, session, TypedForm())


async def _list_page(
    request: Request,
    visitor: Visitor,
    actor: Actor,
    session: AsyncSession,
    form: TypedForm,
    at: UUID | None = None,
) -> Response:
    """Return the list; `form` is what was typed for the template `at`, where that was refused."""
    found = (await job_templates.list_templates(session, actor)).items
    return page(
        request,
        visitor,
        "employer/templates.html",
        status=form.status,
        templates=found,
        form=form,
        at=at,
    )


@router.post("/templates/{template_id}")
async def change_template(
    request: Request,
    visitor: Guest,
    actor: Poster,
    session: Write,
    template_id: TemplateId,
    now: Now,
) -> Response:
    """Rename or delete a template."""
    form = await TypedForm.read(request)
    try:
        async with savepoint(session):
            if form.get("do") == "delete":
                await job_templates.delete_template(session, actor, template_id)
                return SeeOther("/jobs/templates?done=template_deleted")
            body = checked(JobTemplateChanges, {"name": form.get("name") or ""})
            await job_templates.rename_template(session, actor, template_id, body, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        shown = await _list_page(request, visitor, actor, session, said, template_id)
        raise FormRefused(shown) from error
    return SeeOther("/jobs/templates?done=template_renamed")


@router.post("/{job_id}/template")
async def save_template(
    request: Request,
    visitor: Guest,
    actor: Poster,
    session: Write,
    job_id: JobId,
    now: Now,
) -> Response:
    """Keep a job as a template; a refusal is said on the job's page."""
    form = await TypedForm.read(request)
    await once(request, session, str(actor.user_id), form, now)
    try:
        body = checked(NewJobTemplate, {"name": form.get("name") or "", "job_id": job_id})
        async with savepoint(session):
            await job_templates.save_template(session, actor, body, now, None)
    except REFUSALS as error:
        typed = form.get("name")
        shown = await job_page(
            request, visitor, actor, session, job_id, now, error=error, template_name=typed
        )
        raise FormRefused(shown) from error
    return SeeOther("/jobs/templates?done=template_saved")
