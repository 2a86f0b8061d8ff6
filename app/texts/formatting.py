"""Format values in a language: money, distances, dates, hours, names.

Each function here is a filter of the catalogue: `{salary|pay}` calls `pay`. It gets the value, the
language's words, and the other parameters of the message, and returns one line of text.
Numbers, dates and currencies follow CLDR (by Babel). What people wrote themselves comes out inert.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import phonenumbers
from babel import dates, numbers
from babel.core import Locale

from app.catalogue import skills as skill_catalogue
from app.catalogue.place_names import place_in
from app.core.money import exponent
from app.core.phones import whatsapp_url
from app.core.week import WEEKDAYS, Slot, format_clock

DEFAULT_ZONE: Final = "Asia/Kolkata"
"""Of a time in a message that names no zone of its own."""
LINE_CHARACTERS: Final = 160
"""The longest text of a person that goes into a message of ours."""
_MEANS_SOMETHING: Final = str.maketrans("*_~`{}", "∗ˍ∼ˋ()")
"""WhatsApp's markup and the platform's template variables, as look-alikes without a meaning."""
_KEPT_INVISIBLE: Final = "\u200c\u200d"
"""Joiners that Hindi and other Indian scripts are spelled with."""


# A wave of offers says the same few dates, hours and numbers a thousand times.
format_date = lru_cache(4_096)(dates.format_date)
format_time = lru_cache(4_096)(dates.format_time)
format_decimal = lru_cache(4_096)(numbers.format_decimal)
format_currency = lru_cache(4_096)(numbers.format_currency)


@dataclass(frozen=True)
class FormatContext:
    """In whose language and zone something is said."""

    language: str
    locale: Locale
    words: Mapping[str, str]
    now: dt.datetime | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    """The other values of the message."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone this message's times are told in."""
        return ZoneInfo(self.params.get("time_zone") or DEFAULT_ZONE)

    @property
    def own_zone(self) -> ZoneInfo:
        """The zone of whoever reads it: by that clock a deadline is told."""
        own = self.params.get("reader_zone")
        return ZoneInfo(own) if own else self.zone


def inert(value: str, limit: int = LINE_CHARACTERS) -> str:
    """Return a person's text as one harmless line of at most `limit` characters.

    Line breaks, tabs and runs of spaces (which templates refuse), invisible and direction-changing
    characters, markup and variables lose their meaning; the words stay.
    """
    shown = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in value
        if unicodedata.category(character) not in {"Cf", "Cs"} or character in _KEPT_INVISIBLE
    )
    line = " ".join(shown.translate(_MEANS_SOMETHING).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _text(value: Any, _reader: FormatContext) -> str:
    return inert(str(value))


def _lines(value: Any, _reader: FormatContext) -> str:
    """Lines that were made harmless one by one."""
    return str(value)


def _code(value: Any, _reader: FormatContext) -> str:
    return str(value)


def _url(value: Any, _reader: FormatContext) -> str:
    return re.sub(r"\s", "", str(value))


def _count(value: Any, reader: FormatContext) -> str:
    return format_decimal(value, locale=reader.locale)


def _years(value: Any, reader: FormatContext) -> str:
    word = reader.words["years_one" if int(value) == 1 else "years"]
    return word.replace("{value}", _count(value, reader))


def _km(value: Any, reader: FormatContext) -> str:
    number = format_decimal(round(float(value), 1), format="#,##0.#", locale=reader.locale)
    return f"{number} {reader.words['km']}"


def money(amount: int, currency: str, reader: FormatContext) -> str:
    """Say an amount in minor units: decimals only where there are any."""
    value = Decimal(amount).scaleb(-exponent(currency))
    if value != value.to_integral_value():
        return format_currency(value, currency, locale=reader.locale)
    whole = reader.locale.currency_formats["standard"].pattern.replace(".00", "")
    return format_currency(
        value, currency, format=whole, locale=reader.locale, currency_digits=False
    )


def _money(value: Any, reader: FormatContext) -> str:
    return money(value["amount"], value["currency"], reader)


def _amount(value: Any, reader: FormatContext) -> str:
    return money(value, reader.params["currency"], reader)


def _pay(value: Any, reader: FormatContext) -> str:
    if not value:
        return reader.words["pay_open"]
    amount = money(value["amount"], value["currency"], reader)
    return reader.words[f"pay_{value['per']}"].replace("{amount}", amount)


def day(value: dt.date, reader: FormatContext) -> str:
    """Say a date: weekday, day and month; the year only when it is not this one."""
    this_year = reader.now is None or reader.now.year == value.year
    pattern = reader.words.get("day_pattern", "EEE d MMM")
    return format_date(value, pattern if this_year else f"{pattern} y", locale=reader.locale)


def _span(name: str, start: str, end: str, reader: FormatContext) -> str:
    """Say a span as the language reads it aloud, or with a dash."""
    said = reader.words.get(name, "{start} – {end}")
    return said.replace("{start}", start).replace("{end}", end)


def _part_of_day(hour: int) -> str:
    if 4 <= hour < 12:
        return "morning"
    if 12 <= hour < 16:
        return "afternoon"
    return "evening" if 16 <= hour < 20 else "night"


def clock(value: dt.time, reader: FormatContext) -> str:
    """Say a time of day, as people do: 6 pm, 6:30 pm, शाम 6 बजे."""
    if (said := reader.words.get("clock")) is not None:
        return said.replace("{part}", reader.words[f"part_{_part_of_day(value.hour)}"]).replace(
            "{time}", format_time(value, "h:mm" if value.minute else "h", locale=reader.locale)
        )
    pattern = "h:mm a" if value.minute else "h a"
    return format_time(value, pattern, locale=reader.locale)


def _when(value: Any, reader: FormatContext) -> str:
    instant = dt.datetime.fromisoformat(str(value))
    if instant.tzinfo is None:
        raise ValueError("an instant in a message names its zone")
    local = instant.astimezone(reader.own_zone)
    return f"{day(local.date(), reader)}, {clock(local.time(), reader)}"


def _dates(value: Any, reader: FormatContext) -> str:
    starts = dt.date.fromisoformat(str(value))
    ends_on = reader.params.get("ends_on")
    if ends_on is None:
        return reader.words["from_date"].replace("{date}", day(starts, reader))
    ends = dt.date.fromisoformat(str(ends_on))
    if ends == starts:
        return day(starts, reader)
    return _span("dates_span", day(starts, reader), day(ends, reader), reader)


def weekdays(numbers: Sequence[int], reader: FormatContext) -> str:
    """Say weekdays (Monday 0), three or more in a row as a range: Mon–Fri, Sun."""
    names = reader.locale.days["format"]["abbreviated"]
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    if len(set(numbers)) == len(WEEKDAYS):
        return reader.words["every_day"]
    parts: list[str] = []
    for run in runs:
        if len(run) > 2:
            parts.append(f"{names[run[0]]}–{names[run[-1]]}")
        else:
            parts += [names[number] for number in run]
    return ", ".join(parts)


def hours(slots: Sequence[Mapping[str, Any]], reader: FormatContext) -> str:
    """Say weekly slots `{weekday, start, end}`: equal hours together, in the order of the week."""
    by_time: dict[tuple[str, str], list[int]] = {}
    for slot in slots:
        weekday = slot["weekday"]
        number = weekday if isinstance(weekday, int) else WEEKDAYS.index(weekday)
        by_time.setdefault((str(slot["start"])[:5], str(slot["end"])[:5]), []).append(number)
    parts = []
    for (start, end), days in sorted(by_time.items(), key=lambda item: (min(item[1]), item[0])):
        begins, ends = (dt.time.fromisoformat(time) for time in (start, end))
        span = _span("hours_span", clock(begins, reader), clock(ends, reader), reader)
        parts.append(f"{weekdays(days, reader)} {span}")
    return "; ".join(parts)


def _hours(value: Any, reader: FormatContext) -> str:
    said = hours(value, reader)
    return said if len(said) <= LINE_CHARACTERS else said[: LINE_CHARACTERS - 1].rstrip() + "…"


def _free_times(value: Any, reader: FormatContext) -> str:
    """Say a worker's week: two halves of a day, as whole days are kept, are one again."""
    whole = {("00:00", "12:00"), ("12:00", "00:00")}
    by_day: dict[Any, set[tuple[str, str]]] = {}
    for slot in value or []:
        by_day.setdefault(slot["weekday"], set()).add((slot["start"], slot["end"]))
    all_day = [
        day if isinstance(day, int) else WEEKDAYS.index(day)
        for day, spans in by_day.items()
        if whole <= spans
    ]
    rest = [
        slot
        for slot in value or []
        if not (whole <= by_day[slot["weekday"]] and (slot["start"], slot["end"]) in whole)
    ]
    parts = [hours(rest, reader)] if rest else []
    if all_day:
        parts.append(f"{weekdays(all_day, reader)} {reader.words['all_day']}")
    return "; ".join(parts) or reader.words["none"]


def _why(value: Any, reader: FormatContext) -> str:
    reasons = [said for item in value or [] if (said := reason(item, reader))]
    return " · ".join(reasons) or reader.words["why_nothing"]


def reason(item: Mapping[str, Any], reader: FormatContext, words: str = "why") -> str:
    """Say one matching reason; an unknown kind says nothing. `words` is `why` to the worker, else `lead_why`."""
    params = item.get("params", item)
    word = reader.words.get(f"{words}_{item.get('kind')}")
    match item.get("kind"):
        case "distance":
            value = _km(params["km"], reader)
        case "hours":
            percent = int(params["percent"])
            word = reader.words[f"{words}_all_hours"] if percent >= 100 else word
            value = _count(percent, reader)
        case "skills":
            value = skills(params["slugs"], reader)
        case "experience":
            years = int(params["years"])
            word = reader.words[f"{words}_experience_one"] if years == 1 else word
            value = _count(years, reader)
        case "verified" | "wider_radius" | "less_experience":
            value = ""
        case _:
            return ""
    return (word or "").replace("{value}", value)


def exclusion(rule: str, facts: Mapping[str, Any], reader: FormatContext) -> str:
    """Say which rule keeps a worker from being asked, with what it saw. Raises KeyError for an unknown rule."""
    word = reader.words[f"excluded_{rule}"]
    for name, value in facts.items():
        if name == "slugs":
            said = skills(value, reader)
        else:
            said = _km(value, reader) if name in {"km", "limit_km"} else _count(value, reader)
        word = word.replace(f"{{{name}}}", said)
    return word


def skills(slugs: Sequence[str], reader: FormatContext) -> str:
    """Say skills by their names in the language."""
    return ", ".join(skill_catalogue.names(list(slugs), reader.language))


def role(title: str, reader: FormatContext) -> str:
    """Say a job's title: as written, but a skill's name in letters of another language in the reader's.

    "Driver" stays "Driver": its own name may say more than was written.
    """
    slug = skill_catalogue.find_named(title)
    name = skills([slug], reader) if slug is not None else title
    return inert(title if name.isascii() == title.isascii() else name)


def _role(value: Any, reader: FormatContext) -> str:
    return role(str(value), reader)


def _skills(value: Any, reader: FormatContext) -> str:
    return skills(value or [], reader) or reader.words["none"]


def _company(value: Any, reader: FormatContext) -> str:
    name = inert(str(value))
    return f"{name} ({reader.words['verified']})" if reader.params.get("verified") else name


def _place(value: Any, reader: FormatContext) -> str:
    return inert(place_in(str(value), reader.language)) if value else reader.words["near_you"]


def _phone(value: Any, _reader: FormatContext) -> str:
    number = phonenumbers.parse(str(value))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _lead(value: Any, reader: FormatContext) -> str:
    """Say what one buys: skills, experience, distance, hours, verification, reliability, others' answers."""
    if not value:
        # Messages written by versions before this value.
        return reader.words["lead_fits"]
    names = skills(value["skills"], reader)
    years, percent = int(value["years"]), int(value["hours"])
    parts = [
        names,
        _counted("lead_years", years, reader) if years else reader.words["lead_years_none"],
        reader.words["why_distance"].replace("{value}", _km(value["km"], reader)),
        reader.words["lead_all_hours" if percent >= 100 else "lead_hours"].replace(
            "{value}", _count(percent, reader)
        ),
        reader.words["verified"] if value["verified"] else "",
        reader.words["lead_reliability"].replace(
            "{value}", _count(round(value["reliability"]), reader)
        ),
    ]
    if (others := value.get("others")) is not None:
        word = "lead_others" if others else "lead_others_none"
        parts.append(_counted(word, others, reader) if others else reader.words[word])
    return " · ".join(part for part in parts if part)


def _counted(word: str, value: int, reader: FormatContext) -> str:
    """Fill a number in a word that has a form of its own for one."""
    name = f"{word}_one" if value == 1 else word
    return reader.words[name].replace("{value}", _count(value, reader))


def _caller(value: Any, reader: FormatContext) -> str:
    """Say who will call, and from which number; the company where no number is sure."""
    if not value:
        return inert(str(reader.params["company"]))
    return f"{inert(value['name'])}, {_phone(value['phone'], reader)}"


def _hello(value: Any, reader: FormatContext) -> str:
    """Say the link that opens a chat with a first message in it."""
    return _url(value or whatsapp_url(str(reader.params["phone"])), reader)


def _until(value: Any, reader: FormatContext) -> str:
    """Say until when an employer may choose: the last shift's begin, or that there is no last day."""
    if not value:
        return reader.words["no_last_day"]
    return reader.words["until_when"].replace("{when}", _when(value, reader))


def _shift(value: Any, reader: FormatContext) -> str:
    """Say the days and hours of a job in one line, where the message has them."""
    if not value:
        return reader.words["as_offered"]
    return f"{_dates(value, reader)}, {_hours(reader.params['slots'], reader)}"


def _quiet(value: Any, reader: FormatContext) -> str:
    """Say from when to when somebody wants no notice."""
    if not value:
        return reader.words["quiet_never"]
    said = reader.words["quiet_span"]
    for name in ("start", "end"):
        said = said.replace(f"{{{name}}}", clock(dt.time.fromisoformat(value[name]), reader))
    return said


def _facts(value: Any, reader: FormatContext) -> str:
    """Say what was understood of a worker, a line each."""
    said = {
        "name": inert(str(value["name"])) if value.get("name") else "",
        "skills": skills(value["skills"], reader) if value.get("skills") else "",
        "place": _place(value["place"], reader) if value.get("place") else "",
        "distance": _km(value["km"], reader) if value.get("km") is not None else "",
        "years": _years(value["years"], reader) if value.get("years") is not None else "",
        "slots": _free_times(value["slots"], reader) if value.get("slots") else "",
    }
    lines = [
        reader.words[f"fact_{name}"].replace("{value}", text) for name, text in said.items() if text
    ]
    return "\n".join(f"• {line}" for line in lines) or reader.words["none"]


def _closed(value: Any, reader: FormatContext) -> str:
    return reader.words.get(f"closed_{value}") or reader.words["closed"]


def _known(value: Any, reader: FormatContext) -> str:
    return inert(str(value)) if value else reader.words["none"]


def _reason(value: Any, reader: FormatContext) -> str:
    return inert(str(value)) if value else reader.words["no_reason"]


type Filter = Callable[[Any, FormatContext], str]

FILTERS: Final[Mapping[str, Filter]] = {
    "text": _text,
    "code": _code,
    "lines": _lines,
    "url": _url,
    "count": _count,
    "km": _km,
    "years": _years,
    "money": _money,
    "price": lambda it, reads: _money(it, reads) if it["amount"] else reads.words["free"],
    "amount": _amount,
    "pay": _pay,
    "when": _when,
    "dates": _dates,
    "hours": _hours,
    "freetimes": _free_times,
    "why": _why,
    "skills": _skills,
    "role": _role,
    "company": _company,
    "place": _place,
    "phone": _phone,
    "lead": _lead,
    "facts": _facts,
    "caller": _caller,
    "hello": _hello,
    "until": _until,
    "shift": _shift,
    "quiet": _quiet,
    "closed": _closed,
    "reason": _reason,
    "known": _known,
    "fields": lambda names, reads: ", ".join(reads.words[f"field_{name}"] for name in names),
}
"""What may follow the bar in `{name|filter}`; without a bar it is `text`."""

OPTIONAL: Final = frozenset(
    {
        "freetimes",
        "pay",
        "place",
        "why",
        "skills",
        "until",
        "shift",
        "quiet",
        "closed",
        "reason",
        "known",
        "lead",
        "caller",
        "hello",
    }
)
"""Filters that have a word for a value that is missing."""


def slot_params(slots: Sequence[Slot]) -> list[dict[str, str]]:
    """Return slots as values of texts."""
    return [
        {
            "weekday": WEEKDAYS[slot.weekday],
            "start": format_clock(slot.start),
            "end": format_clock(slot.end),
        }
        for slot in slots
    ]


def quiet_param(quiet: tuple[dt.time, dt.time] | None) -> dict[str, str] | None:
    """Return quiet hours as a value of texts."""
    if quiet is None:
        return None
    return {"start": quiet[0].isoformat("minutes"), "end": quiet[1].isoformat("minutes")}
