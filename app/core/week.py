"""The week as people speak of it: slots such as "Monday 22:00 to 02:00", in minutes since Monday 00:00.

A slot belongs to the day on which it starts. It may run into the next day, and from Sunday into
Monday: the week is a circle of `WEEK` minutes. Times are wall-clock times of wherever the person
is, without a date; what dates, time off and time zones do to them is told in ``matching/hours.py``.
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
"""Minutes from the first, included, to the second, not included."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A stretch of one weekday (0 = Monday), ``start`` and ``end`` in minutes since its midnight.

    ``end`` at or before ``start`` means the next day; the two equal would be nothing or a whole day,
    which nobody could tell apart, so that is a `ValueError`, as is anything out of range.
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
        """From what people write: ``Slot.parse("monday", "22:00", "02:00")``; ValueError otherwise."""
        if weekday not in WEEKDAYS:
            raise ValueError("weekday must be one of " + ", ".join(WEEKDAYS))
        return cls(WEEKDAYS.index(weekday), parse_clock(start), parse_clock(end))

    @classmethod
    def between(cls, weekday: int, starts: time, ends: time) -> "Slot":
        """From two times of day, as tables keep them; `ValueError` for the same twice."""
        return cls(weekday, starts.hour * 60 + starts.minute, ends.hour * 60 + ends.minute)

    @property
    def times(self) -> tuple[time, time]:
        """When it starts and ends, as times of day."""
        return time(*divmod(self.start, 60)), time(*divmod(self.end, 60))

    @property
    def minutes(self) -> int:
        """How long it lasts: 1 to 1439."""
        return (self.end - self.start) % DAY

    @property
    def begin(self) -> int:
        """When it starts, in minutes since Monday 00:00."""
        return self.weekday * DAY + self.start


def parse_clock(text: str) -> int:
    """``"HH:MM"`` in minutes since midnight; `ValueError` for anything else, "24:00" too."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError('a time of day is written "HH:MM"')
    return int(found[1]) * 60 + int(found[2])


def format_clock(minutes: int) -> str:
    """Minutes since midnight as ``"HH:MM"``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def on_circle(begin: int, length: int) -> list[Interval]:
    """A stretch of at most a week, from any minute, as one interval of the week or two if it wraps."""
    begin %= WEEK
    end = begin + length
    return [(begin, end)] if end <= WEEK else [(begin, WEEK), (0, end - WEEK)]


def intervals(slot: Slot) -> list[Interval]:
    """A slot as one interval of the week, or two when it runs from Sunday into Monday."""
    return on_circle(slot.begin, slot.minutes)


def merge(parts: Iterable[Interval]) -> list[Interval]:
    """The same minutes in as few intervals as possible, in order, none touching another."""
    merged: list[Interval] = []
    for begin, end in sorted(parts):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def intersect(a: list[Interval], b: list[Interval]) -> list[Interval]:
    """The minutes in both; each argument as `merge` gives it, and so is the answer."""
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
    """Minutes in all, where no two overlap."""
    return sum(end - begin for begin, end in parts)


def union(slots: Iterable[Slot]) -> list[Interval]:
    """All minutes of the week in at least one of the slots, as `merge` gives them."""
    return merge(part for slot in slots for part in intervals(slot))


def overlap_minutes(a: Iterable[Slot], b: Iterable[Slot]) -> int:
    """Minutes of the week that lie in a slot of ``a`` and in one of ``b``, each counted once."""
    return total(intersect(union(a), union(b)))


def overlaps(slot: Slot, slots: Iterable[Slot]) -> bool:
    """Whether the slot shares a minute with any of the others; touching is not sharing."""
    return overlap_minutes([slot], slots) > 0


def bits(slots: Iterable[Slot]) -> tuple[int, int, int, int, int, int, int]:
    """The week in half hours: one integer below 2**48 a weekday, bit 0 for 00:00 to 00:30.

    A half hour counts when any minute of it does, so two weeks that share a minute share a bit: a
    filter on bits never loses anybody, it only lets some through who have to be looked at exactly.
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
    """Which weekdays (0 = Monday) occur from one date to the other, both included; None: all."""
    if ends_on is None:
        return frozenset(range(7))
    days = min((ends_on - starts_on).days + 1, 7)
    return frozenset((starts_on.weekday() + day) % 7 for day in range(days))


def never_falling(slots: Iterable[Slot], starts_on: date, ends_on: date | None) -> list[int]:
    """Positions of the slots whose weekday does not occur between the dates: a poster's slip."""
    occurring = weekdays_between(starts_on, ends_on)
    return [i for i, slot in enumerate(slots) if slot.weekday not in occurring]
