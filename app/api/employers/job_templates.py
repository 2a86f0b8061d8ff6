"""An employer's templates of jobs: `/api/employers/job-templates`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, status
from pydantic import Field

from app import audit
from app.api.employers.jobs import JobAnswer, JobRepeat, ToldJob, job_answers
from app.api.employers.profile import location_answer
from app.api.http.dependencies import EmployerActor, JobPoster, Now, Once, Read, Route, Write
from app.api.http.problems import problems
from app.api.slots import SlotAnswer
from app.core.crypto import Keyring
from app.core.schema import Instant, Name, RequestModel, ResponseModel
from app.database.session import keyring
from app.identity.actor import AccountRestricted
from app.jobs import templates
from app.jobs.models import JobTemplate
from app.jobs.queries import JobNotFound
from app.jobs.templates import TemplateNameTaken, TemplateNotFound, TooManyTemplates

router = APIRouter(prefix="/api/employers/job-templates", tags=["employers"], route_class=Route)

TemplateId = Annotated[UUID, Path(description="Id of the template (UUIDv7).")]


class NewJobTemplate(RequestModel):
    """A job of mine, and the name to keep it by."""

    name: Name = Field(
        examples=["Brunch waiters"], description="Name of the template, one line; mine differ."
    )
    job_id: UUID = Field(description="Id of a job of mine, of whatever status.")


class JobTemplateChanges(RequestModel):
    """What to change of a template."""

    name: Name = Field(examples=["Sunday waiters"], description="New name, one line.")


class JobTemplateAnswer(ToldJob):
    """A job's text kept by a name, as it was when it was saved."""

    id: UUID = Field(description="Id of the template.")
    name: str = Field(description="Name of the template.")
    days: int | None = Field(
        description="How many days the job is long, from first to last; null is open-ended."
    )
    created_at: Instant = Field(description="When it was saved (UTC).")
    updated_at: Instant = Field(description="When it got its name (UTC).")


class JobTemplateList(ResponseModel):
    """All of them."""

    items: list[JobTemplateAnswer] = Field(description="Templates, by name.")


def template_answer(template: JobTemplate, keys: Keyring) -> JobTemplateAnswer:
    """Return the answer for a template."""
    text = templates.text_of(template, keys)
    long = None if text.ends_on is None else (text.ends_on - text.starts_on).days + 1
    return JobTemplateAnswer.from_rows(
        text,
        template,
        location=location_answer(text.location.latitude, text.location.longitude),
        slots=[SlotAnswer.of(slot.weekday, *slot.times) for slot in text.slots],
        days=long,
    )


@router.get("")
async def list_templates(session: Read, actor: EmployerActor) -> JobTemplateList:
    """List my templates, by name; there are at most 50."""
    keys = keyring(session)
    found = await templates.list_templates(session, actor.employer_id)
    return JobTemplateList(items=[template_answer(each, keys) for each in found])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=problems(JobNotFound, TemplateNameTaken, TooManyTemplates),
)
async def save_template(
    session: Write, actor: JobPoster, body: NewJobTemplate, now: Now, _: Once
) -> JobTemplateAnswer:
    """Keep a job of mine as a template, as it is now; the job may change or end, the template stays."""
    made = await templates.save_job(session, actor.employer_id, body.job_id, body.name, now)
    return template_answer(made, keyring(session))


@router.get("/{template_id}", responses=problems(TemplateNotFound))
async def get_template(
    session: Read, actor: EmployerActor, template_id: TemplateId
) -> JobTemplateAnswer:
    """Get one of my templates."""
    found = await templates.get_template(session, actor.employer_id, template_id)
    return template_answer(found, keyring(session))


@router.put("/{template_id}", responses=problems(TemplateNotFound, TemplateNameTaken))
async def rename_template(
    session: Write, actor: JobPoster, template_id: TemplateId, body: JobTemplateChanges, now: Now
) -> JobTemplateAnswer:
    """Give a template another name."""
    found = await templates.rename(session, actor.employer_id, template_id, body.name, now)
    return template_answer(found, keyring(session))


@router.delete(
    "/{template_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(TemplateNotFound),
)
async def delete_template(session: Write, actor: JobPoster, template_id: TemplateId) -> None:
    """Remove a template; jobs made of it stay as they are."""
    await templates.delete_template(session, actor.employer_id, template_id)


@router.post(
    "/{template_id}/jobs",
    status_code=status.HTTP_201_CREATED,
    responses=problems(TemplateNotFound, AccountRestricted),
)
async def use_template(
    session: Write, actor: JobPoster, template_id: TemplateId, body: JobRepeat, now: Now, _: Once
) -> JobAnswer:
    """Write a draft as the template says, with new dates; they move as those of a repeated job do."""
    job = await templates.use_template(
        session,
        actor.employer_id,
        template_id,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        positions=body.positions,
        posted_by=actor.member_id,
        now=now,
    )
    audit.record(session, "job.create", job.id, actor, now, after={"template": str(template_id)})
    return (await job_answers(session, actor, [job], now))[0]
