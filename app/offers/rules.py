"""How an offer moves: one table of steps, and a name for every refusal. Pure.

        ┌─ accept ──▶ accepted ── withdraw ──▶ withdrawn
        │                 └ unlock ┘ (stays accepted; cannot be taken back any more)
    offered ─ reject ──▶ rejected ── reconsider ──▶ offered (while the offer stands)
        ├─ expire ──▶ expired       by the deadline alone, whether or not a process noted it
        └─ close ───▶ closed        cancelled, filled, full, blocked, suspended
                         └ promote ▶ accepted (a place became free for whoever stood by)

A job that is cancelled keeps its acceptances: no acceptance is *granted* on it any more, but what was
answered stays as it was answered.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.errors import Conflict
from app.core.transitions import ActionRule, Guard, Refusal, StateTable, Transition
from app.messaging.quiet_hours import QuietPeriod, rested, waking_time

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
    RECONSIDER = "reconsider"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    CLOSE = "close"
    UNLOCK = "unlock"
    PROMOTE = "promote"


class CloseReason(StrEnum):
    """Why an offer was closed before an answer; told to the worker."""

    CANCELLED = "cancelled"
    FILLED = "filled"
    FULL = "full"
    EXPIRED = "expired"
    """The job's last shift began."""
    CLOSED = "closed"
    """The employer asks nobody more."""


class AlreadyResponded(Conflict):
    """The worker gave another answer before; the first one counts."""

    code = "already_responded"
    detail = "You have already answered this offer; the first answer counts."
    remedy = "Take a rejection back with `reconsider`, or an acceptance with `withdraw`."


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


class NotRejected(Conflict):
    """Only a rejection can be taken back so that the offer is open again."""

    code = "not_rejected"
    detail = "Only a rejected offer can be reconsidered."


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
class OfferState:
    """What decides whether a transition may be taken."""

    status: OfferStatus
    respond_by: dt.datetime
    unlocked: bool
    job_has_room: bool
    """The job is published and has fewer acceptances than its limit."""


type OfferTransition = Transition[OfferStatus, OfferState]

IN_TIME: Final = Guard[OfferState](
    "in_time",
    lambda offer, now: offer.respond_by > now,
    OfferExpired,
    where=lambda offer, now: offer.respond_by > now,
)
OVERDUE: Final = Guard[OfferState](
    "overdue",
    lambda offer, now: offer.respond_by <= now,
    NotDue,
    where=lambda offer, now: offer.respond_by <= now,
)
JOB_HAS_ROOM: Final = Guard[OfferState](
    "job_has_room", lambda offer, _now: offer.job_has_room, OfferClosed
)
NOT_UNLOCKED: Final = Guard[OfferState](
    "not_unlocked",
    lambda offer, _now: not offer.unlocked,
    AlreadyUnlocked,
    where=lambda offer, _now: offer.unlocked_at.is_(None),
)

_OFFERED, _ACCEPTED = frozenset({OfferStatus.OFFERED}), frozenset({OfferStatus.ACCEPTED})
_REJECTED: Final = frozenset({OfferStatus.REJECTED})
_TOO_LATE: Final[Mapping[OfferStatus, Refusal]] = {
    OfferStatus.EXPIRED: OfferExpired,
    OfferStatus.CLOSED: OfferClosed,
}

TABLE: Final = StateTable[Action, OfferStatus, OfferState](
    {
        # The deadline comes before the job's room: a late answer is told that it is late.
        Action.ACCEPT: ActionRule(
            (Transition(_OFFERED, OfferStatus.ACCEPTED, (IN_TIME, JOB_HAS_ROOM)),),
            otherwise=AlreadyResponded,
            refusals=_TOO_LATE,
            repeatable=True,
        ),
        Action.REJECT: ActionRule(
            (Transition(_OFFERED, OfferStatus.REJECTED, (IN_TIME,)),),
            otherwise=AlreadyResponded,
            refusals=_TOO_LATE,
            repeatable=True,
        ),
        # Whose offer is open changes nothing by reconsidering; `decide` sees to it that it is open.
        Action.RECONSIDER: ActionRule(
            (Transition(_REJECTED, OfferStatus.OFFERED, (IN_TIME, JOB_HAS_ROOM)),),
            otherwise=NotRejected,
            refusals=_TOO_LATE,
            repeatable=True,
        ),
        Action.WITHDRAW: ActionRule(
            (Transition(_ACCEPTED, OfferStatus.WITHDRAWN, (NOT_UNLOCKED,)),),
            otherwise=NotAccepted,
            repeatable=True,
        ),
        Action.EXPIRE: ActionRule(
            (Transition(_OFFERED, OfferStatus.EXPIRED, (OVERDUE,)),),
            otherwise=NotDue,
            repeatable=True,
        ),
        Action.CLOSE: ActionRule(
            (Transition(_OFFERED, OfferStatus.CLOSED, (IN_TIME,)),),
            otherwise=AlreadyResponded,
            refusals={OfferStatus.EXPIRED: OfferExpired},
            repeatable=True,
        ),
        # Whoever waited for a place of a full job has said yes already.
        Action.PROMOTE: ActionRule(
            (Transition(frozenset({OfferStatus.CLOSED}), OfferStatus.ACCEPTED, (JOB_HAS_ROOM,)),),
            otherwise=OfferClosed,
            repeatable=True,
        ),
        Action.UNLOCK: ActionRule(
            (Transition(_ACCEPTED, OfferStatus.ACCEPTED, (NOT_UNLOCKED,)),),
            otherwise=MatchNotAccepted,
        ),
    }
)


def decide(offer: OfferState, action: Action, now: dt.datetime) -> OfferTransition | None:
    """Return the transition to take, or None if it was taken before; raises the refusal."""
    status = offer.status
    if action is Action.RECONSIDER:
        # An open offer is as it should be, unless its time is over.
        status = effective(status, offer.respond_by, now)
    return TABLE.decide(action, status, offer, now)


def effective(status: OfferStatus, respond_by: dt.datetime, now: dt.datetime) -> OfferStatus:
    """The status as everybody sees it: an unanswered offer has expired once `respond_by` is here."""
    overdue = status is OfferStatus.OFFERED and respond_by <= now
    return OfferStatus.EXPIRED if overdue else status


def respond_by(
    now: dt.datetime,
    respond_within_minutes: int,
    closes_at: dt.datetime | None,
    quiet: QuietPeriod | None = None,
) -> dt.datetime:
    """Until when an offer made now can be answered; nobody can be hired for a job that is over.

    The time to answer does not run while it is quiet for the worker.
    """
    deadline = rested(quiet, now, dt.timedelta(minutes=respond_within_minutes))
    return deadline if closes_at is None else min(deadline, closes_at)


def remind_at(
    offered_at: dt.datetime, deadline: dt.datetime, quiet: QuietPeriod | None = None
) -> dt.datetime | None:
    """When to remind once: with a quarter of the time left; None where there is little time at all.

    Time in which it is quiet for the worker does not count.
    """
    given = waking_time(quiet, offered_at, deadline)
    return (
        None
        if given < REMINDER_LEAST
        else rested(quiet, offered_at, given - given / REMINDER_SHARE)
    )


def acceptance_rate(accepted: int, rejected: int, expired: int, withdrawn: int) -> float | None:
    """The share (0 to 1) of settled offers that stand accepted; None when none is settled.

    Open offers and those closed by the other side say nothing about the answer, and don't count.
    """
    settled = accepted + rejected + expired + withdrawn
    return round(accepted / settled, 3) if settled else None
