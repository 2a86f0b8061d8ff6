"""The values of facts in expectations: hours, days, places and money, each with how it is compared."""

import datetime as dt
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from app.catalogue import places
from app.catalogue.skills import SKILLS
from app.core.geo import Point, haversine_km
from app.core.week import DAY, WEEKDAYS, Slot
from tests.nlu.corpus_measure.lines import CORPUS

_NAMES: Final = {name[:3]: number for number, name in enumerate(WEEKDAYS)}
_GROUPS: Final = {
    "daily": frozenset(range(7)),
    "weekdays": frozenset(range(5)),
    "weekends": frozenset({5, 6}),
}
_WITHIN_KM: Final = 8
"""A place saved this near to the one meant is that place: quarters have no borders people agree on."""
_WITHIN_CITY_KM: Final = 40


# ── Weekly hours ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Span:
    """What a part of a day may begin and end with, in minutes; an end past `DAY` is the next day's."""

    starts: tuple[int, int]
    ends: tuple[int, int]

    def holds(self, start: int, end: int) -> bool:
        """Whether this start and end are what was meant."""
        return self.starts[0] <= start <= self.starts[1] and self.ends[0] <= end <= self.ends[1]


def _hours(start: float, latest_start: float, end: float, latest_end: float) -> Span:
    return Span((int(start * 60), int(latest_start * 60)), (int(end * 60), int(latest_end * 60)))


_PARTS_OF_DAY: Final[Mapping[str, Span]] = {
    "morning": _hours(4, 9, 11, 13),
    "afternoon": _hours(11, 14, 15, 19),
    "evening": _hours(15, 19, 20, 24),
    "night": _hours(18, 23, 22, 33),
    "day": _hours(5, 10, 16, 22),
    "all": _hours(0, 9, 20, 48),
}
"""What nobody says more exactly may be read within these bounds."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly hours as expected: the spans of each weekday; None where any hours of that day do."""

    days: Mapping[int, Sequence[Span] | None]
    any_days: Sequence[Span] | None = None
    """Where only the hours were said: these, on whatever days."""

    def holds(self, slots: Sequence[Slot]) -> bool:
        """Whether these slots are what was meant."""
        by_day: dict[int, list[tuple[int, int]]] = {}
        for slot in sorted(slots):
            end = slot.end if slot.end > slot.start else slot.end + DAY
            spans = by_day.setdefault(slot.weekday, [])
            if spans and spans[-1][1] >= slot.start:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((slot.start, end))
        if self.any_days is not None:
            return bool(by_day) and all(_match(self.any_days, found) for found in by_day.values())
        if set(by_day) != set(self.days):
            return False
        return all(spans is None or _match(spans, by_day[day]) for day, spans in self.days.items())


def _match(spans: Sequence[Span], found: Sequence[tuple[int, int]]) -> bool:
    return len(spans) == len(found) and all(
        span.holds(start, end) for span, (start, end) in zip(spans, found, strict=True)
    )


def parse_hours(text: str) -> Hours:
    """Return hours such as "sat,sun 10:00-18:00 + mon evening". Raises `ValueError`."""
    days: dict[int, Sequence[Span] | None] = {}
    for segment in text.split("+"):
        words = segment.split()
        if words[0] == "?":
            return Hours({}, [_span(part) for part in words[1].split("&")])
        spans = [_span(part) for part in words[1].split("&")] if len(words) > 1 else None
        for day in parse_weekdays(words[0]):
            days[day] = spans
    return Hours(days)


def parse_weekdays(text: str) -> frozenset[int]:
    """Return the weekdays of "mon-fri,sun". Raises `ValueError`."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if part in _GROUPS:
            found |= _GROUPS[part]
        elif first in _NAMES and (not dash or last in _NAMES):
            start, end = _NAMES[first], _NAMES[last if dash else first]
            found |= {(start + ahead) % 7 for ahead in range((end - start) % 7 + 1)}
        else:
            raise ValueError(f"{part!r} is no weekday")
    return frozenset(found)


def _span(text: str) -> Span:
    if text in _PARTS_OF_DAY:
        return _PARTS_OF_DAY[text]
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f"{text!r} are no hours")
    starts = (0, DAY) if start == "*" else (_clock(start),) * 2
    if end == "*":
        return Span(starts, (0, 2 * DAY))
    last = _clock(end)
    if start == "*":
        return Span(starts, (last, last))
    ends = last + DAY if last <= starts[0] else last
    return Span(starts, (ends, ends))


def _clock(text: str) -> int:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)", text)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        raise ValueError(f"{text!r} is no time of day")
    return int(found[1]) * 60 + int(found[2])


# ── Places ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was saved, read back or proposed."""

    label: str
    at: tuple[float, float] | None


@cache
def known_places() -> Mapping[str, tuple[float, float]]:
    """Return the points of the places that expectations name."""
    known = tomllib.loads((CORPUS / "places.toml").read_text(encoding="utf-8"))
    return {name: (point[0], point[1]) for name, point in known.items()}


def is_place(expected: str, found: Place) -> bool:
    """Whether this is the place meant: by its point where `places.toml` has it, else by its name.

    "Kurla/Mumbai" is a place in or near that city.
    """
    at = known_places().get(expected)
    if at is not None:
        return found.at is not None and _km(at, found.at) <= _WITHIN_KM
    name, _, city = expected.partition("/")
    near = places.by_city(city, places.HOME) if city else None
    if near is not None and found.at is not None:
        if _km((near.latitude, near.longitude), found.at) > _WITHIN_CITY_KM:
            return False
    elif city and city.casefold() not in found.label.casefold():
        return False
    return name.casefold() in found.label.casefold()


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    return haversine_km(Point(*one), Point(*other))


# ── Skills ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Skills:
    """Skills as expected: of each group at least one, and nothing else."""

    groups: Sequence[frozenset[str]]

    def holds(self, found: frozenset[str]) -> bool:
        """Whether these skills are what was meant."""
        return all(group & found for group in self.groups) and found <= self.all

    @property
    def all(self) -> frozenset[str]:
        """Every skill of every group."""
        return frozenset().union(*self.groups)


def parse_skills(text: str) -> Skills:
    """Return the skills of "cook/home_cook,waiter". Raises `ValueError` for an unknown one."""
    groups = tuple(frozenset(group.split("/")) for group in text.split(","))
    unknown = frozenset().union(*groups) - set(SKILLS)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} is no skill")
    return Skills(groups)


# ── Days of a job, and pay ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a job: exact dates, or weekdays from a day on."""

    dates: frozenset[dt.date] = frozenset()
    weekdays: frozenset[int] = frozenset()
    weekly: bool | None = None
    starts_on: dt.date | None = None

    def __str__(self) -> str:
        if self.dates:
            return " ".join(day.isoformat() for day in sorted(self.dates)[:7])
        names = ",".join(WEEKDAYS[day][:3] for day in sorted(self.weekdays))
        weekly = {True: " weekly", False: " once", None: ""}[self.weekly]
        return f"{names}{weekly} from {self.starts_on}"

    def holds(self, found: "Days") -> bool:
        """Whether these days are what was meant; what the expectation leaves open may be anything."""
        if self.dates:
            return self.dates == found.dates
        if self.starts_on is not None and self.starts_on != found.starts_on:
            return False
        if self.weekly is not None and found.weekly is not None and self.weekly != found.weekly:
            return False
        named = found.weekdays or frozenset(day.weekday() for day in found.dates)
        return not self.weekdays or self.weekdays == named


def parse_days(text: str) -> Days:
    """Return "2026-12-05", "2026-12-05..2026-12-07", "sat,sun/weekly", "from:2026-12-01/mon-fri"."""
    head, _, tail = text.partition("/")
    if head.startswith("from:"):
        start = dt.date.fromisoformat(head.removeprefix("from:"))
        return Days(weekdays=parse_weekdays(tail) if tail else frozenset(), starts_on=start)
    if head[0].isdigit():
        dates: set[dt.date] = set()
        for part in head.split(","):
            first, _, last = part.partition("..")
            start = dt.date.fromisoformat(first)
            end = dt.date.fromisoformat(last or first)
            dates |= {start + dt.timedelta(days=ahead) for ahead in range((end - start).days + 1)}
        return Days(dates=frozenset(dates))
    weekly = {"weekly": True, "once": False, "": None}[tail]
    return Days(weekdays=parse_weekdays(head), weekly=weekly)


@dataclass(frozen=True, slots=True)
class Pay:
    """The pay of a job as expected: rupees between two bounds, or to be agreed, and the unit if said."""

    least: int | None = None
    """None is pay to be agreed."""
    most: int | None = None
    unit: str | None = None

    def holds(self, amount: int | None, unit: str | None) -> bool:
        """Whether this pay is what was meant."""
        if self.least is None or self.most is None or amount is None:
            return self.least == amount
        return self.least <= amount <= self.most and self.unit in {None, unit}


def parse_pay(text: str) -> Pay:
    """Return "800/day", "500-600/day", "800" (unit not said) or "open". Raises `ValueError`."""
    if text == "open":
        return Pay()
    amount, _, unit = text.partition("/")
    least, _, most = amount.partition("-")
    return Pay(int(least), int(most or least), unit or None)


PARSERS: Final[Mapping[str, Any]] = {
    "skills": parse_skills,
    "role": parse_skills,
    "hours": parse_hours,
    "days": parse_days,
    "pay": parse_pay,
}
