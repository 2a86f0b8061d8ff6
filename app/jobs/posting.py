"""An employer writes a job down, and changes it while that is fair to those who were asked."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.errors import Conflict
from app.core.geo import Point
from app.core.ids import new_id
from app.core.week import Slot
from app.database.session import keyring
from app.jobs import lifecycle, moderation, rules
from app.jobs.job_text import JobSalary, JobText
from app.jobs.models import Job, JobSlot
from app.jobs.queries import get_own_job, slot_of
from app.jobs.rules import JobStatus

ADDRESS: Final = "street address"
"""What a street address is sealed as."""
_STORED_OTHERWISE: Final = frozenset({"location", "address", "slots", "salary"})
_COLUMNS: Final = tuple(f.name for f in fields(JobText) if f.name not in _STORED_OTHERWISE)
"""Fields of `JobText` whose column has their name and value; a column's list is the field's tuple."""


class JobNotEditable(Conflict):
    """Its state, or what is to change, forbids it."""

    code = "job_not_editable"


async def create(
    session: AsyncSession,
    employer_id: UUID,
    text: JobText,
    now: dt.datetime,
    *,
    posted_by: UUID | None = None,
) -> Job:
    """Write a draft down, its text reviewed. Raises `Invalid`, naming every field that is wrong.

    `posted_by` is a member of the company's team (`Actor.member_id`), None for who opened it.
    """
    text = text.normalized()
    text.check()
    job = Job(
        id=new_id(),
        employer_id=employer_id,
        posted_by=posted_by,
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

    A draft takes every change; a published job only what `rules.EDITABLE_WHEN_PUBLISHED` names, and more
    positions, which a filled job takes too (a field sent with the value it has is no change). Changed texts
    are reviewed again; a published job keeps its text if the new one would have to wait for an administrator.
    Raises `JobNotFound`, `JobNotEditable`, `Invalid`, `moderation.JobPendingReview`.
    """
    job = await get_own_job(session, employer_id, job_id, lock=True)
    keys = keyring(session)
    before = text_of(job, keys)
    after = _merged(before, changes).normalized()
    changed = {f.name for f in fields(JobText) if getattr(before, f.name) != getattr(after, f.name)}
    _require_editable(job, before, after, changed)
    after.check()
    if changed & moderation.REVIEWED:
        if job.status == JobStatus.PUBLISHED:
            await moderation.require_harmless(session, job, moderation.texts_of(after))
        _write(job, after, keys)
        moderation.review(session, job, now)
    if changed:
        if job.status != JobStatus.DRAFT and "positions" in changed:
            await lifecycle.add_positions(session, job, after.positions, now)
        _write(job, after, keys)
        job.updated_at = now
        await session.flush()
    return job


def _require_editable(job: Job, before: JobText, after: JobText, changed: set[str]) -> None:
    """Raise `JobNotEditable` unless the job's status allows these changes."""
    if job.status == JobStatus.DRAFT:
        return
    more = after.positions > before.positions
    if job.status == JobStatus.FILLED and changed == {"positions"} and more:
        return
    if job.status != JobStatus.PUBLISHED:
        raise JobNotEditable(f"This job is {job.status}; post a new one instead.")
    if fixed := changed - rules.EDITABLE_WHEN_PUBLISHED - {"positions"}:
        raise JobNotEditable(
            f"After publishing, {', '.join(sorted(fixed))} can't change, because it decides who "
            "matches. Post another job with the change, and close this one if it is to ask nobody more."
        )
    if "positions" in changed and not more:
        raise JobNotEditable(
            "After publishing, positions can only be added: people have accepted for those there are. "
            "Close this job if it is to ask nobody more."
        )
    was, becomes = _pay_terms(before), _pay_terms(after)
    if not rules.pay_may_become(was, becomes, asked=job.wave > 0):
        raise JobNotEditable(
            "People were asked at this pay: it can only rise, in the same unit. Repeat the job with the "
            "new pay, or cancel it."
        )


def _pay_terms(text: JobText) -> rules.PayTerms | None:
    pay = text.salary
    return None if pay is None else rules.PayTerms(pay.amount, pay.currency, pay.per)


async def repeat(
    session: AsyncSession,
    employer_id: UUID,
    job_id: UUID,
    *,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    positions: int | None = None,
    changes: Mapping[str, Any] | None = None,
    posted_by: UUID | None = None,
    now: dt.datetime,
) -> Job:
    """Write a draft like one of the employer's jobs, of whatever status, with new dates.

    Without `ends_on` it is as long as that one. `changes` are other fields of `JobText` by name. Raises
    `JobNotFound`, or `Invalid` for a shift that never falls on the new dates.
    """
    job = await get_own_job(session, employer_id, job_id)
    return await write_again(
        session,
        employer_id,
        text_of(job, keyring(session)),
        starts_on=starts_on,
        ends_on=ends_on,
        positions=positions,
        changes=changes,
        posted_by=posted_by,
        now=now,
    )


async def write_again(
    session: AsyncSession,
    employer_id: UUID,
    text: JobText,
    *,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    positions: int | None = None,
    changes: Mapping[str, Any] | None = None,
    posted_by: UUID | None = None,
    now: dt.datetime,
) -> Job:
    """Write a draft with this text and new dates, as `repeat` does. Raises `Invalid`."""
    more = dict(changes or {})
    if positions is not None:
        more["positions"] = positions
    moved = rules.moved_schedule(text.slots, text.starts_on, text.ends_on, starts_on, ends_on)
    fields_of_time = {"starts_on": starts_on, "ends_on": moved.ends_on, "slots": moved.slots}
    like_it = replace(text, **fields_of_time | more)
    return await create(session, employer_id, like_it, now, posted_by=posted_by)


def _merged(before: JobText, changes: Mapping[str, Any]) -> JobText:
    """Return `before` with the changes; a job that moves takes the new place's time zone."""
    after = replace(before, **changes)
    if after.location != before.location and "time_zone" not in changes:
        after = replace(after, time_zone=None)
    if sorted(after.slots) == list(before.slots):
        after = replace(after, slots=before.slots)
    return after


def text_of(job: Job, keys: Keyring) -> JobText:
    """Return what the employer said about a job."""
    values: dict[str, Any] = {}
    for name in _COLUMNS:
        value = getattr(job, name)
        values[name] = tuple(value) if isinstance(value, list) else value
    salary = None
    if job.salary_amount is not None and job.salary_currency and job.salary_per:
        salary = JobSalary(job.salary_amount, job.salary_currency, job.salary_per)
    return JobText(
        **values,
        location=Point(job.latitude, job.longitude),
        address=keys.reveal(job.address_sealed, ADDRESS, job.address),
        slots=tuple(sorted(slot_of(row) for row in job.slots)),
        salary=salary,
    )


def _write(job: Job, text: JobText, keys: Keyring) -> None:
    """Write a normalized text into the job's columns."""
    for name in _COLUMNS:
        value = getattr(text, name)
        setattr(job, name, list(value) if isinstance(value, tuple) else value)
    job.latitude, job.longitude = text.location.latitude, text.location.longitude
    job.address = None
    job.address_sealed = keys.seal(text.address, ADDRESS) if text.address is not None else None
    job.salary_amount = text.salary.amount if text.salary else None
    job.salary_currency = text.salary.currency if text.salary else None
    job.salary_per = text.salary.per if text.salary else None
    if sorted(text.slots) != sorted(slot_of(row) for row in job.slots):
        job.slots = [_slot_row(slot) for slot in sorted(text.slots)]


def _slot_row(slot: Slot) -> JobSlot:
    starts, ends = slot.times
    return JobSlot(weekday=slot.weekday, starts=starts, ends=ends)
