"""A job while it is drafted in the chat, and its shifts. Pure."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum, auto
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from app.core.week import DAY, Slot, weekdays_between
from app.nlu.hour_halves import nearest, usual_start, whole_hours
from app.nlu.normalize import split_words

EVERY_SHIFT: Final = -1
"""In place of a weekday: these hours count on every day of the job."""
NOTE_CHARACTERS: Final = 200
_WEEK: Final = 7
_TOO_FAR: Final = dt.timedelta(days=300)
"""A day without a year that lies further ahead than this was meant to be one just past."""


def joined_note(before: str, more: str) -> str:
    """Return a note with what is said in addition, at most `NOTE_CHARACTERS`; nothing stands in it twice."""
    known, said = " ".join(split_words(before)), " ".join(split_words(more))
    if not said or said in known:
        return before
    return (f"{before}, {more}" if before else more)[:NOTE_CHARACTERS]


class JobPart(Enum):
    """A part of a job that people name, ask for and correct."""

    ROLE = auto()
    PLACE = auto()
    DAYS = auto()
    HOURS = auto()
    PEOPLE = auto()
    PAY = auto()


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a job; None and () are what nobody has said yet."""

    skill: str | None = None
    skills: tuple[str, ...] = ()
    """What the role may be, to choose from."""
    place: Mapping[str, Any] | None = None
    """`name`, `city`, `at` (latitude and longitude) and `zone`."""
    places: tuple[Mapping[str, Any], ...] = ()
    days: tuple[int, ...] = ()
    """Weekdays that were named, Monday 0."""
    weekly: bool | None = None
    """Whether the named days are those of every week, or the next such only; None is unclear."""
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    dates: tuple[str, ...] = ()
    """The days, ISO 8601, that an unclear one may be, to choose from."""
    no_day: str = ""
    """A day that no calendar has, as it was written; said once."""
    spans: tuple[tuple[int, int, int], ...] = ()
    """Weekday or `EVERY_SHIFT`, start and end in minutes."""
    halves: tuple[tuple[int, int, int], ...] = ()
    """The two spans that unclear hours may be, the one in the first half of the day first: "7 to 11"."""
    starts_at: int | None = None
    """When a shift begins whose end nobody said, in minutes."""
    start_sure: bool = False
    """Whether it was said which half of the day `starts_at` is of."""
    ends_at: int | None = None
    end_sure: bool = False
    people: int | None = None
    amount: int | None = None
    """The pay, in minor units."""
    per: str | None = None
    pay_open: bool = False
    """Whether the pay is to be agreed."""
    radius_km: float | None = None
    years: int | None = None
    widens: bool = False
    """Whether people a little beyond the radius or the years may be asked near the deadline."""
    widens_only: str = ""
    """The one limit, a `Widenable`, beyond which they may be asked; "" for either."""
    note: str = ""
    unsure: tuple[tuple[str, str], ...] = ()
    """What is only likely, by the name of its part, with the words that gave it: ("people", "2-3 log")."""

    def says(self, part: JobPart) -> bool:
        """Return whether anything is said of a part, if only options to choose from."""
        said = {
            JobPart.ROLE: self.skill or self.skills,
            JobPart.PLACE: self.place or self.places,
            JobPart.DAYS: self.when or self.dates,
            JobPart.HOURS: self.spans,
            JobPart.PEOPLE: self.people,
            JobPart.PAY: self.amount is not None or self.pay_open,
        }
        return bool(said[part])

    def with_whole_hours(self, minutes: int | None = None) -> "Draft":
        """Return the draft with its hours, where a start and an end, or `minutes` of work, make them."""
        start, end = self.starts_at, self.ends_at
        if start is None or (end is None and minutes is None):
            return self
        if end is None:
            start = start if self.start_sure else usual_start(start)
            end = start + (minutes or 0)
        else:
            start, end = whole_hours(start, end, (self.start_sure, self.end_sure))
        if start % DAY == end % DAY:
            # From twelve to twelve is no shift: when it ends is asked.
            return replace(self, ends_at=None)
        return replace(
            self, spans=((EVERY_SHIFT, start % DAY, end % DAY),), starts_at=None, ends_at=None
        )

    @property
    def when(self) -> bool:
        """Return whether anything was said about the days."""
        return bool(self.days) or self.starts_on is not None

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads back; what nobody has said is left out."""
        known = {
            name: value
            for name, value in asdict(self).items()
            if value is not None and value is not False and value not in ((), "")
        } | ({} if self.weekly is None else {"weekly": self.weekly})
        for name in ("starts_on", "ends_on"):
            if name in known:
                known[name] = known[name].isoformat()
        return json.loads(json.dumps(known))  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return a kept draft; what can't be one any more is a draft without anything."""
        names = {field.name for field in fields(cls)}
        known = {name: part for name, part in value.items() if name in names}
        try:
            for name in ("starts_on", "ends_on"):
                if known.get(name):
                    known[name] = dt.date.fromisoformat(known[name])
            for name in ("skills", "places", "days", "dates"):
                if name in known:
                    known[name] = tuple(known[name])
            for name in ("spans", "halves"):
                if name in known:
                    known[name] = tuple((int(d), int(s), int(e)) for d, s, e in known[name])
            if "unsure" in known:
                known["unsure"] = tuple((str(part), str(said)) for part, said in known["unsure"])
        except (TypeError, ValueError):
            return cls()
        return cls(**known)

    def merged_with(self, newer: "Draft", *, adds: bool = False) -> "Draft":
        """Return this draft with what a newer one says: that fills and replaces, and deletes nothing else.

        `adds`: days are said to come in addition ("sunday also"), and don't replace those before.
        """
        changes: dict[str, Any] = {}
        if newer.skill or newer.skills:
            changes |= {"skill": newer.skill, "skills": newer.skills}
        if newer.place or newer.places:
            changes |= {"place": newer.place, "places": newer.places}
        changes["no_day"] = newer.no_day
        if newer.when or newer.dates:
            changes |= self._when_with(newer, adds=adds)
        elif newer.weekly is not None:
            changes["weekly"] = newer.weekly
        changes |= self._hours_with(newer)
        if newer.people is not None:
            changes["people"] = newer.people
        if newer.amount is not None or newer.pay_open:
            changes |= {"amount": newer.amount, "per": newer.per, "pay_open": newer.pay_open}
        elif newer.per is not None and self.amount is not None:
            changes["per"] = newer.per
        for name in ("radius_km", "years"):
            if getattr(newer, name) is not None:
                changes[name] = getattr(newer, name)
        if newer.note:
            changes["note"] = joined_note(self.note, newer.note)
        told = {part.name.lower() for part in JobPart if newer.says(part)}
        kept = tuple(one for one in self.unsure if one[0] not in told)
        return replace(self, **changes, unsure=(*kept, *newer.unsure)).with_whole_hours()

    def _hours_with(self, newer: "Draft") -> dict[str, Any]:
        """Return the hours after a newer draft; a start or an end alone changes only that."""
        if newer.spans:
            gone: dict[str, Any] = {"starts_at": None, "ends_at": None}
            return {"spans": newer.spans, "halves": newer.halves, **gone}
        told = {
            name: getattr(newer, name)
            for at, sure in (("starts_at", "start_sure"), ("ends_at", "end_sure"))
            if getattr(newer, at) is not None
            for name in (at, sure)
        }
        if not told or len(self.spans) != 1:
            return told
        [(day, start, end)] = self.spans
        if newer.starts_at is not None:
            start = nearest(newer.starts_at, start, sure=newer.start_sure)
        if newer.ends_at is not None:
            start, end = whole_hours(start, newer.ends_at, (True, newer.end_sure))
        if start % DAY == end % DAY:
            return {}
        return {"spans": ((day, start % DAY, end % DAY),), "halves": ()}

    def _when_with(self, newer: "Draft", *, adds: bool) -> dict[str, Any]:
        """Return the days after a newer draft named some; hours of weekdays that are left out go with them."""
        days, weekly = newer.days, newer.weekly
        starts_on, ends_on = newer.starts_on, newer.ends_on
        if starts_on is None and not newer.dates and self.starts_on is not None:
            within = weekdays_between(self.starts_on, self.ends_on)
            if adds or set(days) & within:
                # "from 10 december", and then "every day": the weekdays of those dates.
                starts_on, ends_on = self.starts_on, self.ends_on
        elif starts_on is not None and not days and starts_on != ends_on:
            days = tuple(sorted(set(self.days) & weekdays_between(starts_on, ends_on)))
            weekly = self.weekly if weekly is None else weekly
        if adds and newer.days:
            before = self.days
            if not before and self.starts_on is not None:
                before = tuple(weekdays_between(self.starts_on, self.ends_on))
            days = tuple(sorted({*before, *newer.days}))
            weekly = self.weekly if weekly is None or not self.weekly else True
            ends_on = _reaching(starts_on, ends_on, newer.days)
        changes: dict[str, Any] = {
            "days": days,
            "weekly": weekly,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "dates": newer.dates,
        }
        if any(span[0] != EVERY_SHIFT for span in self.spans):
            # Hours of one weekday mean nothing on another.
            changes["spans"] = tuple(
                span for span in self.spans if span[0] == EVERY_SHIFT or span[0] in days
            )
        return changes


@dataclass(frozen=True, slots=True)
class Shifts:
    """When a job is: dates and weekly slots."""

    starts_on: dt.date
    ends_on: dt.date | None
    slots: tuple[Slot, ...]

    @property
    def started(self) -> dt.time:
        """When the first day's first shift begins."""
        first = [slot.start for slot in self.slots if slot.weekday == self.starts_on.weekday()]
        return dt.time(*divmod(min(first, default=0), 60))


def _reaching(
    starts_on: dt.date | None, ends_on: dt.date | None, days: tuple[int, ...]
) -> dt.date | None:
    """Return the last date, moved on so far that each of these weekdays falls before it."""
    if starts_on is None or ends_on is None:
        return ends_on
    missing = set(days) - weekdays_between(starts_on, ends_on)
    steps = [(day - ends_on.weekday()) % _WEEK for day in missing]
    return ends_on + dt.timedelta(days=max(steps, default=0))


def shifts_of(draft: Draft, now: dt.datetime, zone: str) -> Shifts | None:
    """Return when the drafted job is, counted from today in its zone; None where it can't be told.

    Days of the week begin with the next one whose shift has not started. Raises nothing for days that
    are past: they are shown, and refused when the job is posted.
    """
    here = now.astimezone(ZoneInfo(zone))
    today = here.date()
    if draft.starts_on is not None:
        found = _between(draft, draft.starts_on, draft.ends_on)
    elif not draft.days:
        return None
    elif draft.weekly:
        found = _between(draft, _next(today, draft.days), None)
        if found is not None and _began(found, here):
            found = _between(draft, _next(today + dt.timedelta(days=1), draft.days), None)
    else:
        found = _once(draft, today)
        if found is not None and _began(found, here):
            found = _once(draft, today + dt.timedelta(days=1))
    return found


def is_past(shifts: Shifts, now: dt.datetime, zone: str) -> bool:
    """Return whether this begins in the past, or so far ahead that a day just past must be meant."""
    here = now.astimezone(ZoneInfo(zone))
    return (
        shifts.starts_on < here.date()
        or _began(shifts, here)
        or shifts.starts_on - here.date() > _TOO_FAR
    )


def _began(shifts: Shifts, here: dt.datetime) -> bool:
    return shifts.starts_on == here.date() and shifts.started <= here.time()


def _next(today: dt.date, days: tuple[int, ...]) -> dt.date:
    return min(today + dt.timedelta(days=(day - today.weekday()) % _WEEK) for day in days)


def _once(draft: Draft, today: dt.date) -> Shifts | None:
    """The next run of the named days, which is never longer than a week."""
    named = set(draft.days)
    openings = [day for day in named if (day - 1) % _WEEK not in named] or sorted(named)[:1]
    start = today if len(named) == _WEEK else _next(today, tuple(openings))
    last = max(
        start + dt.timedelta(days=ahead)
        for ahead in range(_WEEK)
        if (start + dt.timedelta(days=ahead)).weekday() in named
    )
    return _between(draft, start, last)


def _between(draft: Draft, starts_on: dt.date, ends_on: dt.date | None) -> Shifts | None:
    falling = weekdays_between(
        starts_on, ends_on if ends_on is None or ends_on >= starts_on else starts_on
    )
    days = [day for day in draft.days if day in falling] if draft.days else sorted(falling)
    slots = sorted(
        {
            Slot(day, start, end)
            for day in days
            for on, start, end in draft.spans
            if on in (EVERY_SHIFT, day)
        }
    )
    if not slots:
        return None
    first = starts_on
    working = {slot.weekday for slot in slots}
    while first.weekday() not in working:
        # The dates that are read back are those of the work.
        first += dt.timedelta(days=1)
    last = ends_on
    while last is not None and last.weekday() not in working and last > first:
        last -= dt.timedelta(days=1)
    return Shifts(first, last, tuple(slots))


def token(value: Mapping[str, Any]) -> str:
    """Return a short name of exactly these values: a Yes counts for what was read back, only."""
    plain = json.dumps(value, sort_keys=True, default=str).encode()
    return hashlib.sha256(plain).hexdigest()[:12]
