"""Quiet hours: when a person wants no notice, and how deadlines rest meanwhile. Pure.

Whoever wrote, tapped or signed in within the last hour is awake, whatever the clock says.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile
from typing import Final

from app.core.clocks import SKEW
from app.core.find_zone import find_zone

QUIET_FROM: Final = dt.time(21)
QUIET_TO: Final = dt.time(8)
"""The quiet hours of whoever chose no others, wall-clock in their zone."""
STAYS_AWAKE: Final = dt.timedelta(hours=1)
"""How long after a sign of life a person counts as awake."""
MOST_NIGHTS: Final = 7
"""A time rests through at most so many quiet periods: somebody may want 23 quiet hours a day."""
LONGEST_REST: Final = dt.timedelta(days=MOST_NIGHTS + 1)
"""By how much resting puts off a deadline at most."""


@dataclass(frozen=True, slots=True)
class QuietPeriod:
    """Wall-clock hours in which a person wants no notice; `end` at or before `start` is on the next day."""

    start: dt.time
    end: dt.time
    time_zone: str
    active_at: dt.datetime | None = None
    """When the person last wrote, tapped or signed in."""


type _Span = tuple[dt.datetime, dt.datetime]


def quiet_until(hours: QuietPeriod, now: dt.datetime) -> dt.datetime | None:
    """Return when quiet ends (UTC), or None when it is not quiet now, or the person is awake."""
    if hours.start == hours.end:
        return None
    until = None
    for begins, ends in _quiet_spans(hours, now):
        if begins > (until or now):
            break
        until = ends
    return until


def rested(hours: QuietPeriod | None, start: dt.datetime, length: dt.timedelta) -> dt.datetime:
    """Return when `length` has passed since `start`, not counting quiet hours."""
    end = start + length
    if hours is None:
        return end
    for begins, ends in islice(_quiet_spans(hours, start), MOST_NIGHTS):
        if end <= begins:
            break
        end += ends - max(begins, start)
    return end


def waking_time(hours: QuietPeriod | None, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """Return how much of the time between the two is outside quiet hours."""
    length = max(dt.timedelta(0), end - start)
    if hours is None:
        return length
    for begins, ends in islice(_quiet_spans(hours, start), MOST_NIGHTS):
        if end <= begins:
            break
        length -= min(ends, end) - max(begins, start)
    return max(dt.timedelta(0), length)


def rested_since(hours: QuietPeriod | None, now: dt.datetime, length: dt.timedelta) -> dt.datetime:
    """Return since when `length` has passed until `now`, not counting quiet hours."""
    since, earliest = now - length, now - length - LONGEST_REST
    if hours is None:
        return since
    nights = takewhile(lambda span: span[0] < now, _quiet_spans(hours, earliest))
    for begins, ends in reversed([*nights]):
        if ends <= since:
            break
        since -= min(ends, now) - begins
    return max(since, earliest)


def _awake_until(hours: QuietPeriod, now: dt.datetime) -> dt.datetime:
    """Return until when the person counts as awake; a sign of life ahead of now does not count."""
    active_at = hours.active_at
    if active_at is None or active_at > now + SKEW:
        return now
    return max(now, active_at + STAYS_AWAKE)


def _zone(name: str) -> dt.tzinfo:
    """Return the zone; where there is none of that name any more, UTC: one person's must not hold up everybody's messages."""
    return find_zone(name) or dt.UTC


@lru_cache(maxsize=4_096)
def _night(start: dt.time, end: dt.time, time_zone: str, day: dt.date) -> _Span:
    """Return the quiet period (UTC) that begins on a day there; kept, because most people have the same."""
    zone = _zone(time_zone)
    over_midnight = dt.timedelta(days=1 if end <= start else 0)
    begins = dt.datetime.combine(day, start, zone).astimezone(dt.UTC)
    return begins, dt.datetime.combine(day + over_midnight, end, zone).astimezone(dt.UTC)


def _quiet_spans(hours: QuietPeriod, start: dt.datetime) -> Iterator[_Span]:
    """Yield the quiet periods (UTC) that end after `start`, in order; none while the person is awake."""
    if hours.start == hours.end:
        return
    awake_until = _awake_until(hours, start)
    day = start.astimezone(_zone(hours.time_zone)).date() - dt.timedelta(days=1)
    while True:
        begins, ends = _night(hours.start, hours.end, hours.time_zone, day)
        # Where clocks are put forward, two of them could overlap.
        begins = max(begins, awake_until)
        if ends > awake_until and ends > begins:
            yield begins, ends
            awake_until = ends
        day += dt.timedelta(days=1)
