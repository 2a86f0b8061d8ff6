"""The form for weekly hours: its texts and choices, and how its answers are read. Pure.

The form's layout is registered once with the platform, for all languages
(`app/providers/whatsapp/data/availability_form.json`); it leaves its texts open, and they travel with each message.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from app.core.week import DAY, HALF_HOUR, WEEKDAYS, Slot, format_clock, parse_clock
from app.nlu.time_tokens import ALL_DAY
from app.nlu.weekly_hours import to_slots
from app.texts import catalogue
from app.texts.formatting import clock
from app.texts.message import Form

TOKEN: Final = "availability"
SCREEN: Final = "AVAILABILITY"
_ALL_DAY: Final = "all_day"
_GROUPS: Final = ("", "_2")
"""The fields of two sets of days, each with its hours: "weekdays after 6, Saturdays all day"."""


@cache
def form(language: str, form_id: str) -> Form:
    """Return the form in a language."""
    words = catalogue.get_catalogue(language).form
    reader = catalogue.format_context(language)
    names = reader.locale.days["stand-alone"]["wide"]
    days = [{"id": day, "title": names[number]} for number, day in enumerate(WEEKDAYS)]
    times = [{"id": _ALL_DAY, "title": catalogue.word(language, "all_day")}] + [
        {"id": format_clock(minutes), "title": clock(dt.time(*divmod(minutes, 60)), reader)}
        for minutes in range(0, DAY, HALF_HOUR)
    ]
    labels = {name: text for name, text in words.items() if name != "open"}
    data: dict[str, Any] = {**labels, "day_choices": days, "time_choices": times}
    return Form(form_id, TOKEN, words["open"], SCREEN, data)


def read(answers: Mapping[str, Sequence[str]]) -> list[Slot] | None:
    """Return the slots of a filled form; None for answers that the form can't have sent."""
    parts: list[tuple[set[int], list[tuple[int, int]]]] = []
    for group in _GROUPS:
        days = answers.get(f"days{group}", ())
        if not days:
            continue
        span = _span(answers.get(f"starts{group}", ()), answers.get(f"ends{group}", ()))
        if span is None or not set(days) <= set(WEEKDAYS):
            return None
        parts.append(({WEEKDAYS.index(day) for day in days}, [span]))
    return to_slots(parts)


def _span(starts: Sequence[str], ends: Sequence[str]) -> tuple[int, int] | None:
    """Return start and end in minutes, the end past midnight on the next day; no hours mean all day."""
    if len(starts) > 1 or len(ends) > 1:
        return None
    if _ALL_DAY in {*starts, *ends} or not (starts or ends):
        return ALL_DAY
    try:
        start = parse_clock(starts[0]) if starts else 0
        end = parse_clock(ends[0]) if ends else 0
    except ValueError:
        return None
    if start == end and starts and ends:
        return None
    return start, end if end > start else end + DAY
