"""Whether a worker may be asked about a job at all, apart from fitting it: pure rules over plain facts."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from app.matching.rules import Excluded, Exclusion
from app.messaging.quiet_hours import QuietPeriod, quiet_until


@dataclass(frozen=True, slots=True)
class Caps:
    """How many offers a worker gets at most within `load.CAP_PERIOD`."""

    in_all: int
    """Where they have set no cap of their own."""
    of_one_employer: int
    """Nobody fills another's week alone, or asks the same person for ever."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a worker may be asked, and was."""

    cap: int | None
    """Their own; None: the policy's."""
    offers: int
    """Made to them within `load.CAP_PERIOD`."""
    of_employer: int
    """Those of them that were this job's employer's."""

    def is_enough(self, caps: Caps) -> bool:
        """Whether they have had all the offers they want for now, or can want of this employer."""
        return next(over_caps(self, caps), None) is not None


@dataclass(frozen=True, slots=True)
class AskingFacts:
    """What of an account, its history and its blocks decides whether it may be asked."""

    is_active: bool
    has_stopped: bool
    is_located: bool
    was_offered: bool
    """This job, whatever came of it."""
    blocks_employer: bool
    blocked_by_employer: bool
    asked: Asked
    is_asleep: bool
    """See `sleeps_through`."""


def over_caps(asked: Asked, caps: Caps) -> Iterator[Excluded]:
    """Yield the caps that are reached."""
    cap = caps.in_all if asked.cap is None else asked.cap
    if asked.offers >= cap:
        yield Excluded(Exclusion.WEEKLY_CAP, {"offers": asked.offers, "cap": cap})
    if asked.of_employer >= caps.of_one_employer:
        counts = {"offers": asked.of_employer, "cap": caps.of_one_employer}
        yield Excluded(Exclusion.EMPLOYER_CAP, counts)


def sleeps_through(
    quiet: QuietPeriod | None, closes_at: dt.datetime | None, now: dt.datetime
) -> bool:
    """Whether somebody's quiet hours last until the job is over: nothing is said to them before."""
    if quiet is None or closes_at is None:
        return False
    until = quiet_until(quiet, now)
    return until is not None and until >= closes_at


def refusals(facts: AskingFacts, caps: Caps) -> Iterator[Excluded]:
    """Yield each rule by which this worker must not be asked, whether they fit or not."""
    holds = (
        (not facts.is_active, Exclusion.NOT_ACTIVE),
        (facts.has_stopped, Exclusion.STOPPED),
        (not facts.is_located, Exclusion.NO_LOCATION),
        (facts.was_offered, Exclusion.ALREADY_OFFERED),
        (facts.blocks_employer, Exclusion.BLOCKS_EMPLOYER),
        (facts.blocked_by_employer, Exclusion.BLOCKED_BY_EMPLOYER),
        (facts.is_asleep, Exclusion.ASLEEP),
    )
    yield from (Excluded(rule, {}) for held, rule in holds if held)
    yield from over_caps(facts.asked, caps)
