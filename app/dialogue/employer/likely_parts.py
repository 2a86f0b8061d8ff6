"""What a sensible reader fills into a job that says a little less than it should: read back, as all of it is. Pure."""

import datetime as dt
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from app.core.week import DAY
from app.dialogue.context import Context
from app.dialogue.employer.job_questions import zone_of
from app.jobs.usual_pay import usual_unit
from app.nlu.job_draft import Draft, is_past, shifts_of
from app.nlu.normalize import split_words
from app.nlu.time_tokens import DAYS
from app.nlu.vocabulary import word_set

_WEEK: Final = dt.timedelta(days=7)


def with_likely_parts(draft: Draft, context: Context, text: str | None) -> Draft:
    """Return the draft with the unit of its pay, its weeks and its next Monday, where they can hardly be others."""
    if draft.per == "month" and draft.weekly is None and draft.days and draft.starts_on is None:
        draft = replace(draft, weekly=True)  # What is paid by the month goes on every week.
    if draft.amount is not None and draft.per is None and draft.spans and draft.when:
        shortest = min((end - start) % DAY or DAY for _, start, end in draft.spans)
        lasts = draft.weekly is True or (draft.starts_on is not None and draft.ends_on is None)
        unit = usual_unit(context.currency, draft.amount, shift_minutes=shortest, lasts=lasts)
        draft = replace(draft, per=unit)
    return _in_next_week(draft, context, text or "")


def _in_next_week(draft: Draft, context: Context, text: str) -> Draft:
    """Return the draft a week later where a weekday is named that is today, when the shift has begun: "from Monday"."""
    zone = zone_of(draft, context)
    today = context.now.astimezone(ZoneInfo(zone)).date()
    if draft.starts_on != today or not draft.spans:
        return draft
    weekday = next(name for name, days in DAYS.items() if days == (today.weekday(),))
    if not word_set("calendar", weekday) & set(split_words(text)):
        return draft
    shifts = shifts_of(draft, context.now, zone)
    if shifts is None or not is_past(shifts, context.now, zone):
        return draft
    ends_on = None if draft.ends_on is None else draft.ends_on + _WEEK
    return replace(draft, starts_on=today + _WEEK, ends_on=ends_on)
