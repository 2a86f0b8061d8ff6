"""How an offer moves: one table of steps, and a name for every refusal. Pure.

        ┌─ accept ──▶ accepted ── withdraw ──▶ withdrawn
        │                 └ unlock ┘ (stays accepted; cannot be taken back any more)
    offered ─ reject ──▶ rejected
        ├─ expire ──▶ expired       by the deadline alone, whether or not a process noted it
        └─ close ───▶ closed        cancelled, filled, full, blocked, suspended

A job that is cancelled keeps its acceptances: no acceptance is *granted* on it any more, but what was
answered stays as it was answered.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.errors import Conflict

REMINDER_LEAST: Final = dt.timedelta(minutes=60)
"""An offer with less time to answer is not reminded of: the offer itself is still on the screen."""

REMINDER_SHARE: Final = 4
"""The reminder leaves this fraction (a quarter) of the time to answer."""


class OfferStatus(StrEnum):
    """Where an offer stands. `closed`: the job was cancelled, filled or full before an answer."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class OfferAnswer(StrEnum):
    """What a worker says to an offer."""

    ACCEPT = "accept"
    REJECT = "reject"


class Action(StrEnum):
    """What can be done with an offer."""

    ACCEPT = "accept"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    CLOSE = "close"
    UNLOCK = "unlock"


class Guard(StrEnum):
    """What must hold besides the status, by comparison in the very statement that takes the step."""

    IN_TIME = "in_time"
    """The deadline has not passed."""
    OVERDUE = "overdue"
    """The deadline has passed."""
    JOB_HAS_ROOM = "job_has_room"
    """The job is published and has fewer acceptances than its limit."""
    NOT_UNLOCKED = "not_unlocked"
    """No employer holds the contact yet."""


class CloseReason(StrEnum):
    """Why an offer was closed before an answer; told to the worker."""

    CANCELLED = "cancelled"
    FILLED = "filled"
    FULL = "full"
    EXPIRED = "expired"
    """The job's last shift began."""


class AlreadyResponded(Conflict):
    """The worker gave another answer before; the first one counts."""

    code = "already_responded"
    detail = "You have already answered this offer; the first answer counts."


class OfferExpired(Conflict):
    """The time to answer is over."""

    code = "offer_expired"
    detail = "The time to answer this offer is over."
    remedy = "Tell the person that the time is over; nothing else can be done."


class OfferClosed(Conflict):
    """The job was cancelled, filled, or has all the acceptances it takes."""

    code = "offer_closed"
    detail = "This offer is closed: the job was cancelled or has found enough people."


class NotAccepted(Conflict):
    """Only an acceptance can be taken back."""

    code = "not_accepted"
    detail = "Only an accepted offer can be withdrawn."


class AlreadyUnlocked(Conflict):
    """An employer holds the contact: it can't be taken back any more."""

    code = "already_unlocked"
    detail = "The employer already has your contact; tell them directly that you can't come."


class MatchNotAccepted(Conflict):
    """Only the contact of a worker who accepted can be unlocked, and not for a cancelled job."""

    code = "match_not_accepted"
    detail = "There is no lead to unlock: the worker has not accepted or has withdrawn, or the job was cancelled."


class NotDue(Conflict):
    """This offer can't expire: it was answered, or there is time left."""

    code = "not_due"
    detail = "This offer was answered already, or its deadline has not passed."


@dataclass(frozen=True, slots=True)
class Step:
    """A step that may be taken: the status becomes `after` while `guards` hold."""

    after: OfferStatus
    guards: frozenset[Guard] = frozenset()


@dataclass(frozen=True, slots=True)
class Same:
    """Done before: doing it again changes nothing and is no mistake."""


type Refusal = type[Conflict]
type Entry = Step | Same | Refusal

_OFFERED, _ACCEPTED, _REJECTED, _EXPIRED, _WITHDRAWN, _CLOSED = OfferStatus

TABLE: Final[Mapping[Action, Mapping[OfferStatus, Entry]]] = {
    Action.ACCEPT: {
        _OFFERED: Step(_ACCEPTED, frozenset({Guard.IN_TIME, Guard.JOB_HAS_ROOM})),
        _ACCEPTED: Same(),
        _REJECTED: AlreadyResponded,
        _EXPIRED: OfferExpired,
        _WITHDRAWN: AlreadyResponded,
        _CLOSED: OfferClosed,
    },
    Action.REJECT: {
        _OFFERED: Step(_REJECTED, frozenset({Guard.IN_TIME})),
        _ACCEPTED: AlreadyResponded,
        _REJECTED: Same(),
        _EXPIRED: OfferExpired,
        _WITHDRAWN: AlreadyResponded,
        _CLOSED: OfferClosed,
    },
    Action.WITHDRAW: {
        _OFFERED: NotAccepted,
        _ACCEPTED: Step(_WITHDRAWN, frozenset({Guard.NOT_UNLOCKED})),
        _REJECTED: NotAccepted,
        _EXPIRED: NotAccepted,
        _WITHDRAWN: Same(),
        _CLOSED: NotAccepted,
    },
    Action.EXPIRE: {
        _OFFERED: Step(_EXPIRED, frozenset({Guard.OVERDUE})),
        _ACCEPTED: NotDue,
        _REJECTED: NotDue,
        _EXPIRED: Same(),
        _WITHDRAWN: NotDue,
        _CLOSED: NotDue,
    },
    Action.CLOSE: {
        _OFFERED: Step(_CLOSED, frozenset({Guard.IN_TIME})),
        _ACCEPTED: AlreadyResponded,
        _REJECTED: AlreadyResponded,
        _EXPIRED: OfferExpired,
        _WITHDRAWN: AlreadyResponded,
        _CLOSED: Same(),
    },
    Action.UNLOCK: {
        _OFFERED: MatchNotAccepted,
        _ACCEPTED: Step(_ACCEPTED, frozenset({Guard.NOT_UNLOCKED})),
        _REJECTED: MatchNotAccepted,
        _EXPIRED: MatchNotAccepted,
        _WITHDRAWN: MatchNotAccepted,
        _CLOSED: MatchNotAccepted,
    },
}
"""Every action in every status: a step, nothing to do, or the name of the refusal."""

_UNMET: Final[Mapping[Guard, Refusal]] = {
    Guard.IN_TIME: OfferExpired,
    Guard.OVERDUE: NotDue,
    Guard.JOB_HAS_ROOM: OfferClosed,
    Guard.NOT_UNLOCKED: AlreadyUnlocked,
}
"""The refusal when a guard does not hold."""


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What decides whether a step may be taken."""

    status: OfferStatus
    respond_by: dt.datetime
    unlocked: bool
    job_has_room: bool


def effective(status: OfferStatus, respond_by: dt.datetime, now: dt.datetime) -> OfferStatus:
    """The status as everybody sees it: an unanswered offer has expired once `respond_by` is here."""
    overdue = status is OfferStatus.OFFERED and respond_by <= now
    return OfferStatus.EXPIRED if overdue else status


def ends_of(action: Action) -> tuple[OfferStatus, OfferStatus]:
    """Return the status in which an offer has to be for `action`, and the one it has afterwards."""
    for before, entry in TABLE[action].items():
        if isinstance(entry, Step):
            return before, entry.after
    raise LookupError(action)


def decide(facts: OfferFacts, action: Action, now: dt.datetime) -> Step | None:
    """Return the step to take, or None if it was taken before.

    Raises the `Conflict` that names why not. The deadline comes before the job's room: a late answer
    is told that it is late.
    """
    entry = TABLE[action][facts.status]
    if isinstance(entry, Same):
        return None
    if not isinstance(entry, Step):
        raise entry
    holds = {
        Guard.IN_TIME: facts.respond_by > now,
        Guard.OVERDUE: facts.respond_by <= now,
        Guard.JOB_HAS_ROOM: facts.job_has_room,
        Guard.NOT_UNLOCKED: not facts.unlocked,
    }
    for guard in Guard:
        if guard in entry.guards and not holds[guard]:
            raise _UNMET[guard]
    return entry


def respond_by(
    now: dt.datetime, respond_within_minutes: int, closes_at: dt.datetime | None
) -> dt.datetime:
    """Until when an offer made now can be answered; nobody can be hired for a job that is over."""
    deadline = now + dt.timedelta(minutes=respond_within_minutes)
    return deadline if closes_at is None else min(deadline, closes_at)


def remind_at(offered_at: dt.datetime, deadline: dt.datetime) -> dt.datetime | None:
    """When to remind once: with a quarter of the time left; None where there is little time at all."""
    given = deadline - offered_at
    return None if given < REMINDER_LEAST else deadline - given / REMINDER_SHARE


def acceptance_rate(accepted: int, rejected: int, expired: int, withdrawn: int) -> float | None:
    """The share (0 to 1) of settled offers that stand accepted; None when none is settled.

    Open offers and those closed by the other side say nothing about the answer, and don't count.
    """
    settled = accepted + rejected + expired + withdrawn
    return round(accepted / settled, 3) if settled else None
