"""An employer's jobs: `/api/employers/jobs`."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.api.employers.profile import location_answer
from app.api.employers.salaries import Salary, SalaryAnswer
from app.api.http.dependencies import (
    EmployerActor,
    JobPoster,
    Now,
    Once,
    PageQuery,
    Read,
    Route,
    Rt,
    Write,
)
from app.api.http.parameters import InStatus, JobId, ListedText
from app.api.http.problems import problems
from app.api.slots import SlotAnswer, WeeklySlot
from app.core.crypto import Keyring
from app.core.languages import DEFAULT_LANGUAGE
from app.core.schema import (
    Day,
    Instant,
    Line,
    Location,
    LongProse,
    Name,
    Page,
    RequestModel,
    ResponseModel,
    Slug,
    Title,
    Years,
    changeable,
    sent,
    whole,
)
from app.core.zones import TimeZone
from app.database.session import keyring
from app.identity.actor import AccountRestricted, Actor
from app.jobs import moderation, posting, queries
from app.jobs.job_text import MAX_SKILLS, MAX_SLOTS, JobSalary, JobText, Widenable
from app.jobs.matchable import JobNotMatchable
from app.jobs.models import Job, JobStatus
from app.jobs.moderation import JobDeclined, JobPendingReview
from app.jobs.posting import JobNotEditable
from app.jobs.publish_limits import PublishedTooOften
from app.jobs.queries import JobNotFound, JobOrder
from app.jobs.review import ReviewStatus, version_of
from app.jobs.rules import (
    JobAction,
    JobCancelled,
    JobClosed,
    JobExpired,
    JobFilled,
    JobNotDraft,
    JobNotPublished,
    JobOver,
)
from app.matching.publish import publish
from app.offers import closing
from app.offers.progress import counts_of
from app.offers.rules import OfferStatus

router = APIRouter(prefix="/api/employers/jobs", tags=["employers"], route_class=Route)

LONGEST_ANSWER_MINUTES = 10_080
MOST_POSITIONS = 500

Minutes = Annotated[int, whole(1, LONGEST_ANSWER_MINUTES)]
Positions = Annotated[int, whole(1, MOST_POSITIONS)]
Radius = Annotated[float, Field(strict=True, ge=0.5, le=500, allow_inf_nan=False)]
"""Kilometres; a smaller circle would only tell who lives at an address."""
Slots = Annotated[list[WeeklySlot], Field(min_length=1, max_length=MAX_SLOTS)]
MayWiden = Annotated[list[Widenable], Field(max_length=len(Widenable))]
Skills = Annotated[list[Slug], Field(max_length=MAX_SKILLS)]


class NewJob(RequestModel):
    """A vacancy, first kept as a draft."""

    title: Title = Field(
        examples=["Waiter for Saturday brunch"],
        description="Title, one line of 3 to 120 characters.",
    )
    description: LongProse = Field(
        description="What there is to do, 1 to 4,000 characters.",
        examples=["Serve tables at brunch; a meal is included."],
    )
    category: Slug = Field(
        examples=["hospitality"], description="Slug of the kind of work, as the catalogue has it."
    )
    location: Location = Field(description="Where the work is (WGS 84, degrees).")
    city: Name | None = Field(default=None, description="City of the job.", examples=["Mumbai"])
    address: Line | None = Field(default=None, description="Not shown to workers with an offer.")
    starts_on: Day = Field(examples=["2026-12-05"], description="First day, a local date.")
    ends_on: Day | None = Field(
        default=None, description="Left out: open-ended. A one-day shift ends on starts_on."
    )
    time_zone: TimeZone | None = Field(
        default=None, description="Left out: that of the location.", examples=["Asia/Kolkata"]
    )
    slots: Slots = Field(description="Weekly hours, by the clock of the job's time zone.")
    positions: Positions = Field(description="How many people are wanted, 1 to 500.", examples=[2])
    required_skills: Skills = Field(
        default_factory=list,
        description="Slugs of skills without which nobody is asked.",
        examples=[["waiter"]],
    )
    preferred_skills: Skills = Field(
        default_factory=list, description="Slugs of skills that raise a worker's score."
    )
    min_experience_years: Years = Field(
        default=0, description="Least experience in whole years, 0 to 60."
    )
    radius_km: Radius | None = Field(
        default=None, description="Left out: only the worker's own travel limits the distance."
    )
    salary: Salary | None = Field(default=None, description="What the worker earns.")
    respond_within_minutes: Minutes | None = Field(
        default=None, description="Left out: the usual time to answer an offer."
    )
    may_widen: MayWiden = Field(
        default_factory=list,
        description="What may be asked for less strictly in the last ten waking hours before the last shift, if too "
        "few said yes: people up to twice as far away as radius_km, or with fewer years than min_experience_years.",
        examples=[["radius_km"]],
    )


class JobChanges(RequestModel):
    """What to change; a field left out keeps its value, null empties it where it can be empty."""

    title: Title = changeable(
        "Title, one line of 3 to 120 characters.", examples=["Waiter for Sunday brunch"]
    )
    description: LongProse = changeable(
        "What there is to do, 1 to 4,000 characters.",
        examples=["Serve tables at brunch; a meal is included."],
    )
    category: Slug = changeable("Slug of the kind of work, as the catalogue has it.")
    location: Location = changeable("Where the work is (WGS 84, degrees).")
    city: Name | None = changeable("City of the job; null empties it.")
    address: Line | None = changeable("Street address, up to 200 characters; null empties it.")
    starts_on: Day = changeable("First day, a local date.")
    ends_on: Day | None = changeable(
        "Last day, a local date, included; null makes the job open-ended."
    )
    time_zone: TimeZone | None = changeable(
        "IANA name of the time zone; null: that of the location."
    )
    slots: Slots = changeable("Weekly hours, by the clock of the job's time zone.")
    positions: Positions = changeable("How many people are wanted, 1 to 500.")
    required_skills: Skills = changeable("Slugs of skills without which nobody is asked.")
    preferred_skills: Skills = changeable("Slugs of skills that raise a worker's score.")
    min_experience_years: Years = changeable("Least experience in whole years, 0 to 60.")
    radius_km: Radius | None = changeable(
        "Largest distance of a worker, in kilometres; null: only the worker's own travel limits it."
    )
    salary: Salary | None = changeable("What the worker earns; null empties it.")
    respond_within_minutes: Minutes | None = changeable(
        "Minutes a worker has to answer, 1 to 10,080; null: the usual."
    )
    may_widen: MayWiden = changeable(
        "What may be asked for less strictly near the deadline, if too few said yes."
    )


class JobRepeat(RequestModel):
    """When the job is to be done again, and for how many."""

    starts_on: Day = Field(examples=["2026-12-12"], description="First day, a local date.")
    ends_on: Day | None = Field(
        default=None, description="Last day, included. Left out: as long as the first time."
    )
    positions: Positions | None = Field(
        default=None,
        description="How many people are wanted, 1 to 500. Left out: as many as before.",
    )


class Progress(ResponseModel):
    """How far the job's offers are."""

    wave: int = Field(description="How many times people were asked.")
    offered: int = Field(description="Offers that wait for an answer now.")
    accepted: int = Field(description="Acceptances that stand, unlocked ones among them.")
    rejected: int = Field(description="Offers that workers rejected.")
    expired: int = Field(description="Offers that nobody answered in time.")
    unlocked: int = Field(description="Contacts bought.")


class ReviewReason(ResponseModel):
    """One sentence that was found, and why."""

    code: str = Field(examples=["fee"], description="What was found, one word.")
    text: str = Field(description="In the reader's language.")
    field: str = Field(
        examples=["description"], description="Field of the job in which it was found."
    )
    sentence: str = Field(description="The sentence itself.")
    holds: bool = Field(description="Whether the job waits for it; else it is only a hint.")


class Review(ResponseModel):
    """What the review says of the job's text as it is now; another text is reviewed anew."""

    status: ReviewStatus = Field(
        description="clear; flagged (may be published, but look at the reasons); held (waits for an "
        "administrator); approved or declined by one."
    )
    reasons: list[ReviewReason] = Field(description="Every sentence that was found, and why.")
    note: str | None = Field(description="What the administrator said who decided.")
    decided_at: Instant | None = Field(
        description="When an administrator decided (UTC); null before."
    )
    text_version: str = Field(description="Marks this very text: a decision names it.")


class ToldJob(ResponseModel):
    """What an employer says of a job, but for its dates."""

    title: str = Field(description="Title of the job.")
    description: str = Field(description="What there is to do, in words.")
    category: str = Field(description="Slug of the kind of work, as the catalogue has it.")
    location: Location = Field(description="Where the work is (WGS 84, degrees).")
    city: str | None = Field(description="City of the job; null when not told.")
    address: str | None = Field(
        description="Street address, not shown to workers with an offer; null when not told."
    )
    slots: list[SlotAnswer] = Field(
        description="Weekly hours of the job, by the clock of its time zone."
    )
    positions: int = Field(description="How many people are wanted.")
    required_skills: list[str] = Field(description="Slugs of skills without which nobody is asked.")
    preferred_skills: list[str] = Field(description="Slugs of skills that raise a worker's score.")
    min_experience_years: int = Field(description="Least experience in whole years.")
    radius_km: float | None = Field(
        description="Largest distance of a worker, in kilometres; null: only the worker's own travel limits it."
    )
    salary: SalaryAnswer | None = Field(description="What the worker earns; null when not told.")
    respond_within_minutes: int | None = Field(
        description="Minutes a worker has to answer; null: the usual."
    )
    may_widen: list[Widenable] = Field(
        description="What may be asked for less strictly near the deadline, if too few said yes."
    )


class JobAnswer(ToldJob):
    """A vacancy, as its employer sees it."""

    id: UUID = Field(description="Id of the job.")
    status: JobStatus = Field(description="Where the job stands.")
    starts_on: Day = Field(description="First day, a local date.")
    ends_on: Day | None = Field(description="Last day, a local date, included; null is open-ended.")
    time_zone: str = Field(description="IANA name of the time zone.")
    progress: Progress = Field(description="How many offers stand where.")
    review: Review = Field(description="What the review says of the job's text.")
    created_at: Instant = Field(description="When it was made (UTC).")
    updated_at: Instant = Field(description="When it last changed (UTC).")
    published_at: Instant | None = Field(description="When it was published (UTC); null before.")


def _review(job: Job, language: str) -> Review:
    reasons = moderation.reasons(moderation.findings_of(job), language)
    return Review.from_rows(
        status=job.review_status,
        reasons=reasons,
        note=job.review_note,
        decided_at=job.reviewed_at,
        text_version=version_of(moderation.texts_of(job)),
    )


def _answer(job: Job, counts: dict[OfferStatus, int], language: str, keys: Keyring) -> JobAnswer:
    text = posting.text_of(job, keys)
    return JobAnswer.from_rows(
        text,
        job,
        location=location_answer(job.latitude, job.longitude),
        time_zone=job.time_zone,
        slots=[SlotAnswer.of(row.weekday, row.starts, row.ends) for row in job.slots],
        progress=Progress.from_rows(
            job,
            offered=counts.get(OfferStatus.OFFERED, 0),
            accepted=counts.get(OfferStatus.ACCEPTED, 0),
            rejected=counts.get(OfferStatus.REJECTED, 0),
            expired=counts.get(OfferStatus.EXPIRED, 0),
        ),
        review=_review(job, language),
    )


async def job_answers(
    session: AsyncSession, actor: Actor, jobs: Sequence[Job], now: dt.datetime
) -> list[JobAnswer]:
    """Return the answers for these jobs, as the actor reads them; their progress by one query."""
    counts = await counts_of(session, [job.id for job in jobs], now)
    language = DEFAULT_LANGUAGE
    if any(job.review_findings for job in jobs):
        language = await moderation.language_of(session, actor.user_id)
    keys = keyring(session)
    return [_answer(job, dict(counts.get(job.id, {})), language, keys) for job in jobs]


async def _one(session: AsyncSession, actor: Actor, job: Job, now: dt.datetime) -> JobAnswer:
    return (await job_answers(session, actor, [job], now))[0]


def _words(body: NewJob | JobChanges) -> dict[str, Any]:
    """Return the fields that were sent, as the domain's values."""
    values = sent(body)
    if "location" in values:
        values["location"] = body.location.point
    if "slots" in values:
        values["slots"] = tuple(given.slot for given in body.slots)
    for field in ("required_skills", "preferred_skills"):
        if field in values:
            values[field] = tuple(values[field])
    if body.salary is not None:
        values["salary"] = JobSalary(body.salary.amount, body.salary.currency, body.salary.per)
    return values


def text_of(body: NewJob) -> JobText:
    """Return the text of a job that is to be made."""
    return JobText(**_words(body))


@router.get("", responses=problems())
async def list_jobs(
    session: Read,
    actor: EmployerActor,
    page: PageQuery,
    now: Now,
    status: InStatus[JobStatus] = None,
    q: ListedText = None,
    sort: Annotated[JobOrder, Query(description="What comes first.")] = JobOrder.NEWEST,
) -> Page[JobAnswer]:
    """List my jobs, newest first unless `sort` says otherwise."""
    jobs, cursor = await queries.list_jobs(
        session, actor.employer_id, status, page, text=q, order=sort
    )
    return Page(items=await job_answers(session, actor, jobs, now), next_cursor=cursor)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(AccountRestricted))
async def create_job(
    session: Write, actor: JobPoster, body: NewJob, now: Now, _: Once
) -> JobAnswer:
    """Write a job down as a draft; nobody is asked before it is published."""
    job = await posting.create(
        session, actor.employer_id, text_of(body), now, posted_by=actor.member_id
    )
    audit.record(session, "job.create", job.id, actor, now)
    return await _one(session, actor, job, now)


@router.get("/{job_id}", responses=problems(JobNotFound))
async def get_job(session: Read, actor: EmployerActor, job_id: JobId, now: Now) -> JobAnswer:
    """Get one of my jobs."""
    return await _one(
        session, actor, await queries.get_own_job(session, actor.employer_id, job_id), now
    )


@router.put(
    "/{job_id}",
    responses=problems(JobNotFound, JobNotEditable, JobOver, JobPendingReview, AccountRestricted),
)
async def update_job(
    session: Write, actor: JobPoster, job_id: JobId, body: JobChanges, now: Now
) -> JobAnswer:
    """Change a job: a draft entirely, a published one only where it doesn't change who matches.

    Those are title, description, city, address, salary, respond_within_minutes, and more positions, which
    open a filled job again. Once people were asked, the salary can only rise, in the same unit. Anything
    else, and any other change of a closed job, is refused with 409 `job_not_editable`; positions of a job
    that is over with 409 `job_over`. New words of a published job that have to be looked at first are refused
    with 409 `job_held_for_review`; it keeps those it has.
    """
    words = _words(body)
    job = await posting.edit(session, actor.employer_id, job_id, words, now)
    audit.record(session, "job.edit", job_id, actor, now, after={"fields": sorted(words)})
    return await _one(session, actor, job, now)


@router.delete("/{job_id}", responses=problems(JobNotFound, JobFilled, JobExpired, JobClosed))
async def cancel_job(session: Write, actor: JobPoster, job_id: JobId, now: Now) -> JobAnswer:
    """Cancel a job: its open offers close and their workers are told once.

    Workers who accepted are told too, whether their contact was unlocked or not.
    Cancelling again changes nothing. A filled, expired or closed job is refused with 409 `job_filled`,
    `job_expired` or `job_closed`.
    """
    await queries.get_own_job(session, actor.employer_id, job_id)
    with suppress(JobCancelled):  # cancelled meanwhile, perhaps by a second click
        await closing.close_job(session, job_id, JobAction.CANCEL, actor, now)
    job = await queries.get_own_job(session, actor.employer_id, job_id, lock=True)
    return await _one(session, actor, job, now)


@router.post(
    "/{job_id}/close",
    responses=problems(JobNotFound, JobNotPublished, JobFilled, JobExpired, JobCancelled),
)
async def close_job(session: Write, actor: JobPoster, job_id: JobId, now: Now) -> JobAnswer:
    """Close a published job: nobody more is asked, and who said yes stays and can still be unlocked.

    Open offers close and their workers are told once; whoever accepted hears nothing, as nothing changes for
    them. Closing again changes nothing. A draft is refused with 409 `job_not_published`, a job that ended
    otherwise with `job_filled`, `job_expired` or `job_cancelled`. You can't undo it; you can repeat the job, and an
    administrator can reopen it. Closed before a contact is bought it counts as taken back, as a cancelled one does.
    """
    await queries.get_own_job(session, actor.employer_id, job_id)
    with suppress(JobClosed):  # closed meanwhile, perhaps by a second click
        await closing.close_job(session, job_id, JobAction.CLOSE, actor, now)
    job = await queries.get_own_job(session, actor.employer_id, job_id, lock=True)
    return await _one(session, actor, job, now)


@router.post(
    "/{job_id}/publish",
    responses=problems(
        JobNotFound,
        JobNotDraft,
        JobNotMatchable,
        JobPendingReview,
        JobDeclined,
        AccountRestricted,
        PublishedTooOften,
    ),
)
async def publish_job(
    session: Write, actor: JobPoster, job_id: JobId, rt: Rt, now: Now, _: Once
) -> JobAnswer:
    """Publish a draft: matching starts, and the first workers are asked.

    Refused with 409 `job_not_draft` or `job_not_matchable`, with 403 `account_restricted`, and with 422 when it starts in the
    past. A text with signs of a scam is 409 `job_held_for_review`, with the `reasons`, until an
    administrator approves it, and 409 `job_declined` if they decline. Whoever cancels one published job
    after the other gets 429 `publish_limit_reached`.
    """
    job = await publish(session, actor, job_id, now, paced=rt.limiter.enabled)
    return await _one(session, actor, job, now)


@router.post(
    "/{job_id}/repeat",
    status_code=status.HTTP_201_CREATED,
    responses=problems(JobNotFound, AccountRestricted),
)
async def repeat_job(
    session: Write, actor: JobPoster, job_id: JobId, body: JobRepeat, now: Now, _: Once
) -> JobAnswer:
    """Write a draft like one of my jobs, of whatever status, with new dates.

    A job of at most a week moves as a whole, and its weekdays with it; a longer one keeps its weekdays. A
    shift that never falls on the new dates is refused with 422.
    """
    job = await posting.repeat(
        session,
        actor.employer_id,
        job_id,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        positions=body.positions,
        posted_by=actor.member_id,
        now=now,
    )
    audit.record(session, "job.create", job.id, actor, now, after={"like": str(job_id)})
    return await _one(session, actor, job, now)
