"""Templates of jobs: what an employer posts again and again, kept by a name.

A template is a copy of a job's text at one moment, sealed; its dates only tell how long the job is. It changes with
nothing but its name.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.database.session import keyring, savepoint
from app.database.statements import insert_if_absent
from app.jobs import posting
from app.jobs.job_text import JobText
from app.jobs.models import Job, JobTemplate
from app.jobs.queries import get_own_job

MOST_TEMPLATES: Final = 50
"""Of one employer; a longer list is found again by nobody."""
_CONTEXT: Final = "job template"
_TEXT: Final = TypeAdapter(JobText)


class TemplateNotFound(NotFound):
    """There is no such template for whoever asks."""

    code = "template_not_found"
    detail = "There is no such template, or it is not yours."


class TemplateNameTaken(Conflict):
    """Another template of the employer has this name."""

    code = "template_name_taken"
    detail = "There is a template with this name already; choose another, or delete that one."


class TooManyTemplates(Conflict):
    """The employer has as many as one can have."""

    code = "too_many_templates"
    detail = f"There are {MOST_TEMPLATES} templates already; delete one first."


async def list_templates(session: AsyncSession, employer_id: UUID) -> Sequence[JobTemplate]:
    """Return all of an employer's templates, by name."""
    query = select(JobTemplate).where(JobTemplate.employer_id == employer_id)
    return (await session.scalars(query.order_by(JobTemplate.name, JobTemplate.id))).all()


async def get_template(session: AsyncSession, employer_id: UUID, template_id: UUID) -> JobTemplate:
    """Return one of an employer's templates. Raises `TemplateNotFound`."""
    query = select(JobTemplate).where(
        JobTemplate.id == template_id, JobTemplate.employer_id == employer_id
    )
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise TemplateNotFound
    return found


async def save_job(
    session: AsyncSession, employer_id: UUID, job_id: UUID, name: str, now: dt.datetime
) -> JobTemplate:
    """Keep one of the employer's jobs, of whatever status, as a template.

    Raises `JobNotFound`, `TemplateNameTaken` and `TooManyTemplates`.
    """
    job = await get_own_job(session, employer_id, job_id)
    count = select(func.count()).where(JobTemplate.employer_id == employer_id)
    if (await session.scalar(count) or 0) >= MOST_TEMPLATES:
        raise TooManyTemplates
    keys = keyring(session)
    text = _TEXT.dump_json(posting.text_of(job, keys)).decode()
    template_id = new_id()
    row = {
        "id": template_id,
        "employer_id": employer_id,
        "name": name,
        "text_sealed": keys.seal(text, _CONTEXT),
        "created_at": now,
        "updated_at": now,
    }
    # The index decides between two who save at once under one name.
    if not await insert_if_absent(session, JobTemplate, row):
        raise TemplateNameTaken
    return await get_template(session, employer_id, template_id)


async def rename(
    session: AsyncSession, employer_id: UUID, template_id: UUID, name: str, now: dt.datetime
) -> JobTemplate:
    """Give a template another name. Raises `TemplateNotFound` and `TemplateNameTaken`."""
    found = await get_template(session, employer_id, template_id)
    if found.name != name:
        try:
            async with savepoint(session):
                found.name, found.updated_at = name, now
                await session.flush()
        except IntegrityError as error:
            raise TemplateNameTaken from error
    return found


async def delete_template(session: AsyncSession, employer_id: UUID, template_id: UUID) -> None:
    """Remove a template; jobs made of it stay. Raises `TemplateNotFound`."""
    await session.delete(await get_template(session, employer_id, template_id))
    await session.flush()


async def use_template(
    session: AsyncSession,
    employer_id: UUID,
    template_id: UUID,
    *,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    positions: int | None = None,
    posted_by: UUID | None = None,
    now: dt.datetime,
) -> Job:
    """Write a draft as the template says, with new dates; see `posting.write_again`.

    Raises `TemplateNotFound`, or `Invalid` for a shift that never falls on the new dates.
    """
    template = await get_template(session, employer_id, template_id)
    return await posting.write_again(
        session,
        employer_id,
        text_of(template, keyring(session)),
        starts_on=starts_on,
        ends_on=ends_on,
        positions=positions,
        posted_by=posted_by,
        now=now,
    )


def text_of(template: JobTemplate, keys: Keyring) -> JobText:
    """Return the job's text that a template keeps."""
    return _TEXT.validate_json(keys.open(template.text_sealed, _CONTEXT))
