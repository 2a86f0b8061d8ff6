"""Reading on which days a job is: "tomorrow", "28-30 Nov", "from 1 Dec to 15 Dec", "is shanivar". Pure.

Dates are taken out of the text; weekdays stay in it, because they are read together with the hours.
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
from app.nlu.vocabulary import phrases

GAP: Final = " | "
"""What stands where something was read: words on either side of it don't belong together."""

_MONTHS: Final = (
    ("january jan janvari जनवरी", 1),
    ("february feb farvari फरवरी", 2),
    ("march mar मार्च", 3),
    ("april apr aprail अप्रैल", 4),
    ("may मई", 5),
    ("june jun जून", 6),
    ("july jul julai जुलाई", 7),
    ("august aug agast अगस्त", 8),
    ("september sept sep sitambar सितंबर सितम्बर", 9),
    ("october oct aktubar अक्टूबर अक्तूबर", 10),
    ("november nov navambar नवंबर नवम्बर", 11),
    ("december dec disambar दिसंबर दिसम्बर", 12),
)
_MONTH: Final = {normalize(name): number for names, number in _MONTHS for name in names.split()}
_EDGE: Final = r"(?![a-z0-9\u0900-\u0963])"
_START: Final = r"(?<![a-z0-9\u0900-\u0963])"


def pattern_of(words: str) -> str:
    """Return a pattern of whole words, the longest first; a bar divides them."""
    found = sorted((normalize(word) for word in words.split("|")), key=len, reverse=True)
    return f"{_START}(?:{'|'.join(re.escape(word) for word in found)}){_EDGE}"


_MONTH_NAME: Final = "(" + "|".join(sorted(map(re.escape, _MONTH), key=len, reverse=True)) + ")"
_DAY: Final = r"(\d{1,2})(?:\s?(?:st|nd|rd|th))?"
_YEAR: Final = r"(?:,?\s*(20\d\d))?"
_TO: Final = r"\s*(?:-|to|till|until|se|से)\s*"
_DAYS_OF_MONTH: Final = re.compile(rf"{_START}{_DAY}{_TO}{_DAY}\s*{_MONTH_NAME}\.?{_EDGE}{_YEAR}")
_DAY_MONTH: Final = re.compile(rf"{_START}{_DAY}\s*(?:of\s+)?{_MONTH_NAME}\.?{_EDGE}{_YEAR}")
_MONTH_DAY: Final = re.compile(rf"{_START}{_MONTH_NAME}\.?\s+{_DAY}{_EDGE}(?!\s*[:-]){_YEAR}")
_TH: Final = r"(?:st|nd|rd|th)"
_NAMED_SO: Final = pattern_of(
    "floor|class|std|standard|grade|pass|road|cross|main|block|sector|phase|lane|street|avenue"
)
"""What is numbered, and no day: "2nd floor"."""
_ORDINALS: Final = re.compile(
    rf"{_START}(\d{{1,2}}){_TH}{_TO}(\d{{1,2}}){_TH}{_EDGE}(?!\s+{_NAMED_SO})"
)
_ORDINAL: Final = re.compile(
    rf"((?:{_START}(?:on|from|starting|till|until|by|for)\s+(?:the\s+)?)|(?:^|[,;|])\s*)(\d{{1,2}}){_TH}"
    rf"{_EDGE}(?!\s+{_NAMED_SO})"
)
_TARIKH: Final = re.compile(rf"{_START}(\d{{1,2}})\s*{pattern_of('tarikh|tareekh|तारीख|तारिख')}")
_NUMBERS: Final = re.compile(r"(?<![\d/.-])(\d{1,2})[/.](\d{1,2})(?:[/.](20\d\d|\d\d))?(?![\d/.])")
_ISO: Final = re.compile(r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)")
_AFTER_TOMORROW: Final = re.compile(pattern_of("day after tomorrow|parso|parson|परसों|परसो"))
_TOMORROW: Final = re.compile(pattern_of("tomorrow|tomorow|tommorow|tommorrow|tmrw|tmr|kal|कल"))
_YESTERDAY: Final = re.compile(pattern_of("yesterday|beeta kal|bita kal|बीता कल"))
_TODAY: Final = re.compile(pattern_of("today|tonight|aaj|aj|आज"))
_NEXT_WEEK: Final = re.compile(pattern_of("next week|agle hafte|agle haftey|अगले हफ्ते"))
_LONG: Final = re.compile(
    rf"(?:for\s+(?:the\s+)?(?:next\s+)?)?{_START}(\d{{1,3}})\s*"
    rf"(days?|weeks?|months?|din|dino|दिन|दिनों|hafte|hafton|हफ्ते|mahine|mahino|महीने){_EDGE}"
    r"(?:\s*(ke liye|tak|के लिए|तक))?"
)
_LENGTHS: Final = {"d": 1, "w": 7, "h": 7, "m": 30, "दि": 1, "हफ": 7, "मह": 30}
_MARK: Final = r"§(\d+)§"
_RANGE: Final = re.compile(
    rf"(?:from\s+|between\s+)?{_MARK}(?:\s*(?:to|till|until|se|से|-|and|tak)\s*){_MARK}(?:\s*(?:tak|तक))?"
)
_ONWARDS: Final = re.compile(
    rf"(?:from|starting|starts|start|since)\s+(?:on\s+|from\s+)?{_MARK}|{_MARK}\s*(?:onwards?|se|से)(?:\s+(?:shuru|शुरू))?"
)
_UNTIL: Final = re.compile(rf"(?:till|until|up to|upto)\s+{_MARK}|{_MARK}\s*(?:tak|तक)")
_THIS: Final = re.compile(pattern_of("this|coming|upcoming|is|iss|aane wale|aane wali|इस|आने वाले"))
_EACH: Final = re.compile(pattern_of("every|each|har|हर|all|weekly|har hafte|हर हफ्ते|every week"))
_NEXT: Final = re.compile(pattern_of("next|agle|agli|agla|अगले|अगली|अगला"))
_SHORT_YEAR: Final = 100
_MONTHS_AHEAD_DAYS: Final = 62
"""Within two months there is every day of a month."""
_SURELY_SOON: Final = dt.timedelta(days=60)
"""Within this the day comes first, as it is written here; 05/06 far ahead may be one of May."""
_ALWAYS: Final = "24/7"


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
        first = _day(match[1], _MONTH[match[3]], match[4], today)
        last = _day(match[2], _MONTH[match[3]], match[4], today)
        if first is None or last is None:
            return match[0]
        return f"{keep(first, '')}to{keep(last, '')}"

    text = _ISO.sub(lambda m: keep(_day(m[3], int(m[2]), m[1], today), m[0]), text)
    text = _DAYS_OF_MONTH.sub(of_month, text)
    text = _DAY_MONTH.sub(lambda m: keep(_day(m[1], _MONTH[m[2]], m[3], today), m[0]), text)
    text = _MONTH_DAY.sub(lambda m: keep(_day(m[2], _MONTH[m[1]], m[3], today), m[0]), text)
    text = _NUMBERS.sub(lambda m: keep(_day(m[1], int(m[2]), m[3], today), m[0]), text)
    text = _ORDINALS.sub(lambda m: _between(m, keep, today), text)
    text = _ORDINAL.sub(lambda m: m[1] + keep(_of_any_month(int(m[2]), today), m[0]), text)
    text = _TARIKH.sub(lambda m: keep(_of_any_month(int(m[1]), today), m[0]), text)
    for pattern, ahead in ((_YESTERDAY, -1), (_AFTER_TOMORROW, 2), (_TOMORROW, 1), (_TODAY, 0)):
        there = today + dt.timedelta(days=ahead)
        text = pattern.sub(lambda m, there=there: keep(there, m[0]), text)  # type: ignore[misc]
    monday = today + dt.timedelta(days=7 - today.weekday())
    text = _NEXT_WEEK.sub(GAP, text) if (next_week := _NEXT_WEEK.search(text)) else text
    text, days = _length(text)
    told = _put_together(text, found, days, monday if next_week else None, today)
    return replace(told, choices=choices, unreal=", ".join(unreal))


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
    if (match := _next_day().search(text)) is not None:
        ahead = (_weekday_of(match[1]) - today.weekday()) % 7
        # On a Wednesday the next Monday is the coming one; the next Sunday may be a week later.
        if ahead and today.weekday() + ahead <= 6:
            coming = today + dt.timedelta(days=ahead)
            rest = text[: match.start()] + GAP + text[match.end() :]
            return rest, (coming, coming + dt.timedelta(days=7))
    return text, ()


@cache
def _next_day() -> re.Pattern[str]:
    names = pattern_of("|".join(word for name, word in _day_words() if name in WEEKDAYS))
    more = pattern_of("and|aur|to|se|और|से")
    return re.compile(rf"{_NEXT.pattern}\s+({names})(?!\s*(?:{more}|[&-]))")


def _weekday_of(said: str) -> int:
    return next(
        WEEKDAYS.index(name)
        for name, word in _day_words()
        if normalize(word) == said and name in WEEKDAYS
    )


def _put_together(
    text: str, found: list[dt.date], days: int | None, monday: dt.date | None, today: dt.date
) -> Dates:
    text, weekly = _marks(text)
    if match := _RANGE.search(text):
        first, last = found[int(match[1])], found[int(match[2])]
        rest = _without(_RANGE.sub(GAP, text, count=1))
        return Dates(rest, first, max(first, last), weekly)
    if match := _UNTIL.search(text):
        last = found[int(match[1] or match[2])]
        others = [day for day in found if day != last]
        start = min(others, default=min(today + dt.timedelta(days=1), last))
        return Dates(_without(text), start, last, weekly)
    onwards = _ONWARDS.search(text) is not None
    rest = _without(_ONWARDS.sub(GAP, text))
    if not found:
        if monday is not None:
            return Dates(rest, monday, monday + dt.timedelta(days=(days or 7) - 1), weekly)
        if days is not None and days > 1:
            start = today + dt.timedelta(days=1)
            return Dates(rest, start, start + dt.timedelta(days=days - 1), weekly)
        return Dates(rest, weekly=weekly)
    first = min(found)
    if days is not None:
        return Dates(rest, first, first + dt.timedelta(days=days - 1), weekly)
    if onwards:
        return Dates(rest, first, None, weekly)
    named = tuple(sorted({day.weekday() for day in found})) if len(found) > 1 else ()
    return Dates(rest, first, max(found), weekly, named)


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
    match = _LONG.search(text)
    if match is None:
        return text, None
    said = match[0].startswith("for") or match[3] is not None
    alone = re.match(r"\s{0,3}(?:$|[,;|।]|from |starting )", text[match.end() :]) is not None
    if not (said or alone) or (match[2].startswith("day") and match[1] == "7" and not said):
        return text, None
    unit = next(days for start, days in _LENGTHS.items() if match[2].startswith(start))
    days = min(max(1, int(match[1]) * unit), 731)
    return text[: match.start()] + GAP + text[match.end() :], days


# ── Weekdays: once, or every week ────────────────────────────────────────────────────────────────


def _marks(text: str) -> tuple[str, bool | None]:
    """Take "this", "every" and "next" away from before a weekday; return what they mean."""
    weekly: bool | None = None
    for pattern, meaning in ((_EACH, True), (_THIS, False), (_NEXT, False)):
        before_day = re.compile(rf"{pattern.pattern}\s+(?={_named_days()})")
        if before_day.search(text):
            weekly = meaning
            text = before_day.sub("", text)
    return text, weekly


@cache
def _named_days() -> str:
    return pattern_of("|".join(word for _, word in _day_words()))


@cache
def _day_words() -> tuple[tuple[str, str], ...]:
    names = "monday tuesday wednesday thursday friday saturday sunday weekdays weekends every_day"
    return tuple((name, word) for name in names.split() for word in phrases("calendar", name))


def names_weekday(text: str) -> bool:
    """Whether a text names any day of the week."""
    return re.search(_named_days(), normalize(text)) is not None


@cache
def _plural() -> str:
    plural = [word for name, word in _day_words() if name == "every_day"]
    plural += [
        word
        for name, word in _day_words()
        if word.endswith("s") and name != "weekdays" and word[-4:] not in {"tues", "hurs"}
    ]
    return pattern_of("|".join(plural))


def is_weekly(text: str) -> bool:
    """Whether the days are those of every week by the word alone: "saturdays", "daily", "roz"."""
    return re.search(_plural(), normalize(text)) is not None


_ONCE: Final = re.compile(
    pattern_of(
        "once|only once|one time|just this week|only this week|ek baar|ek bar|sirf ek baar|एक बार"
    )
)
_WEEKLY: Final = re.compile(
    pattern_of(
        "weekly|every week|each week|regular|har hafte|har hafta|hamesha|roz|daily|हर हफ्ते|हमेशा|रोज"
    )
)


def once_or_weekly(text: str) -> bool | None:
    """Return whether an answer says every week (True) or once (False); None for neither or both."""
    plain = normalize(text)
    once, weekly = _ONCE.search(plain), _WEEKLY.search(plain)
    return None if bool(once) == bool(weekly) else bool(weekly)
