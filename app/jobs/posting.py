"""An employer writes a job down, and changes it while that is fair to those who were asked."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places, skills
from app.core.crypto import Keyring
from app.core.errors import Conflict, FieldError, Invalid
from app.core.geo import Point
from app.core.ids import new_id
from app.core.week import Slot
from app.database.session import keyring
from app.jobs import moderation, rules
from app.jobs.models import Job, JobSlot
from app.jobs.queries import get_own_job, slot_of
from app.jobs.rules import JobStatus

ADDRESS: Final = "street address"
"""What a street address is sealed as."""
MAX_SLOTS: Final = 50
MAX_SKILLS: Final = 30


class JobNotEditable(Conflict):
    """Its state, or what is to change, forbids it."""

    code = "job_not_editable"


@dataclass(frozen=True, slots=True)
class JobSalary:
    """What workers are told they earn: `amount` in minor units, `per` hour, day, week or month."""

    amount: int
    currency: str
    per: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobText:
    """All that an employer says about a job."""

    title: str
    description: str
    category: str
    location: Point
    starts_on: dt.date
    slots: tuple[Slot, ...]
    positions: int
    city: str | None = None
    address: str | None = None
    ends_on: dt.date | None = None
    """None is open-ended."""
    time_zone: str | None = None
    """None: that of the location."""
    required_skills: tuple[str, ...] = ()
    preferred_skills: tuple[str, ...] = ()
    min_experience_years: int = 0
    radius_km: float | None = None
    salary: JobSalary | None = None
    respond_within_minutes: int | None = None


async def create(session: AsyncSession, employer_id: UUID, text: JobText, now: dt.datetime) -> Job:
    """Write a draft down, its text reviewed. Raises `Invalid`, naming every field that is wrong."""
    text = _settled(text)
    check(text)
    job = Job(
        id=new_id(),
        employer_id=employer_id,
        status=JobStatus.DRAFT,
        accept_limit=0,
        accepted=0,
        unlocked=0,
        wave=0,
        created_at=now,
        updated_at=now,
    )
    _write(job, text, keyring(session))
    moderation.review(session, job, now)
    session.add(job)
    await session.flush()
    return job


async def edit(
    session: AsyncSession,
    employer_id: UUID,
    job_id: UUID,
    changes: Mapping[str, Any],
    now: dt.datetime,
) -> Job:
    """Change fields of `JobText` by name; what is left out keeps its value.

    A draft takes every change; a published job only what `rules.EDITABLE_WHEN_PUBLISHED` names (a
    field sent with the value it has is no change). What workers read is reviewed anew; a published job
    keeps its words rather than take some that would be held. Raises `JobNotFound`, `JobNotEditable`,
    `Invalid`, `moderation.JobPendingReview`.
    """
    job = await get_own_job(session, employer_id, job_id, lock=True)
    if job.status not in (JobStatus.DRAFT, JobStatus.PUBLISHED):
        raise JobNotEditable(f"This job is {job.status}; post a new one instead.")
    keys = keyring(session)
    before = text_of(job, keys)
    after = _settled(_merged(before, changes))
    changed = {f.name for f in fields(JobText) if getattr(before, f.name) != getattr(after, f.name)}
    if job.status == JobStatus.PUBLISHED and (fixed := changed - rules.EDITABLE_WHEN_PUBLISHED):
        raise JobNotEditable(
            f"After publishing, {', '.join(sorted(fixed))} can't change, because it decides who "
            "matches; cancel this job and post a new one."
        )
    check(after)
    if changed & moderation.REVIEWED:
        if job.status == JobStatus.PUBLISHED:
            await moderation.require_harmless(session, job, moderation.texts_of(after))
        _write(job, after, keys)
        moderation.review(session, job, now)
    if changed:
        _write(job, after, keys)
        job.updated_at = now
        await session.flush()
    return job


def _merged(before: JobText, changes: Mapping[str, Any]) -> JobText:
    """Return `before` with the changes; a job that moves takes the new place's time zone."""
    after = replace(before, **changes)
    if after.location != before.location and "time_zone" not in changes:
        after = replace(after, time_zone=None)
    if sorted(after.slots) == list(before.slots):
        after = replace(after, slots=before.slots)
    return after


def check(text: JobText) -> None:
    """Raise `Invalid`, naming every field that means nothing: dates, slots, category, skills."""
    found = rules.faults_of_schedule(text.slots, text.starts_on, text.ends_on)
    if text.category not in skills.CATEGORIES:
        found.append(FieldError("category", "There is no such category; see the catalogue."))
    for field in ("required_skills", "preferred_skills"):
        slugs: Sequence[str] = getattr(text, field)
        strangers = set(skills.unknown(slugs))
        found += [
            FieldError(f"{field}.{number}", "There is no such skill; see the catalogue.")
            for number, slug in enumerate(slugs)
            if slug in strangers
        ]
    if found:
        raise Invalid(found)


def text_of(job: Job, keys: Keyring) -> JobText:
    """Return what the employer said about a job."""
    salary = None
    if job.salary_amount is not None and job.salary_currency and job.salary_per:
        salary = JobSalary(job.salary_amount, job.salary_currency, job.salary_per)
    return JobText(
        title=job.title,
        description=job.description,
        category=job.category,
        location=Point(job.latitude, job.longitude),
        city=job.city,
        address=keys.reveal(job.address_sealed, ADDRESS, job.address),
        starts_on=job.starts_on,
        ends_on=job.ends_on,
        time_zone=job.time_zone,
        slots=tuple(sorted(slot_of(row) for row in job.slots)),
        positions=job.positions,
        required_skills=tuple(job.required_skills),
        preferred_skills=tuple(job.preferred_skills),
        min_experience_years=job.min_experience_years,
        radius_km=job.radius_km,
        salary=salary,
        respond_within_minutes=job.respond_within_minutes,
    )


def _settled(text: JobText) -> JobText:
    """Return `text` with what follows from it: each skill once, required before preferred; the zone."""
    required = tuple(dict.fromkeys(text.required_skills))
    preferred = (slug for slug in dict.fromkeys(text.preferred_skills) if slug not in required)
    return replace(
        text,
        required_skills=required,
        preferred_skills=tuple(preferred),
        time_zone=text.time_zone or _zone_at(text.location),
    )


def _zone_at(point: Point) -> str:
    return places.time_zone_at(point.latitude, point.longitude)


def _write(job: Job, text: JobText, keys: Keyring) -> None:
    job.title = text.title
    job.description = text.description
    job.category = text.category
    job.latitude = text.location.latitude
    job.longitude = text.location.longitude
    job.city = text.city
    job.address = None
    job.address_sealed = keys.seal(text.address, ADDRESS) if text.address is not None else None
    job.starts_on = text.starts_on
    job.ends_on = text.ends_on
    job.time_zone = text.time_zone or _zone_at(text.location)
    job.positions = text.positions
    job.required_skills = list(text.required_skills)
    job.preferred_skills = list(text.preferred_skills)
    job.min_experience_years = text.min_experience_years
    job.radius_km = text.radius_km
    job.salary_amount = text.salary.amount if text.salary else None
    job.salary_currency = text.salary.currency if text.salary else None
    job.salary_per = text.salary.per if text.salary else None
    job.respond_within_minutes = text.respond_within_minutes
    if sorted(text.slots) != sorted(slot_of(row) for row in job.slots):
        job.slots = [_slot_row(slot) for slot in sorted(text.slots)]


def _slot_row(slot: Slot) -> JobSlot:
    starts, ends = slot.times
    return JobSlot(weekday=slot.weekday, starts=starts, ends=ends)
