"""Weekly slots such as "Monday 22:00 to 02:00", in minutes since Monday 00:00.

A slot belongs to the day on which it starts. It may run into the next day, and from Sunday into Monday: the week
is a circle of `WEEK` minutes. Times are local wall-clock times; `app.matching.hours` applies dates, time off
and time zones.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import Final

DAY: Final = 24 * 60
"""Minutes of a day."""
WEEK: Final = 7 * DAY
"""Minutes of a week."""
HALF_HOUR: Final = 30
"""Minutes that one bit of `bits` stands for."""

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""Names in the order of `datetime.date.weekday`."""

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)

type Interval = tuple[int, int]
"""A half-open range of minutes."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A stretch of one weekday (0 = Monday), ``start`` and ``end`` in minutes since its midnight.

    ``end`` before ``start`` means the next day. Equal ones are ambiguous (nothing, or a whole day) and raise
    `ValueError`, as anything out of range does.
    """

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday < 7:
            raise ValueError("weekday must lie between 0 and 6")
        if not (0 <= self.start < DAY and 0 <= self.end < DAY):
            raise ValueError("start and end must lie between 0 and 1439 minutes")
        if self.start == self.end:
            raise ValueError("start and end must differ")

    @classmethod
    def parse(cls, weekday: str, start: str, end: str) -> "Slot":
        """Return the slot of ``("monday", "22:00", "02:00")``. Raises `ValueError`."""
        if weekday not in WEEKDAYS:
            raise ValueError("weekday must be one of " + ", ".join(WEEKDAYS))
        return cls(WEEKDAYS.index(weekday), parse_clock(start), parse_clock(end))

    @classmethod
    def between(cls, weekday: int, starts: time, ends: time) -> "Slot":
        """Return the slot between two times of day. Raises `ValueError` if they are equal."""
        return cls(weekday, starts.hour * 60 + starts.minute, ends.hour * 60 + ends.minute)

    @property
    def times(self) -> tuple[time, time]:
        """Its start and end as times of day."""
        return time(*divmod(self.start, 60)), time(*divmod(self.end, 60))

    @property
    def minutes(self) -> int:
        """Its length: 1 to 1439."""
        return (self.end - self.start) % DAY

    @property
    def begin(self) -> int:
        """Its start in minutes since Monday 00:00."""
        return self.weekday * DAY + self.start


def parse_clock(text: str) -> int:
    """Return ``"HH:MM"`` in minutes since midnight. Raises `ValueError`, for "24:00" too."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError('a time of day is written "HH:MM"')
    return int(found[1]) * 60 + int(found[2])


def format_clock(minutes: int) -> str:
    """Return minutes since midnight as ``"HH:MM"``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def on_circle(begin: int, length: int) -> list[Interval]:
    """Return a stretch of at most a week as one interval of the week, or two if it wraps."""
    begin %= WEEK
    end = begin + length
    return [(begin, end)] if end <= WEEK else [(begin, WEEK), (0, end - WEEK)]


def intervals(slot: Slot) -> list[Interval]:
    """Return a slot as one interval of the week, or two if it runs from Sunday into Monday."""
    return on_circle(slot.begin, slot.minutes)


def merge(parts: Iterable[Interval]) -> list[Interval]:
    """Return the same minutes in as few intervals as possible, in order."""
    merged: list[Interval] = []
    for begin, end in sorted(parts):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def intersect(a: list[Interval], b: list[Interval]) -> list[Interval]:
    """Return the minutes in both; arguments and result are merged intervals."""
    common: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        begin, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if begin < end:
            common.append((begin, end))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return common


def total(parts: Iterable[Interval]) -> int:
    """Return the minutes of intervals that don't overlap."""
    return sum(end - begin for begin, end in parts)


def union(slots: Iterable[Slot]) -> list[Interval]:
    """Return the minutes in at least one of the slots, as merged intervals."""
    return merge(part for slot in slots for part in intervals(slot))


def overlap_minutes(a: Iterable[Slot], b: Iterable[Slot]) -> int:
    """Return the number of minutes that lie in a slot of ``a`` and in one of ``b``."""
    return total(intersect(union(a), union(b)))


def overlaps(slot: Slot, slots: Iterable[Slot]) -> bool:
    """Whether the slot shares a minute with any of the others."""
    return overlap_minutes([slot], slots) > 0


def bits(slots: Iterable[Slot]) -> tuple[int, int, int, int, int, int, int]:
    """Return the week in half hours: for each weekday 48 bits, bit 0 for 00:00 to 00:30.

    A half hour counts when any of its minutes does, so weeks that share a minute share a bit: a filter on bits
    loses nobody, and an exact check has to follow it.
    """
    week = 0
    for begin, end in union(slots):
        first, past = begin // HALF_HOUR, -(-end // HALF_HOUR)
        week |= (1 << past) - (1 << first)
    per_day = DAY // HALF_HOUR
    mask = (1 << per_day) - 1
    mon, tue, wed, thu, fri, sat, sun = (week >> per_day * day & mask for day in range(7))
    return mon, tue, wed, thu, fri, sat, sun


def weekdays_between(starts_on: date, ends_on: date | None) -> frozenset[int]:
    """Return the weekdays (0 = Monday) from one date to the other, both included; all if `ends_on` is None."""
    if ends_on is None:
        return frozenset(range(7))
    days = min((ends_on - starts_on).days + 1, 7)
    return frozenset((starts_on.weekday() + day) % 7 for day in range(days))


def never_falling(slots: Iterable[Slot], starts_on: date, ends_on: date | None) -> list[int]:
    """Return the positions of the slots whose weekday does not occur between the dates."""
    occurring = weekdays_between(starts_on, ends_on)
    return [i for i, slot in enumerate(slots) if slot.weekday not in occurring]
