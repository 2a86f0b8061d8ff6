"""Reading when somebody is free: "weekdays after 6pm, sat all day", "शनिवार सुबह 9 से 5". Pure.

A text is cut into words the calendar knows (days, parts of the day, signs of a span) and times. Days
that follow each other share the times that follow them; times without days are for every day. What
can't be read as a whole is not read at all: it is always read back before it is kept, and a guess
that looks right is worse than a question.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from app.chat.understand import folded
from app.core.week import DAY, Slot, merge
from app.messaging.texts import catalogue, languages

_ALL_DAY: Final = (0, DAY)
_PARTS: Final[Mapping[str, tuple[int, int]]] = {
    "morning": (6 * 60, 12 * 60),
    "afternoon": (12 * 60, 17 * 60),
    "evening": (17 * 60, 22 * 60),
    "night": (20 * 60, 30 * 60),
    "all_day": _ALL_DAY,
    "any_time": _ALL_DAY,
}
"""Minutes from midnight; beyond 24 hours is the next day."""
_DAYS: Final[Mapping[str, tuple[int, ...]]] = {
    "monday": (0,),
    "tuesday": (1,),
    "wednesday": (2,),
    "thursday": (3,),
    "friday": (4,),
    "saturday": (5,),
    "sunday": (6,),
    "weekdays": (0, 1, 2, 3, 4),
    "weekends": (5, 6),
    "every_day": (0, 1, 2, 3, 4, 5, 6),
}
_EVERY_DAY: Final = _DAYS["every_day"]
_NAMED_TIMES: Final[Mapping[str, int]] = {"noon": 12 * 60, "midnight": 0}
_TIME: Final = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?!\d)")
_FILLERS: Final = frozenset(
    "i am i'm im free available on at in the my of me mein main par ko ke ka ki baje bje hu hun hoon "
    "hai h only work can o'clock oclock any time times between bhi sirf "
    "मैं में मे पर को के का की बजे हूं है सिर्फ खाली khali available नहीं भी".replace(" नहीं", "").split()
)
"""Words that change nothing."""
_HALF_DAY: Final = 12 * 60


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """A name of the calendar, `time`, `comma`, or `filler`."""
    minutes: int = 0
    fixed: bool = False
    """Whether a time says itself which half of the day it means."""


@dataclass(slots=True)
class _Clause:
    days: set[int] = field(default_factory=set)
    spans: list[tuple[int, int]] = field(default_factory=list)


def read(text: str) -> list[Slot] | None:
    """Return the weekly slots a text means, merged and in order, or None if it can't be read."""
    tokens = _tokens(folded(text))
    if not tokens:
        return None
    clauses = _clauses(tokens)
    return _slots(clauses) if clauses else None


@cache
def _lexicon() -> Sequence[tuple[str, frozenset[str]]]:
    """Every word of every language with what it can be, the longest first."""
    found: dict[str, set[str]] = {}
    for language in languages():
        for name, words in catalogue(language).calendar.items():
            for word in words:
                found.setdefault(folded(word), set()).add(name)
    return sorted(
        ((word, frozenset(names)) for word, names in found.items()),
        key=lambda item: (-len(item[0]), item[0]),
    )


def _tokens(text: str) -> list[tuple[_Token, frozenset[str]]] | None:
    """Cut a text into tokens, each with all it may be; None at the first word nobody knows."""
    found: list[tuple[_Token, frozenset[str]]] = []
    rest = text
    while rest := rest.lstrip():
        if rest[0] in ",;/\n।":
            found.append((_Token("comma"), frozenset({"comma"})))
            rest = rest[1:]
            continue
        if rest[0] in ".!'\"()":
            rest = rest[1:]
            continue
        time = _time_at(rest)
        if time is not None:
            token, length = time
            found.append((token, frozenset({"time"})))
            rest = rest[length:]
            continue
        word = _word_at(rest)
        if word is not None:
            names, length = word
            if fixed := names & set(_NAMED_TIMES):
                minutes = _NAMED_TIMES[next(iter(fixed))]
                found.append((_Token("time", minutes, fixed=True), frozenset({"time"})))
            else:
                found.append((_Token("word"), names))
            rest = rest[length:]
            continue
        filler = re.match(r"[^\s,;/।]+", rest)
        if filler is None or filler[0].strip(".!'\"()") not in _FILLERS:
            return None
        rest = rest[filler.end() :]
    return found


def _time_at(rest: str) -> tuple[_Token, int] | None:
    match = _TIME.match(rest)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return None
    if re.match(r"\s*days?\b", rest[match.end() :]):
        return None
    length = match.end()
    half = re.match(r"\s*(a\.?m\b\.?|p\.?m\b\.?)", rest[length:])
    if half is not None and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half[1].startswith("p") else 0)
        return _Token("time", hour * 60 + minute, fixed=True), length + half.end()
    fixed = hour > 12 or hour == 0 or (match[2] is not None and match[1].startswith("0"))
    return _Token("time", hour * 60 + minute, fixed=fixed), length


def _word_at(rest: str) -> tuple[frozenset[str], int] | None:
    for word, names in _lexicon():
        if rest.startswith(word):
            after = rest[len(word) : len(word) + 1]
            if word in {"-", "&"} or not after or not _joins(after):
                return names, len(word)
    return None


def _joins(character: str) -> bool:
    return character.isalpha() or character == "'" or "\u0900" <= character <= "\u0963"


def _clauses(tokens: list[tuple[_Token, frozenset[str]]]) -> list[_Clause] | None:
    """Group days and spans; days that come after a span begin the next clause."""
    clauses = [_Clause()]
    position = 0
    while position < len(tokens):
        names = tokens[position][1]
        if day := _days_at(tokens, position):
            days, position = day
            if clauses[-1].spans and clauses[-1].days:
                clauses.append(_Clause())
            elif clauses[-1].spans and _more_times(tokens, position):
                # "6pm to 9pm, sat 10 to 5": the first times are for every day.
                clauses[-1].days.update(_EVERY_DAY)
                clauses.append(_Clause())
            clauses[-1].days.update(days)
        elif span := _span_at(tokens, position):
            bounds, position = span
            clauses[-1].spans.append(bounds)
        elif names & {"and", "comma", "to"}:
            position += 1
        else:
            return None
    return clauses if any(clause.days or clause.spans for clause in clauses) else None


def _more_times(tokens: list[tuple[_Token, frozenset[str]]], position: int) -> bool:
    return any("time" in names or names & set(_PARTS) for _, names in tokens[position:])


def _days_at(
    tokens: list[tuple[_Token, frozenset[str]]], position: int
) -> tuple[tuple[int, ...], int] | None:
    name = _one_of(tokens[position][1], _DAYS)
    if name is None:
        return None
    days = _DAYS[name]
    if len(days) == 1 and position + 2 < len(tokens) and "to" in tokens[position + 1][1]:
        last = _one_of(tokens[position + 2][1], _DAYS)
        if last is not None and len(_DAYS[last]) == 1:
            length = (_DAYS[last][0] - days[0]) % 7
            after = position + 3
            # "som se shukr tak": the closing word belongs to the range.
            if after < len(tokens) and "to" in tokens[after][1]:
                after += not _time_follows(tokens, after + 1) or "before" in tokens[after][1]
            return tuple((days[0] + step) % 7 for step in range(length + 1)), after
    return days, position + 1


def _time_follows(tokens: list[tuple[_Token, frozenset[str]]], position: int) -> bool:
    return position < len(tokens) and "time" in tokens[position][1]


def _one_of(names: frozenset[str], table: Mapping[str, object]) -> str | None:
    found = [name for name in table if name in names]
    return found[0] if found else None


def _span_at(
    tokens: list[tuple[_Token, frozenset[str]]], position: int
) -> tuple[tuple[int, int], int] | None:
    """Read one stretch of a day: "after 6pm", "9 to 5", "morning", "subah 9 se 5", "6 ke baad"."""
    names = tokens[position][1]
    part = _one_of(names, _PARTS)
    if part is not None:
        hinted = _times_at(tokens, position + 1, part)
        return hinted or (_PARTS[part], position + 1)
    if "after" in names and _time_follows(tokens, position + 1):
        hinted = _times_at(tokens, position + 1, None)
        if hinted is not None and hinted[1] > position + 2:
            return hinted
        start = _moment(tokens[position + 1][0], None)
        start = start + _HALF_DAY if _is_open(tokens[position + 1][0], start, 9 * 60) else start
        after, hint = _hint_after(tokens, position + 2)
        start = _moment(tokens[position + 1][0], hint) if hint else start
        return (start, DAY), after
    if "before" in names and _time_follows(tokens, position + 1):
        end = _moment(tokens[position + 1][0], None)
        return (6 * 60, end if end > 6 * 60 else end + _HALF_DAY), position + 2
    if "time" in names:
        return _times_at(tokens, position, None)
    return None


def _is_open(token: _Token, start: int, latest: int) -> bool:
    """Whether "after 6" means the evening: nobody says so of an hour before dawn."""
    return not token.fixed and start < latest


def _times_at(
    tokens: list[tuple[_Token, frozenset[str]]], position: int, part: str | None
) -> tuple[tuple[int, int], int] | None:
    if position < len(tokens) and "after" in tokens[position][1] and part is not None:
        position += 1
    if not _time_follows(tokens, position):
        return None
    first = tokens[position][0]
    position, hint = _hint_after(tokens, position + 1)
    part = part or hint
    if position < len(tokens) and "to" in tokens[position][1]:
        ahead, late_part = _hint_at(tokens, position + 1)
        if _time_follows(tokens, ahead):
            last = tokens[ahead][0]
            after, last_hint = _hint_after(tokens, ahead + 1)
            if (
                after < len(tokens)
                and "before" in tokens[after][1]
                and not _time_follows(tokens, after + 1)
            ):
                after += 1
            return _span(first, last, part, late_part or last_hint), after
    if position < len(tokens) and tokens[position][1] & {"after"}:
        start = _moment(first, part)
        start = start + _HALF_DAY if part is None and _is_open(first, start, 9 * 60) else start
        return (start, DAY), position + 1
    if position < len(tokens) and tokens[position][1] & {"before"}:
        end = _moment(first, part)
        return (6 * 60, end if end > 6 * 60 else end + _HALF_DAY), position + 1
    return None


def _hint_at(tokens: list[tuple[_Token, frozenset[str]]], position: int) -> tuple[int, str | None]:
    """Skip a part of the day that only says which half a time means: "9 se shaam 5"."""
    if position < len(tokens):
        part = _one_of(tokens[position][1], _PARTS)
        if part in {"morning", "afternoon", "evening", "night"}:
            return position + 1, part
    return position, None


def _hint_after(
    tokens: list[tuple[_Token, frozenset[str]]], position: int
) -> tuple[int, str | None]:
    """As `_hint_at`, where the part follows the time: "6 in the evening"."""
    ahead, part = _hint_at(tokens, position)
    if part is not None and not _time_follows(tokens, ahead):
        return ahead, part
    return position, None


def _moment(token: _Token, part: str | None) -> int:
    minutes = token.minutes
    if token.fixed or part is None:
        return minutes
    if part == "morning":
        return minutes % _HALF_DAY
    if part == "night":
        return minutes if minutes < 6 * 60 else minutes % _HALF_DAY + _HALF_DAY
    return minutes % _HALF_DAY + _HALF_DAY


def _span(first: _Token, last: _Token, part: str | None, late_part: str | None) -> tuple[int, int]:
    """Two times as a stretch: of unclear hours the ones people work at, "9-5" and "6-10"."""
    start = _moment(first, part)
    end = _moment(last, late_part or (part if part in {"afternoon", "evening"} else None))
    if not first.fixed and part is None and last.fixed and last.minutes > _HALF_DAY:
        # "6 to 10 pm": the second time's half holds for the first, unless that is then too late.
        if start + _HALF_DAY < last.minutes and start < 7 * 60:
            start += _HALF_DAY
    elif not first.fixed and part is None and start < 6 * 60:
        start += _HALF_DAY
    elif not (first.fixed or last.fixed) and part is None and start < min(end, 7 * 60):
        # "6-10" is an evening, "9-12" a morning.
        start += _HALF_DAY
    if not last.fixed and late_part is None:
        while end <= start and end + _HALF_DAY <= DAY:
            end += _HALF_DAY
    if end <= start:
        end += DAY
    return start, end


def _slots(clauses: Sequence[_Clause]) -> list[Slot] | None:
    """Return the clauses as slots: merged within a day, none touching another's minutes."""
    week: dict[int, list[tuple[int, int]]] = {}
    for clause in clauses:
        days = clause.days or set(_EVERY_DAY)
        spans = clause.spans or [_ALL_DAY]
        for day in days:
            week.setdefault(day, []).extend(spans)
    slots: list[Slot] = []
    for day in sorted(week):
        slots += _slots_of_day(day, merge(week[day]))
    return _without_overlap(slots)


def _slots_of_day(day: int, spans: Sequence[tuple[int, int]]) -> Iterator[Slot]:
    for start, end in spans:
        if end - start >= DAY:
            # A slot can't last a whole day, so it is told as two halves.
            yield Slot(day, 0, _HALF_DAY)
            yield Slot(day, _HALF_DAY, 0)
            return
        if start < DAY:
            yield Slot(day, start, end % DAY)


def _without_overlap(slots: Sequence[Slot]) -> list[Slot] | None:
    """Cut what a night runs into the next morning's own slot; the earlier slot gives way."""
    kept: list[Slot] = []
    for slot in slots:
        end = slot.begin + slot.minutes
        starts = [
            other.begin + (7 * DAY if other.begin < slot.begin else 0)
            for other in slots
            if other is not slot
        ]
        nearest = min((start for start in starts if slot.begin < start < end), default=end)
        if nearest - slot.begin > 0:
            kept.append(Slot(slot.weekday, slot.start, (slot.start + nearest - slot.begin) % DAY))
    return kept or None
