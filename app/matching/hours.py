"""How much of a job's work a person is free for, once dates, time off and time zones are counted.

The rules, in the order in which they apply:

* Work is counted over the job's *window*: from its first day, or from today once it has begun, to its
  last day, and at most `WINDOW_DAYS` days, so that an open-ended or long job is judged by the next four
  weeks. For a job of whole weeks that lies ahead and a person without time off the share is therefore
  that of one week.
* Only hours still to come count: minutes before now, by the clock of the job's zone, are over for
  everybody (`remaining`).
* A slot belongs to the date on which it starts. A Sunday night shift is worked when Sunday is among
  the job's days, though it ends on a Monday that is not.
* A day off takes away the person's own slots that start on that day, whole, and none that started on the
  evening before. It also takes away the job's shifts that start on that day by the person's clock, so
  that a free night of the evening before does not open a shift on the day off.
* Hours of jobs the person has accepted are not free, whichever dates those jobs run.
* Clock times are those of their own place. Where the person's time zone differs from the job's, their
  week and their days off are moved by the difference of the two UTC offsets at noon of the window's first
  day. A clock change of one zone alone within the window is not followed further.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from app.core.find_zone import find_zone
from app.core.week import (
    DAY,
    HALF_HOUR,
    WEEK,
    Interval,
    Slot,
    intersect,
    merge,
    on_circle,
    total,
    union,
)

WINDOW_DAYS: Final = 28
"""Longest stretch of a job that is looked at: four whole weeks, so each weekday counts alike."""

_MARGIN_DAYS: Final = 3
"""Days beyond the window whose slots can reach into it: two zones lie at most 26 hours apart."""

type Slots = tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class DateRange:
    """Dates from the first to the last, both included."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job's work happens: its slots, in ``time_zone``, between its dates (None: open-ended)."""

    slots: Slots
    starts_on: date
    ends_on: date | None
    time_zone: str
    today: date | None = None
    """The date at the job's place once the job has begun (see `remaining`); None: all of it is ahead."""
    minute: int = 0
    """Minutes of `today` that are over."""

    @property
    def first_day(self) -> date:
        """The first day of the window."""
        return self.starts_on if self.today is None else self.today


@dataclass(frozen=True, slots=True)
class Availability:
    """When a person is free: a week of slots, less the days off, less the jobs accepted already."""

    slots: Slots
    time_zone: str
    time_off: tuple[DateRange, ...] = ()
    busy: tuple[Schedule, ...] = ()


@dataclass(frozen=True, slots=True)
class JobHours:
    """A job's work as intervals, to be compared with many workers' weeks. Made by `hours_of`."""

    schedule: Schedule
    days: int
    """Length of the window."""
    work: tuple[Interval, ...]
    """Every stretch of work in the window, in minutes since the first day's midnight."""
    shifts: tuple[tuple[int, Interval], ...]
    """The same shift by shift: when it starts, and what of it is still to come."""
    pieces: tuple[tuple[int, int, int], ...]
    """The work folded onto one week: (begin, end, how many times it happens in the window)."""
    minutes: int
    """All work in the window, in minutes. 0 when no slot falls on any of its days."""
    half_hours: tuple[int, ...]
    """Minutes of work in each of the week's 336 half hours, over the window. Summed over the half hours
    in which a person is free at all, it is never less than `free` of that person, if they live by the
    same clock."""
    week: tuple[int, ...]
    """The week as `app.core.week.bits` writes it: a half hour with work in it has its bit."""

    def free(self, availability: Availability) -> int:
        """Minutes of the work for which the person is free: 0 to `minutes`."""
        if self._is_plain(availability):
            return self._free_by_week(availability)
        open_hours = intersect(self._work_for(availability), self._open(availability))
        return total(open_hours) - total(intersect(open_hours, self._busy(availability.busy)))

    def clashes(self, others: Iterable[Schedule]) -> bool:
        """Whether any of the work still to come falls into hours of these jobs."""
        taken = self._busy(others)
        return bool(taken) and total(intersect(list(self.work), taken)) > 0

    def minutes_on_days_off(self, days_off: Iterable[DateRange], time_zone: str) -> int:
        """Minutes of the work whose shifts start on these days off, by the clock of that zone."""
        away = Availability((), time_zone, tuple(days_off))
        return self.minutes - total(self._work_for(away))

    def shift(self, time_zone: str) -> int:
        """Minutes to add to a clock of that zone to read the job's; none where there is no such zone any more."""
        if time_zone == self.schedule.time_zone or find_zone(time_zone) is None:
            return 0
        return _zone_shift(time_zone, self.schedule.time_zone, self.schedule.first_day)

    def _is_plain(self, availability: Availability) -> bool:
        first = self.schedule.first_day - timedelta(days=_MARGIN_DAYS)
        last = self.schedule.first_day + timedelta(days=self.days + _MARGIN_DAYS)
        return not availability.busy and not any(
            off.starts_on <= last and off.ends_on >= first for off in availability.time_off
        )

    def _free_by_week(self, availability: Availability) -> int:
        """As `free`, for somebody whose every week in the window is the same: much cheaper."""
        week = union(availability.slots)
        if shift := self.shift(availability.time_zone):
            week = merge(
                part for begin, end in week for part in on_circle(begin + shift, end - begin)
            )
        free = 0
        for begin, end, times in self.pieces:
            free += times * sum(
                min(end, to) - max(begin, frm) for frm, to in week if frm < end and begin < to
            )
        return free

    def _work_for(self, availability: Availability) -> list[Interval]:
        """The work less the shifts that start on one of the person's days off."""
        first, shift = self.schedule.first_day, self.shift(availability.time_zone)
        return merge(
            ahead
            for starts, ahead in self.shifts
            if not _is_off(first + timedelta(days=(starts - shift) // DAY), availability.time_off)
        )

    def _open(self, availability: Availability) -> list[Interval]:
        first = self.schedule.first_day
        shift = self.shift(availability.time_zone)
        return merge(
            (begin + shift, end + shift)
            for day, begin, end in _dated(
                availability.slots, first, -_MARGIN_DAYS, self.days + _MARGIN_DAYS
            )
            if not _is_off(day, availability.time_off)
        )

    def _busy(self, jobs: Iterable[Schedule]) -> list[Interval]:
        first = self.schedule.first_day
        taken: list[Interval] = []
        for other in jobs:
            shift = self.shift(other.time_zone)
            taken.extend(
                (begin + shift, end + shift)
                for day, begin, end in _dated(
                    other.slots, first, -_MARGIN_DAYS, self.days + _MARGIN_DAYS
                )
                if day >= other.starts_on and (other.ends_on is None or day <= other.ends_on)
            )
        return merge(taken)


def remaining(schedule: Schedule, now: datetime) -> Schedule:
    """The schedule with what is over at `now` marked as over; unchanged while all of it is ahead."""
    local = now.astimezone(ZoneInfo(schedule.time_zone))
    if local.date() < schedule.starts_on:
        return schedule
    begun = 1 if local.second or local.microsecond else 0
    minute = local.hour * 60 + local.minute + begun
    return replace(schedule, today=local.date(), minute=minute)


@lru_cache(maxsize=1024)
def hours_of(schedule: Schedule) -> JobHours:
    """Return a job's work as intervals. Cached: one job is compared with many workers."""
    first = schedule.first_day
    days = WINDOW_DAYS
    if schedule.ends_on is not None:
        days = max(0, min(days, (schedule.ends_on - first).days + 1))
    # A night shift of the evening before may still run.
    since = -1 if first > schedule.starts_on else 0
    shifts = tuple(
        (begin, (max(begin, schedule.minute), end))
        for day, begin, end in _dated(schedule.slots, first, since, days)
        if end > schedule.minute and (schedule.ends_on is None or day <= schedule.ends_on)
    )
    work = merge(ahead for _, ahead in shifts)
    pieces = tuple(_fold(work, first.weekday() * DAY))
    half_hours = _half_hours(pieces)
    return JobHours(
        schedule, days, tuple(work), shifts, pieces, total(work), half_hours, _bits(half_hours)
    )


def _half_hours(pieces: Iterable[tuple[int, int, int]]) -> tuple[int, ...]:
    minutes = [0] * (WEEK // HALF_HOUR)
    for begin, end, times in pieces:
        for half_hour in range(begin // HALF_HOUR, -(-end // HALF_HOUR)):
            start = half_hour * HALF_HOUR
            minutes[half_hour] += times * (min(end, start + HALF_HOUR) - max(begin, start))
    return tuple(minutes)


def _bits(half_hours: tuple[int, ...]) -> tuple[int, ...]:
    per_day = DAY // HALF_HOUR
    return tuple(
        sum(1 << bit for bit in range(per_day) if half_hours[day * per_day + bit])
        for day in range(WEEK // DAY)
    )


def _is_off(day: date, time_off: tuple[DateRange, ...]) -> bool:
    return any(off.starts_on <= day <= off.ends_on for off in time_off)


def _dated(
    slots: Slots, origin: date, first_day: int, past_day: int
) -> Iterator[tuple[date, int, int]]:
    """Each slot on each of its dates: (date, begin, end), in minutes since the origin's midnight."""
    for day in range(first_day, past_day):
        on = origin + timedelta(days=day)
        for slot in slots:
            if slot.weekday == on.weekday():
                begin = day * DAY + slot.start
                yield on, begin, begin + slot.minutes


def _fold(work: list[Interval], origin: int) -> Iterator[tuple[int, int, int]]:
    """The work on one week's circle, with how often each minute of the week is worked."""
    steps: Counter[int] = Counter()
    for begin, end in work:
        # Cut at week ends first: work without a break can be longer than a week.
        at = begin
        while at < end:
            until = min(end, at + WEEK)
            for frm, to in on_circle(origin + at, until - at):
                steps[frm] += 1
                steps[to] -= 1
            at = until
    times = 0
    for frm, to in pairwise(sorted(steps)):
        times += steps[frm]
        if times:
            yield frm, to, times


@lru_cache(maxsize=4096)
def _zone_shift(from_zone: str, to_zone: str, on: date) -> int:
    noon = datetime.combine(on, time(12), ZoneInfo(to_zone))
    there = noon.utcoffset()
    here = noon.astimezone(ZoneInfo(from_zone)).utcoffset()
    if there is None or here is None:  # pragma: no cover - a ZoneInfo always knows its offset
        raise ValueError("a time zone without an offset")
    return round((there - here).total_seconds() / 60)
