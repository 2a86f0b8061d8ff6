"""Read on which days a job is: "tomorrow", "28-30 Nov", "from 1 Dec to 15 Dec", "is shanivar". Pure.

The reader takes dates out of the text. Weekdays stay in it, to be read together with the hours.
"""

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from app.core.week import WEEKDAYS
from app.nlu.normalize import normalize
from app.nlu.numbers import count_pattern, parse_whole
from app.nlu.vocabulary import EDGE, START, named_phrases, one_of, phrases, whole_word, word_set

GAP: Final = " | "
"""Replaces what was read, so that the words on either side are not taken together."""
_DAY_NAMES: Final = (*WEEKDAYS, "weekdays", "weekends", "every_day")
_MARK: Final = r"§(\d+)§"
"""Replaces a date that was read: its number among those found."""
_NUMBERS: Final = re.compile(r"(?<![\d/.-])(\d{1,2})[/.](\d{1,2})(?:[/.](20\d\d|\d\d))?(?![\d/.])")
_ISO: Final = re.compile(r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)")
_WEEK: Final = 7
_NEAR_DAYS: Final = 2
_SHORT_YEAR: Final = 100
_MONTHS_AHEAD_DAYS: Final = 62
"""Within two months there is every day of a month."""
_SURELY_SOON: Final = dt.timedelta(days=60)
"""Within this the day comes first, as it is written here; 05/06 far ahead may be one of May."""
_ALWAYS: Final = "24/7"
_LENGTH_DAYS: Final = {"length_day": 1, "length_week": 7, "length_month": 30}


class _Patterns:
    """The patterns of dates, made of the vocabularies."""

    def __init__(self) -> None:
        def any_of(*names: str) -> str:
            return one_of("dates", *names)

        def word(*names: str) -> str:
            return whole_word("dates", *names)

        def words(*names: str) -> re.Pattern[str]:
            return re.compile(word(*names))

        self.months = {normalize(name): int(month) for month, name in named_phrases("months")}
        month = f"({one_of('months', *map(str, range(1, 13)))})"
        day = r"(\d{1,2})(?:\s?(?:st|nd|rd|th))?"
        year = r"(?:,?\s*(20\d\d))?"
        to = rf"\s*(?:-|{any_of('to')})\s*"
        th = r"(?:st|nd|rd|th)"
        no_number = rf"(?!\s+{word('not_days')})"
        self.days_of_month = re.compile(rf"{START}{day}{to}{day}\s*{month}\.?{EDGE}{year}")
        both = rf"\s*(?:{one_of('calendar', 'and')}|,)\s*"
        self.two_days_of_month = re.compile(rf"{START}{day}{both}{day}\s*{month}\.?{EDGE}{year}")
        self.day_month = re.compile(rf"{START}{day}\s*(?:of\s+)?{month}\.?{EDGE}{year}")
        self.month_day = re.compile(rf"{START}{month}\.?\s+{day}{EDGE}(?!\s*[:-]){year}")
        self.ordinals = re.compile(rf"{START}(\d{{1,2}}){th}{to}(\d{{1,2}}){th}{EDGE}{no_number}")
        self.ordinal = re.compile(
            rf"((?:{START}{any_of('before_ordinal')}\s+(?:the\s+)?)|(?:^|[,;|])\s*)"
            rf"(\d{{1,2}}){th}{EDGE}{no_number}"
        )
        self.day_of_month = re.compile(rf"{START}(\d{{1,2}})\s*{word('day_of_month')}")
        self.ahead = (
            (words("yesterday"), -1),
            (words("after_tomorrow"), 2),
            (words("tomorrow"), 1),
            (words("today"), 0),
        )
        self.next_week = words("next_week")
        until_end = (any_of("until"), any_of("until_before"), word("month_end"))
        self.month_end = re.compile(
            rf"({until_end[0]}\s+){until_end[2]}|{until_end[2]}(?=\s+{until_end[1]}{EDGE})"
        )
        self.unit_days = {
            unit: days for name, days in _LENGTH_DAYS.items() for unit in word_set("dates", name)
        }
        counted = one_of("dates", "one")
        self.length = re.compile(
            rf"(?:{any_of('for')}\s+)?{START}(\d{{1,3}}|{counted}|{count_pattern()})\s*({any_of(*_LENGTH_DAYS)}){EDGE}"
            rf"(?:\s*({any_of('long')}))?"
        )
        self.after_length = re.compile(r"\s{0,3}(?:$|[,;|।]|from |starting )")
        self.range = re.compile(
            rf"(?:{any_of('range_begins')}\s+)?{_MARK}(?:\s*(?:-|{any_of('range_to')})\s*){_MARK}"
            rf"(?:\s*{any_of('range_ends')})?"
        )
        self.onwards = re.compile(
            rf"{any_of('from')}\s+(?:on\s+|from\s+)?{_MARK}"
            rf"|{_MARK}\s*{any_of('onwards')}(?:\s+{any_of('begins')})?"
        )
        self.until = re.compile(rf"{any_of('until')}\s+{_MARK}|{_MARK}\s*{any_of('until_before')}")
        names = whole_word("calendar", *_DAY_NAMES)
        self.day_name = re.compile(names)
        self.before_day = tuple(
            (re.compile(rf"{word(name)}\s+(?={names})"), weekly)
            for name, weekly in (("each", True), ("this", False), ("next", False))
        )
        self.next_day = re.compile(
            rf"{word('next')}\s+({whole_word('calendar', *WEEKDAYS)})(?!\s*(?:{word('more')}|[&-]))"
        )
        one_day = whole_word("calendar", *WEEKDAYS)
        self.from_day = re.compile(
            rf"{any_of('from')}\s+({one_day})|({one_day})\s+{any_of('onwards')}{EDGE}"
        )
        self.once, self.weekly = words("once"), words("weekly")


_patterns = cache(_Patterns)


@dataclass(frozen=True, slots=True)
class Dates:
    """What a text says about dates; `rest` is the text without them."""

    rest: str
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    weekly: bool | None = None
    days: tuple[int, ...] = ()
    """Weekdays of several single dates."""
    choices: tuple[dt.date, ...] = ()
    """The days that an unclear one may be: 05/06, "next sunday"."""
    unreal: str = ""
    """A day that no calendar has, as it was written."""


def read(text: str, today: dt.date) -> Dates:
    """Take the dates out of a normalize text."""
    patterns = _patterns()
    found: list[dt.date] = []
    unreal: list[str] = []
    text = text.replace("§", " ").replace(_ALWAYS, GAP)
    text, choices = _unclear(text, today)

    def keep(day: dt.date | None, said: str) -> str:
        if day is None:
            if not re.search(r"[/.]", said) and any(
                1 <= int(n) <= 31 for n in re.findall(r"\d+", said)
            ):
                unreal.append(said.strip())
                return GAP
            return said
        found.append(day)
        return f" §{len(found) - 1}§ "

    def of_month(match: re.Match[str]) -> str:
        first = _day(match[1], patterns.months[match[3]], match[4], today)
        last = _day(match[2], patterns.months[match[3]], match[4], today)
        if first is None or last is None:
            return match[0]
        return f"{keep(first, '')}to{keep(last, '')}"

    def both_of_month(match: re.Match[str]) -> str:
        month, year = patterns.months[match[3]], match[4]
        first, second = _day(match[1], month, year, today), _day(match[2], month, year, today)
        # "3 waiters, 25 december": only days one after the other are said in one breath.
        if first is None or second is None or not 0 < (second - first).days <= _NEAR_DAYS:
            return match[0]
        return f"{keep(first, '')}{keep(second, '')}"

    text = _ISO.sub(lambda m: keep(_day(m[3], int(m[2]), m[1], today), m[0]), text)
    text = patterns.days_of_month.sub(of_month, text)
    text = patterns.two_days_of_month.sub(both_of_month, text)
    text = patterns.day_month.sub(
        lambda m: keep(_day(m[1], patterns.months[m[2]], m[3], today), m[0]), text
    )
    text = patterns.month_day.sub(
        lambda m: keep(_day(m[2], patterns.months[m[1]], m[3], today), m[0]), text
    )
    text = _NUMBERS.sub(lambda m: keep(_day(m[1], int(m[2]), m[3], today), m[0]), text)
    text = patterns.ordinals.sub(lambda m: _between(m, keep, today), text)
    text = patterns.ordinal.sub(lambda m: m[1] + keep(_of_any_month(int(m[2]), today), m[0]), text)
    text = patterns.day_of_month.sub(lambda m: keep(_of_any_month(int(m[1]), today), m[0]), text)
    # On a Monday the next Monday is no other than that in a week.
    week = today + dt.timedelta(days=7)
    text = patterns.next_day.sub(
        lambda m: keep(week, m[0]) if _weekday_of(m[1]) == today.weekday() else m[0], text
    )
    last = today.replace(day=monthrange(today.year, today.month)[1])
    text = patterns.month_end.sub(lambda m: f"{m[1] or ''}{keep(last, m[0])}", text)
    for pattern, ahead in patterns.ahead:
        there = today + dt.timedelta(days=ahead)
        text = pattern.sub(lambda m, there=there: keep(there, m[0]), text)  # type: ignore[misc]
    monday = today + dt.timedelta(days=7 - today.weekday())
    text, next_week = patterns.next_week.subn(GAP, text)
    text, days = _length(text)
    dates = _put_together(text, found, days, monday if next_week else None, today)
    return replace(dates, choices=choices, unreal=", ".join(unreal))


def _between(
    match: re.Match[str], keep: Callable[[dt.date | None, str], str], today: dt.date
) -> str:
    """Read "1st to 5th", which name no month: the next such days."""
    first = _of_any_month(int(match[1]), today)
    last = None if first is None else _of_any_month(int(match[2]), first)
    return match[0] if last is None else f"{keep(first, '')}to{keep(last, '')}"


def _of_any_month(day: int, today: dt.date) -> dt.date | None:
    """Return the next day of the month with this number."""
    ahead = (today + dt.timedelta(days=step) for step in range(_MONTHS_AHEAD_DAYS))
    return next((date for date in ahead if date.day == day), None)


def _unclear(text: str, today: dt.date) -> tuple[str, tuple[dt.date, ...]]:
    """Take out a day that may be one of two; return it as those to choose from."""
    if (match := _NUMBERS.search(text)) and match[3] is None:
        first = _day(match[1], int(match[2]), None, today)
        other = _day(match[2], int(match[1]), None, today)
        if first and other and first != other and first - today > _SURELY_SOON:
            return text[: match.start()] + GAP + text[match.end() :], (first, other)
    if (match := _patterns().next_day.search(text)) is not None:
        ahead = (_weekday_of(match[1]) - today.weekday()) % 7
        # On a Wednesday the next Monday is the coming one; the next Sunday may be a week later.
        if ahead and today.weekday() + ahead <= 6:
            coming = today + dt.timedelta(days=ahead)
            rest = text[: match.start()] + GAP + text[match.end() :]
            return rest, (coming, coming + dt.timedelta(days=7))
    return text, ()


def _weekday_of(name: str) -> int:
    return next(number for number, day in enumerate(WEEKDAYS) if name in word_set("calendar", day))


def _put_together(
    text: str, found: list[dt.date], days: int | None, monday: dt.date | None, today: dt.date
) -> Dates:
    text, weekly = _marks(text)
    if match := _patterns().range.search(text):
        first, last = found[int(match[1])], found[int(match[2])]
        rest = _without(_patterns().range.sub(GAP, text, count=1))
        return Dates(rest, first, max(first, last), weekly)
    if match := _patterns().until.search(text):
        last = found[int(match[1] or match[2])]
        others = [day for day in found if day != last]
        start = min(others, default=min(today + dt.timedelta(days=1), last))
        return Dates(_without(text), start, last, weekly)
    onwards = _patterns().onwards.search(text) is not None
    rest = _without(_patterns().onwards.sub(GAP, text))
    if not found:
        if monday is not None:
            return Dates(rest, monday, monday + dt.timedelta(days=(days or 7) - 1), weekly)
        if days is not None and days > 1:
            rest, start = _from_weekday(rest, today)
            return Dates(rest, start, start + dt.timedelta(days=days - 1), weekly)
        return Dates(rest, weekly=weekly)
    first = min(found)
    if days is not None:
        return Dates(rest, first, first + dt.timedelta(days=days - 1), weekly)
    if onwards:
        return Dates(rest, first, None, weekly)
    named = tuple(sorted({day.weekday() for day in found})) if len(found) > 1 else ()
    return Dates(rest, first, max(found), weekly, named)


def _from_weekday(text: str, today: dt.date) -> tuple[str, dt.date]:
    """Return when some days begin, which is tomorrow unless a weekday is named: "3 days from monday"; and the rest."""
    match = _patterns().from_day.search(text)
    if match is None:
        return text, today + dt.timedelta(days=1)
    ahead = (_weekday_of(match[1] or match[2]) - today.weekday()) % _WEEK
    rest = text[: match.start()] + GAP + text[match.end() :]
    return rest, today + dt.timedelta(days=ahead)


def _without(text: str) -> str:
    return re.sub(_MARK, GAP, text)


def _day(day: str, month: int, year: str | None, today: dt.date) -> dt.date | None:
    """A date; without a year the one that is not past, however far ahead that is."""
    wanted = int(day)
    if not 1 <= month <= 12 or not 1 <= wanted <= 31:
        return None
    if year is not None:
        number = int(year) + (2000 if int(year) < _SHORT_YEAR else 0)
        return _made(number, month, wanted)
    here = _made(today.year, month, wanted)
    if here is not None and here >= today:
        return here
    return _made(today.year + 1, month, wanted)


def _made(year: int, month: int, day: int) -> dt.date | None:
    return dt.date(year, month, day) if day <= monthrange(year, month)[1] else None


def _length(text: str) -> tuple[str, int | None]:
    """Take out how long the job lasts, in days; "5 days a week" is no such thing."""
    match = _patterns().length.search(text)
    if match is None:
        return text, None
    said = match[0].startswith("for") or match[3] is not None
    alone = _patterns().after_length.match(text, match.end()) is not None
    if not (said or alone) or (match[2].startswith("day") and match[1] == "7" and not said):
        return text, None
    number = parse_whole(match[1]) or 1
    days = min(max(1, number * _patterns().unit_days[match[2]]), 731)
    return text[: match.start()] + GAP + text[match.end() :], days


# ── Weekdays: once, or every week ────────────────────────────────────────────────────────────────


def _marks(text: str) -> tuple[str, bool | None]:
    """Take "this", "every" and "next" away from before a weekday; return what they mean."""
    weekly: bool | None = None
    for before_day, meaning in _patterns().before_day:
        text, count = before_day.subn("", text)
        weekly = meaning if count else weekly
    return text, weekly


def names_weekday(text: str) -> bool:
    """Return whether a text names any day of the week."""
    return _patterns().day_name.search(normalize(text)) is not None


@cache
def _plural() -> re.Pattern[str]:
    plural = phrases("calendar", "every_day")
    plural += [
        word
        for word in phrases("calendar", *(name for name in _DAY_NAMES if name != "weekdays"))
        if word.endswith("s") and word[-4:] not in {"tues", "hurs"}
    ]
    found = sorted(map(normalize, plural), key=len, reverse=True)
    return re.compile(f"{START}(?:{'|'.join(map(re.escape, found))}){EDGE}")


def is_weekly(text: str) -> bool:
    """Return whether the names of the days alone mean every week: "saturdays", "daily", "roz"."""
    return _plural().search(normalize(text)) is not None


def once_or_weekly(text: str) -> bool | None:
    """Return whether an answer says every week (True) or once (False); None for neither or both."""
    plain = normalize(text)
    once, weekly = _patterns().once.search(plain), _patterns().weekly.search(plain)
    return None if bool(once) == bool(weekly) else bool(weekly)
