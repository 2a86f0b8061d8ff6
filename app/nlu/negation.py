"""Find what a message denies: "not sunday", "रविवार नहीं", "except monday", "500 nahi". Pure.

English puts the "not" before what it denies, Hindi behind it. Each negation therefore says on which side
to look; the words on its other side are affirmed.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

from app.core.week import weekdays_between
from app.nlu import dates, place_phrases, weekly_hours
from app.nlu.job_draft import Draft
from app.nlu.lexicon import Lexicon
from app.nlu.vocabulary import one_of, phrase_set, phrases

_BEFORE: Final = "before"
_AFTER: Final = "after"
_MOST_DAYS: Final = 31
_NUMBER: Final = re.compile(r"[₹\d]")


@cache
def _between_clauses() -> re.Pattern[str]:
    """Return the pattern of what parts clauses: signs, and a "but" that no "not" follows."""
    but, not_ = one_of("phrases", "clause_but"), one_of("phrases", "but_not")
    return re.compile(
        r",(?!(?:\d{2},){0,3}\d{3}(?!\d))|[;|।\n]|[.!?](?=\s|$)" + rf"|\s{but}\s(?!{not_})"
    )


def clauses(text: str) -> list[str]:
    """Return the clauses of a normalized text; a comma within a number parts none."""
    return _between_clauses().split(text)


@dataclass(slots=True)
class Denied:
    """What a text affirms and what it denies."""

    said: list[str] = field(default_factory=list)
    """The clauses, without what they deny."""
    days: set[int] = field(default_factory=set)
    """Weekdays, Monday 0."""
    dates: set[dt.date] = field(default_factory=set)
    others: list[str] = field(default_factory=list)
    """Whatever else is denied, in its own words."""
    inside: bool = False
    """Whether days were taken out of others in one breath: "every day except sunday"."""

    @property
    def when(self) -> bool:
        """Return whether any day is taken out."""
        return bool(self.days or self.dates)


def read(text: str, today: dt.date) -> Denied:
    """Return what a normalized text affirms and denies."""
    found = Denied()
    for clause in clauses(text):
        _clause(clause.split(), today, found)
    return found


def has_negation(text: str) -> bool:
    """Return whether a normalized text has any "not"."""
    return any(_not_at(clause.split()) for clause in clauses(text))


def split_denied_days(text: str, today: dt.date) -> tuple[str, Denied]:
    """Return a normalized text without the days that it denies, and them; any other "not" stays in it."""
    found, rest = Denied(), []
    for clause in clauses(text):
        here = Denied()
        _clause(clause.split(), today, here)
        if not here.when or here.others:
            rest.append(clause)
            continue
        found.days |= here.days
        found.dates |= here.dates
        rest += here.said
    return ", ".join(rest), found


def remove_days(draft: Draft, denied: Denied) -> Draft | None:
    """Return a job without these days; None where it had none of them, or one amid others."""
    changed = draft
    for day in sorted(denied.dates):
        earlier = _without_date(changed, day)
        if earlier is None:
            return None
        changed = earlier
    if not denied.days:
        return changed
    first, last = changed.starts_on, changed.ends_on
    falling = frozenset(range(7)) if first is None else weekdays_between(first, last)
    working = set(changed.days) or falling
    left = working - denied.days
    if left == working:
        return None
    if not left:
        return replace(changed, days=(), weekly=None, starts_on=None, ends_on=None)
    spans = tuple(span for span in changed.spans if span[0] not in denied.days)
    return replace(changed, days=tuple(sorted(left)), spans=spans)


def _without_date(draft: Draft, day: dt.date) -> Draft | None:
    one = dt.timedelta(days=1)
    if draft.starts_on is None:
        return None
    if draft.starts_on == day and draft.ends_on == day:
        return replace(draft, days=(), weekly=None, starts_on=None, ends_on=None)
    if draft.starts_on == day:
        return replace(draft, starts_on=day + one)
    return replace(draft, ends_on=day - one) if draft.ends_on == day else None


def _clause(words: Sequence[str], today: dt.date, found: Denied) -> None:
    nots = _not_at(words)
    if not nots:
        found.said += [" ".join(words)] if words else []
        return
    starts = [0, *(at + length for _, at, length in nots)]
    ends = [*(at for _, at, _ in nots), len(words)]
    parts = [" ".join(words[start:end]) for start, end in zip(starts, ends, strict=True)]
    named = [
        _days_in(part, today, last=number < len(nots) and _AFTER in nots[number][0])
        for number, part in enumerate(parts)
    ]
    denied: set[int] = set()
    for number, (sides, _, _) in enumerate(nots):
        # "not sunday", but also "sunday not".
        behind = _BEFORE in sides and (_AFTER not in sides or parts[number + 1] != "")
        first, other = (number + 1, number) if behind else (number, number + 1)
        if parts[first]:
            denied.add(first)
            found.inside |= behind and named[first].told and bool(named[other].days)
        elif named[other].told:
            denied.add(other)
    for number, (part, days) in enumerate(zip(parts, named, strict=True)):
        if number in denied and days.told:
            found.days |= days.days
            found.dates |= days.dates
            found.said += [days.rest] if days.rest else []
        elif part:
            (found.others if number in denied else found.said).append(part)


def _not_at(words: Sequence[str]) -> list[tuple[frozenset[str], int, int]]:
    """Return each negation's sides, position and number of words."""
    bare = [word.strip(".!?:") for word in words]
    found: list[tuple[frozenset[str], int, int]] = []
    for sides, at, part in _nots().scan(bare):
        # "No, 3 people" and "no pay 900" deny nothing, nor does "nahi 900 do"; and "gali no 5" is a number.
        after = bare[at + len(part) : at + len(part) + 2]
        if after and _parts_named().covers(after[:1]):
            after = after[1:]
        opens = bare[at] == "no" or (at == 0 and sides == frozenset({_AFTER}))
        exclaimed = opens and _NUMBER.match(" ".join(after[:1]))
        if sides is not None and not exclaimed:
            found.append((sides, at, len(part)))
    return found


@cache
def _parts_named() -> Lexicon[bool]:
    return phrase_set(
        *("part_pay", "part_place", "part_people", "part_role", "part_days", "part_hours")
    )


@cache
def _nots() -> Lexicon[frozenset[str]]:
    before, after = phrases("phrases", "deny_before"), phrases("phrases", "deny_after")
    both = set(before) & set(after)
    return Lexicon(
        [
            *((word, frozenset({_BEFORE, _AFTER})) for word in both),
            *((word, frozenset({_BEFORE})) for word in before if word not in both),
            *((word, frozenset({_AFTER})) for word in after if word not in both),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """The days that a part of a text names; `rest` are its other words."""

    days: frozenset[int]
    dates: frozenset[dt.date]
    rest: str

    @property
    def told(self) -> bool:
        return bool(self.days or self.dates)


def _days_in(text: str, today: dt.date, *, last: bool) -> _Days:
    """Return the days beside the "not": the last that a part names, or the first."""
    words = text.split()
    every_day = phrase_set("every_day", section="calendar")
    for at, end in _runs(len(words), last=last):
        run = " ".join(words[at:end])
        others = every_day.without(words[at:end])
        if others and len(others) < end - at:
            continue  # "roz sunday chhod ke" denies the Sunday, and not every day
        if (
            not _NUMBER.search(run)
            and dates.names_weekday(run)
            and (slots := weekly_hours.read(run))
        ):
            rest = " ".join([*words[:at], *words[end:]])
            return _Days(frozenset(slot.weekday for slot in slots), frozenset(), rest)
    when = dates.read(text, today)
    rest = when.rest.replace(dates.GAP.strip(), " ")
    if when.starts_on is None or place_phrases.trim(rest.split()):
        return _Days(frozenset(), frozenset(), text)
    length = min(((when.ends_on or when.starts_on) - when.starts_on).days, _MOST_DAYS)
    steps = range(length + 1)
    return _Days(
        frozenset(), frozenset(when.starts_on + dt.timedelta(days=step) for step in steps), ""
    )


def _runs(length: int, *, last: bool) -> Iterator[tuple[int, int]]:
    """The parts of so many words: those with the last word first, or the first; of each the longest."""
    if last:
        yield from ((at, end) for end in range(length, 0, -1) for at in range(end))
    else:
        yield from ((at, end) for at in range(length) for end in range(length, at, -1))
