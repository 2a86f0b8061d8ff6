"""The life of a job: which step is allowed from where, and what a job must be. Pure.

A job is published by `app.matching.publish`, which asks `moderation`, `publish_limits` and `matchable` besides, and
cancelled by `app.offers.closing`, which ends its offers.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from app.core.errors import Conflict, FieldError, Invalid
from app.core.transitions import ActionRule, Guard, Refusal, StateTable, Transition
from app.core.week import Slot, never_falling, overlaps


class JobStatus(StrEnum):
    """Where a job stands: `filled` once as many leads are unlocked as there are positions."""

    DRAFT = "draft"
    PUBLISHED = "published"
    FILLED = "filled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    """Nobody more is asked, and who said yes stays and can be bought."""


class JobAction(StrEnum):
    """What can happen to a job."""

    PUBLISH = "publish"
    FILL = "fill"
    EXPIRE = "expire"
    CANCEL = "cancel"
    CLOSE = "close"
    REOPEN = "reopen"
    ADD_POSITIONS = "add_positions"


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


class JobClosed(Conflict):
    """Its employer has closed it."""

    code = "job_closed"
    detail = "This job is closed: nobody more is asked for it. Who said yes can still be bought."


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
    detail = "Only a cancelled, closed or expired job can be reopened."


class JobOver(Conflict):
    """It can't come back, because nobody could be hired for it any more."""

    code = "job_over"
    detail = "This job lies in the past and can't be reopened; post a new one."


class StartsInPast(Invalid):
    """A job is published before it starts."""

    def __init__(self) -> None:
        super().__init__([FieldError("starts_on", "This lies in the past; choose a later day.")])


@dataclass(frozen=True, slots=True)
class JobState:
    """What decides whether a transition may be taken."""

    status: JobStatus
    starts_on: dt.date
    ends_on: dt.date | None
    time_zone: str
    slots: tuple[Slot, ...]
    was_published: bool = False
    has_places: bool = True
    """Whether fewer contacts are unlocked than people are wanted."""


type JobTransition = Transition[JobStatus, JobState]


def _is_over(job: JobState, now: dt.datetime) -> bool:
    closes = closes_at(job.slots, job.starts_on, job.ends_on, job.time_zone)
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


def _starts_ahead(job: JobState, now: dt.datetime) -> bool:
    today = now.astimezone(ZoneInfo(job.time_zone)).date()
    return job.starts_on >= today and not _is_over(job, now)


WAS_PUBLISHED: Final = Guard[JobState](
    "was_published",
    lambda job, _now: job.was_published,
    JobNotPublished,
    where=lambda job, _now: job.published_at.is_not(None),
)
NEVER_PUBLISHED: Final = Guard[JobState](
    "never_published",
    lambda job, _now: not job.was_published,
    JobNotDraft,
    where=lambda job, _now: job.published_at.is_(None),
)
# These depend on the calendar of the job's place, which is in no column.
STARTS_AHEAD: Final = Guard[JobState]("starts_ahead", _starts_ahead, StartsInPast)
STILL_AHEAD: Final = Guard[JobState](
    "still_ahead", lambda job, now: not _is_over(job, now), JobOver
)
PLACES_LEFT: Final = Guard[JobState](
    "places_left",
    lambda job, _now: job.has_places,
    JobFilled,
    where=lambda job, _now: job.unlocked < job.positions,
)
OVERDUE: Final = Guard[JobState]("overdue", _is_over, JobNotOver)

_DRAFT, _PUBLISHED, _FILLED, _EXPIRED, _CANCELLED, _CLOSED = JobStatus
_ENDED: Final[Mapping[JobStatus, Refusal]] = {
    _FILLED: JobFilled,
    _EXPIRED: JobExpired,
    _CANCELLED: JobCancelled,
    _CLOSED: JobClosed,
}

# With every contact unlocked it would ask nobody, sell nothing and never be filled.
_REOPENS: Final = (STILL_AHEAD, PLACES_LEFT)

TABLE: Final = StateTable[JobAction, JobStatus, JobState](
    {
        JobAction.PUBLISH: ActionRule(
            (Transition(frozenset({_DRAFT}), _PUBLISHED, (STARTS_AHEAD,)),), otherwise=JobNotDraft
        ),
        JobAction.FILL: ActionRule(
            (Transition(frozenset({_PUBLISHED}), _FILLED),), otherwise=JobNotPublished
        ),
        JobAction.EXPIRE: ActionRule(
            (Transition(frozenset({_PUBLISHED}), _EXPIRED, (OVERDUE,)),), otherwise=JobNotPublished
        ),
        JobAction.CANCEL: ActionRule(
            (Transition(frozenset({_DRAFT, _PUBLISHED}), _CANCELLED),), refusals=_ENDED
        ),
        JobAction.CLOSE: ActionRule(
            (Transition(frozenset({_PUBLISHED}), _CLOSED),),
            otherwise=JobNotPublished,
            refusals=_ENDED,
        ),
        JobAction.REOPEN: ActionRule(
            (
                Transition(frozenset({_CANCELLED}), _DRAFT, (NEVER_PUBLISHED,)),
                Transition(frozenset({_CANCELLED}), _PUBLISHED, (WAS_PUBLISHED, *_REOPENS)),
                Transition(frozenset({_EXPIRED, _CLOSED}), _PUBLISHED, _REOPENS),
            ),
            otherwise=JobOpen,
            refusals={_FILLED: JobFilled},
        ),
        JobAction.ADD_POSITIONS: ActionRule(
            (Transition(frozenset({_PUBLISHED, _FILLED}), _PUBLISHED, (STILL_AHEAD,)),),
            otherwise=JobNotPublished,
            refusals={_EXPIRED: JobExpired, _CANCELLED: JobCancelled, _CLOSED: JobClosed},
        ),
    }
)


def decide(job: JobState, action: JobAction, now: dt.datetime) -> JobTransition:
    """Return the transition to take. Raises the `Conflict` (or `StartsInPast`) that says why there is none."""
    transition = TABLE.decide(action, job.status, job, now)
    if transition is None:  # pragma: no cover - no action of a job is repeatable
        raise Conflict
    return transition


MAX_DAYS: Final = 731
"""Longest job with an end: two years; a longer one is open-ended."""

EDITABLE_WHEN_PUBLISHED: Final = frozenset(
    {"title", "description", "city", "address", "salary", "respond_within_minutes"}
)
"""What may change after publishing: nothing of it decides who matches, or how well.

Of the pay only what `pay_may_become` allows. Positions may be added, which is `JobAction.ADD_POSITIONS`.
"""


@dataclass(frozen=True, slots=True)
class PayTerms:
    """What a job pays: minor units, ISO 4217, and per hour, day, week or month."""

    amount: int
    currency: str
    per: str


def pay_may_become(before: PayTerms | None, after: PayTerms | None, *, asked: bool) -> bool:
    """Whether a published job's pay may change so.

    Whoever was asked read the pay, and may have accepted it: from then on it only rises, in the same unit.
    """
    if not asked or before == after:
        return True
    if before is None or after is None:
        return False
    same_unit = (before.currency, before.per) == (after.currency, after.per)
    return same_unit and after.amount > before.amount


@dataclass(frozen=True, slots=True)
class MovedSchedule:
    """The hours of a repeated job, and its last day."""

    slots: tuple[Slot, ...]
    ends_on: dt.date | None


_WEEK_DAYS: Final = 7


def moved_schedule(
    slots: Sequence[Slot],
    starts_on: dt.date,
    ends_on: dt.date | None,
    new_start: dt.date,
    new_end: dt.date | None,
) -> MovedSchedule:
    """Return the hours and the last day of a job that is repeated from another first day.

    Without a new last day it is as long as before; open-ended stays open-ended. A job of at most a week moves
    as a whole, and its weekdays with it; a longer one keeps its weekdays.
    """
    last = new_end
    if new_end is None and ends_on is not None:
        last = new_start + (ends_on - starts_on)
    short = ends_on is not None and (ends_on - starts_on).days < _WEEK_DAYS
    by = (new_start - starts_on).days % _WEEK_DAYS if short else 0
    moved = [Slot((slot.weekday + by) % _WEEK_DAYS, slot.start, slot.end) for slot in slots]
    return MovedSchedule(tuple(sorted(moved)), last)


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
