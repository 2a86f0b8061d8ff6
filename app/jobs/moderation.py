"""Moderation of job texts: a suspicious one waits for an administrator, and its employer reads why."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict
from app.core.languages import DEFAULT_LANGUAGE
from app.core.metrics import ALERTS
from app.identity.actor import Actor
from app.identity.models import User
from app.jobs import review as rules
from app.jobs.models import Job
from app.jobs.queries import get_job
from app.jobs.review import ReviewAction, ReviewFinding, ReviewStatus, TextChanged
from app.jobs.rules import JobNotDraft, JobStatus
from app.messaging.outbox.enqueue import notify_many
from app.messaging.outbox.notice import Notice
from app.texts import catalogue

REVIEWED: Final = frozenset({"title", "description", "city"})
"""What workers read of an employer's own words; the address they don't."""


class JobPendingReview(Conflict):
    """The text has signs of a scam; an administrator looks at it first. `data` holds the reasons."""

    code = "job_held_for_review"
    detail = "This text has to be looked at before workers see it."
    remedy = "Change the sentences that `reasons` names, or wait for an administrator."
    keeps_changes = True


class JobDeclined(Conflict):
    """An administrator looked at the text and said no."""

    code = "job_declined"
    detail = "This text was declined; change it, and it is looked at anew."
    remedy = "Change the sentences that `reasons` names, and publish again."


class JobWords(Protocol):
    """Anything with the texts of a job."""

    @property
    def title(self) -> str:
        """The title."""
        ...

    @property
    def description(self) -> str:
        """The description."""
        ...

    @property
    def city(self) -> str | None:
        """The city."""
        ...


@dataclass(frozen=True, slots=True)
class FindingText:
    """A finding in a reader's language."""

    code: str
    text: str
    field: str
    sentence: str
    holds: bool


def texts_of(words: JobWords) -> dict[str, str]:
    """Return the words to review, by field."""
    found = {"title": words.title, "description": words.description, "city": words.city}
    return {field: text for field, text in found.items() if text}


def findings_of(job: Job) -> list[ReviewFinding]:
    """Return what was found in a job's text."""
    return [ReviewFinding(**found) for found in job.review_findings]


def reasons(findings: Sequence[ReviewFinding], language: str) -> list[FindingText]:
    """Write findings in a language."""
    return [
        FindingText(
            code=finding.kind,
            text=catalogue.word(language, f"review_{finding.kind}"),
            field=finding.field,
            sentence=finding.sentence,
            holds=finding.holds,
        )
        for finding in findings
    ]


def review(session: AsyncSession, job: Job, now: dt.datetime) -> ReviewStatus:
    """Judge a job's text as it is now, and note what was found; a former decision is over.

    A job that has to wait is logged and raises an alert.
    """
    findings = rules.judge(texts_of(job))
    job.review_status = rules.status_of(findings)
    job.review_findings = [asdict(finding) for finding in findings]
    job.review_note = job.reviewed_at = None
    if job.review_status == ReviewStatus.HELD:
        ALERTS.labels("job_held").inc()
        audit.record(
            session,
            "job.hold",
            job.id,
            None,
            now,
            after={"review": ReviewStatus.HELD, "kinds": sorted({f.kind for f in findings})},
        )
    return ReviewStatus(job.review_status)


async def require_cleared(session: AsyncSession, job: Job, now: dt.datetime) -> None:
    """Let a draft be published only if nothing in its text has to be looked at, or somebody did.

    What no person decided is judged again: the rules may know more than when it was written. The
    caller has locked the job. Raises `JobPendingReview` or `JobDeclined`.
    """
    if job.review_status == ReviewStatus.APPROVED:
        return
    if job.review_status == ReviewStatus.DECLINED:
        raise JobDeclined(f"{JobDeclined.detail} The reason: {job.review_note}")
    known = job.review_status == ReviewStatus.HELD
    if known or review(session, job, now) is ReviewStatus.HELD:
        raise await _pending_review(session, job, findings_of(job), "review_held")


async def require_harmless(session: AsyncSession, job: Job, texts: Mapping[str, str]) -> None:
    """Raise `JobPendingReview` if a published job's new words would have to be looked at first."""
    findings = rules.judge(texts)
    if rules.status_of(findings) is ReviewStatus.HELD:
        raise await _pending_review(session, job, findings, "review_kept")


async def _pending_review(
    session: AsyncSession, job: Job, findings: Sequence[ReviewFinding], word: str
) -> JobPendingReview:
    language = await language_of(session, job.employer_id)
    shown = [
        {"code": r.code, "text": r.text, "field": r.field, "sentence": r.sentence}
        for r in reasons(findings, language)
        if r.holds
    ]
    why = " ".join(dict.fromkeys(reason["text"] for reason in shown))
    return JobPendingReview(f"{catalogue.word(language, word)} {why}", reasons=shown)


async def language_of(session: AsyncSession, user_id: UUID) -> str:
    """Return the language a user reads."""
    language: str | None = await session.scalar(select(User.language).where(User.id == user_id))
    return language or DEFAULT_LANGUAGE


async def decide(
    session: AsyncSession,
    job_id: UUID,
    action: ReviewAction,
    actor: Actor,
    now: dt.datetime,
    *,
    text_version: str,
    reason: str | None,
) -> Job:
    """Approve or decline the text that `text_version` marks, and notify the employer.

    A published job can't be declined: cancel it. Raises `JobNotFound`, `TextChanged`,
    `NothingToReview`, `JobNotDraft`.
    """
    job = await get_job(session, job_id, lock=True)
    if text_version != rules.version_of(texts_of(job)):
        raise TextChanged
    before = ReviewStatus(job.review_status)
    after = rules.decide(before, action)
    if after is ReviewStatus.DECLINED and job.status != JobStatus.DRAFT:
        raise JobNotDraft("This job is no draft any more; cancel it instead.")
    job.review_status, job.review_note, job.reviewed_at = after, reason, now
    audit.record(
        session,
        f"job.{action.value}",
        job.id,
        actor,
        now,
        reason=reason,
        before={"review": before},
        after={"review": after, "text_version": text_version},
    )
    if before is ReviewStatus.HELD or after is ReviewStatus.DECLINED:
        params: dict[str, Any] = {"title": job.title, "reason": reason or ""}
        kind = f"job_{after.value}"
        key = f"{job.id}:{now.isoformat()}"
        notice = Notice(
            job.employer_id, kind, params, key, subject_id=job.id, theirs=(job.posted_by,)
        )
        await notify_many(session, [notice], now)
    await session.flush()
    return job
