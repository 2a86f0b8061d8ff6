"""The life of a job: which step is allowed from where, and what a job must be. Pure."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from app.core.errors import Conflict, FieldError, Invalid
from app.core.week import Slot, never_falling, overlaps


class JobStatus(StrEnum):
    """Where a job stands: `filled` once as many leads are unlocked as there are positions."""

    DRAFT = "draft"
    PUBLISHED = "published"
    FILLED = "filled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class JobAction(StrEnum):
    """What can happen to a job."""

    PUBLISH = "publish"
    FILL = "fill"
    EXPIRE = "expire"
    CANCEL = "cancel"
    REOPEN = "reopen"


class JobNotDraft(Conflict):
    """Only a draft is published, and only once."""

    code = "job_not_draft"
    detail = "Only a draft can be published; this job was published or cancelled before."


class JobNotPublished(Conflict):
    """This only happens to a job that is published."""

    code = "job_not_published"
    detail = "This job is not published."


class JobNotOver(Conflict):
    """The last shift has not started."""

    code = "job_not_over"
    detail = "This job is not over yet."


class JobCancelled(Conflict):
    """It was cancelled before."""

    code = "job_cancelled"
    detail = "This job is cancelled already."


class JobFilled(Conflict):
    """Every position has its lead."""

    code = "job_filled"
    detail = "This job is filled: all its positions have an unlocked lead."


class JobExpired(Conflict):
    """Its last shift has started."""

    code = "job_expired"
    detail = "This job is over: its last shift has started."


class JobOpen(Conflict):
    """It was never closed."""

    code = "job_not_closed"
    detail = "Only a cancelled or expired job can be reopened."


class JobOver(Conflict):
    """It can't come back, because nobody could be hired for it any more."""

    code = "job_over"
    detail = "This job lies in the past and can't be reopened; post a new one."


class StartsInPast(Invalid):
    """A job is published before it starts."""

    def __init__(self) -> None:
        super().__init__([FieldError("starts_on", "This lies in the past; choose a later day.")])


class Guard(StrEnum):
    """What must also hold for a step, in the order in which it is checked."""

    WAS_PUBLISHED = "was_published"
    NEVER_PUBLISHED = "never_published"
    STARTS_AHEAD = "starts_ahead"
    STILL_AHEAD = "still_ahead"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What decides whether a step may be taken."""

    status: JobStatus
    starts_on: dt.date
    ends_on: dt.date | None
    time_zone: str
    slots: tuple[Slot, ...]
    was_published: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """An allowed move."""

    to: JobStatus
    guards: frozenset[Guard] = frozenset()


type Refusal = type[Conflict]
type Entry = tuple[Step, ...] | Refusal

_DRAFT, _PUBLISHED, _FILLED, _EXPIRED, _CANCELLED = JobStatus

TABLE: Final[Mapping[JobAction, Mapping[JobStatus, Entry]]] = {
    JobAction.PUBLISH: {
        _DRAFT: (Step(_PUBLISHED, frozenset({Guard.STARTS_AHEAD})),),
        _PUBLISHED: JobNotDraft,
        _FILLED: JobNotDraft,
        _EXPIRED: JobNotDraft,
        _CANCELLED: JobNotDraft,
    },
    JobAction.FILL: {
        _DRAFT: JobNotPublished,
        _PUBLISHED: (Step(_FILLED),),
        _FILLED: JobNotPublished,
        _EXPIRED: JobNotPublished,
        _CANCELLED: JobNotPublished,
    },
    JobAction.EXPIRE: {
        _DRAFT: JobNotPublished,
        _PUBLISHED: (Step(_EXPIRED, frozenset({Guard.OVERDUE})),),
        _FILLED: JobNotPublished,
        _EXPIRED: JobNotPublished,
        _CANCELLED: JobNotPublished,
    },
    JobAction.CANCEL: {
        _DRAFT: (Step(_CANCELLED),),
        _PUBLISHED: (Step(_CANCELLED),),
        _FILLED: JobFilled,
        _EXPIRED: JobExpired,
        _CANCELLED: JobCancelled,
    },
    JobAction.REOPEN: {
        _DRAFT: JobOpen,
        _PUBLISHED: JobOpen,
        _FILLED: JobFilled,
        _EXPIRED: (Step(_PUBLISHED, frozenset({Guard.STILL_AHEAD})),),
        _CANCELLED: (
            Step(_DRAFT, frozenset({Guard.NEVER_PUBLISHED})),
            Step(_PUBLISHED, frozenset({Guard.WAS_PUBLISHED, Guard.STILL_AHEAD})),
        ),
    },
}
"""Every action in every status: the steps of which the first whose guards hold is taken, or the name
of the refusal. Where the guards of none hold, the last one's first unmet guard names the refusal."""

_UNMET: Final[Mapping[Guard, type[Conflict | StartsInPast]]] = {
    Guard.WAS_PUBLISHED: JobNotPublished,
    Guard.NEVER_PUBLISHED: JobNotDraft,
    Guard.STARTS_AHEAD: StartsInPast,
    Guard.STILL_AHEAD: JobOver,
    Guard.OVERDUE: JobNotOver,
}


def decide(facts: JobFacts, action: JobAction, now: dt.datetime) -> Step:
    """Return the step to take. Raises the `Conflict` (or `StartsInPast`) that says why there is none."""
    entry = TABLE[action][facts.status]
    if not isinstance(entry, tuple):
        raise entry
    refusal: type[Conflict | StartsInPast] = Conflict
    for step in entry:
        unmet = [guard for guard in Guard if guard in step.guards and not _holds(guard, facts, now)]
        if not unmet:
            return step
        refusal = _UNMET[unmet[0]]
    raise refusal


def _holds(guard: Guard, facts: JobFacts, now: dt.datetime) -> bool:
    match guard:
        case Guard.WAS_PUBLISHED:
            return facts.was_published
        case Guard.NEVER_PUBLISHED:
            return not facts.was_published
        case Guard.STARTS_AHEAD:
            today = now.astimezone(ZoneInfo(facts.time_zone)).date()
            return facts.starts_on >= today and not _is_over(facts, now)
        case Guard.STILL_AHEAD:
            return not _is_over(facts, now)
        case Guard.OVERDUE:
            return _is_over(facts, now)


def _is_over(facts: JobFacts, now: dt.datetime) -> bool:
    closes = closes_at(facts.slots, facts.starts_on, facts.ends_on, facts.time_zone)
    return closes is not None and closes <= now


def closes_at(
    slots: Collection[Slot], starts_on: dt.date, ends_on: dt.date | None, time_zone: str
) -> dt.datetime | None:
    """Return when the last shift starts, in UTC; None while open-ended, or where no shift ever falls.

    Nobody can be hired for the job afterwards. A start inside the hour that a clock change skips counts
    by the offset before the change, as the standard library reads it.
    """
    if ends_on is None:
        return None
    zone = ZoneInfo(time_zone)
    for back in range(min((ends_on - starts_on).days + 1, 7)):
        day = ends_on - dt.timedelta(days=back)
        starts = [slot.start for slot in slots if slot.weekday == day.weekday()]
        if starts:
            clock = dt.time(max(starts) // 60, max(starts) % 60)
            return dt.datetime.combine(day, clock, zone).astimezone(dt.UTC)
    return None


MAX_DAYS: Final = 731
"""Longest job with an end: two years; a longer one is open-ended."""

EDITABLE_WHEN_PUBLISHED: Final = frozenset(
    {"title", "description", "city", "address", "salary", "respond_within_minutes"}
)
"""What may change after publishing: nothing of it decides who matches, or how well."""


def faults_of_schedule(
    slots: Sequence[Slot], starts_on: dt.date, ends_on: dt.date | None
) -> list[FieldError]:
    """Return what is wrong with a job's days and hours; [] if nothing is."""
    found: list[FieldError] = []
    if ends_on is not None and ends_on < starts_on:
        return [FieldError("ends_on", "This lies before starts_on.")]
    if ends_on is not None and (ends_on - starts_on).days + 1 > MAX_DAYS:
        found.append(
            FieldError("ends_on", "At most two years after starts_on; leave it out for open-ended.")
        )
    for number in never_falling(slots, starts_on, ends_on):
        message = "This weekday never falls between starts_on and ends_on."
        found.append(FieldError(f"slots.{number}.weekday", message))
    for number, slot in enumerate(slots):
        if overlaps(slot, slots[:number]):
            found.append(FieldError(f"slots.{number}", "This overlaps with another slot."))
    return found
