"""Read the days of the week and the hours of a job out of its text. Pure.

Hours that say no am or pm have two readings; words beside them ("tonight", "subah") choose one. A start or
an end alone is kept as such, and asked to be completed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final, NamedTuple

from app.core.week import DAY
from app.nlu import dates, hour_halves, weekly_hours
from app.nlu.hour_halves import Moment
from app.nlu.job_draft import EVERY_SHIFT, Draft
from app.nlu.normalize import KEPT_TEXTS
from app.nlu.vocabulary import EDGE, START, one_of, phrase_set

_LONGEST_TIMES: Final = 12
"""Words in which days and hours are told at a time."""
_LONGEST_MOMENT: Final = 5
_LATEST: Final = "evening"


class _Patterns:
    """Words that stand for "from", "until" and parts of the day where a time follows."""

    def __init__(self) -> None:
        def before_time(name: str) -> re.Pattern[str]:
            return re.compile(rf"{START}{one_of('hours', name)}{EDGE}\s?(?:[:=-]\s?)?(?=\d)")

        self.plain = (
            (before_time("starts"), "from "),
            (before_time("stops"), "until "),
            (before_time("dinner"), f"{_LATEST} "),
            (before_time("lunch"), "afternoon "),
        )


_patterns = cache(_Patterns)


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says of hours beside the hours themselves."""

    weekly: bool | None = None
    """Whether days are meant every week, where the dates said so."""
    minutes: int | None = None
    """How long the work takes."""
    tonight: bool = False


def read(text: str, draft: Draft, said: Said, between: re.Pattern[str]) -> tuple[Draft, list[str]]:
    """Read the week out of a normalized text; return it with what is left of each part, parted by `between`."""
    for pattern, plain in _patterns().plain:
        text = pattern.sub(plain, text)
    found = _runs(text, between)
    runs, moments, chunks = list(found.runs), list(found.moments), list(found.chunks)
    half = True if said.tonight else _half_said(text)
    runs, alone = _without_parts_alone(runs, timed=bool(moments))
    if half is None and alone is not None:
        half = hour_halves.is_late(alone)
    if alone is not None and not runs and not moments and said.minutes is None:
        runs = [alone]
    elif alone is not None and not runs and not moments:
        chunks.append(alone)
    draft, times = _with_runs(", ".join(runs), draft, said.weekly, half)
    draft = _with_moments(draft, moments, said.minutes, half)
    return draft, [chunk for chunk in chunks if chunk] if times or moments or not runs else chunks


class _Runs(NamedTuple):
    runs: tuple[str, ...]
    """The runs of days and hours."""
    moments: tuple[Moment, ...]
    """The times that stand alone."""
    chunks: tuple[str, ...]
    """The words between them."""


@lru_cache(maxsize=KEPT_TEXTS)
def _runs(text: str, between: re.Pattern[str]) -> _Runs:
    """Return what of a text are days and hours; kept, because a job and its correction ask the same."""
    runs: list[str] = []
    moments: list[Moment] = []
    chunks: list[str] = []
    for part in between.split(text):
        left: list[str] = []
        words = part.split()
        at = 0
        while at < len(words):
            end = weekly_hours.longest_run(words, at, _LONGEST_TIMES)
            moment, after = _moment_at(words, at)
            if moment is not None and (end is None or after >= end):
                moments.append(moment)
                end = after
            elif end is not None:
                runs.append(" ".join(words[at:end]))
            else:
                left.append(words[at])
                at += 1
                continue
            chunks.append(" ".join(left))
            left, at = [], end
        chunks.append(" ".join(left))
    return _Runs(tuple(runs), tuple(moments), tuple(chunks))


def _moment_at(words: Sequence[str], at: int) -> tuple[Moment | None, int]:
    """Return the time that stands alone from this word on, and where it ends."""
    for end in range(min(len(words), at + _LONGEST_MOMENT), at, -1):
        if (moment := hour_halves.moment(" ".join(words[at:end]))) is not None:
            return moment, end
    return None, at


def _half_said(text: str) -> bool | None:
    """Return whether an occasion says that hours are late: "cocktail party"."""
    return True if phrase_set("late_occasions", section="hours").anywhere(text.split()) else None


def _without_parts_alone(runs: Sequence[str], *, timed: bool) -> tuple[list[str], str | None]:
    """Return the runs without a part of the day that stands alone, and that part.

    Beside times it only says which half of the day they mean: "kal raat … 7 se 12".
    """
    parts = {run: hour_halves.part_alone(run) for run in runs}
    alone = next((part for part in parts.values() if part is not None), None)
    others = [run for run in runs if parts[run] is None]
    if alone is None or (len(runs) > 1 and not others and not timed):
        return list(runs), None
    if others and not any(_has_times(run) for run in others) and not timed:
        return list(runs), None
    return others, alone


def _has_times(run: str) -> bool:
    return any(character.isdigit() for character in run) or phrase_set(
        *(f"{number}" for number in range(1, 13)), section="numbers"
    ).anywhere(run.split())


def _with_runs(
    said: str, draft: Draft, weekly: bool | None, half: bool | None
) -> tuple[Draft, bool]:
    """Return the draft with the days and hours of the runs, and whether there are any."""
    slots = weekly_hours.read(said) if said else None
    if not slots:
        return draft, False
    days = tuple(sorted({slot.weekday for slot in slots}))
    spans = {
        day: tuple((slot.start, slot.end) for slot in slots if slot.weekday == day) for day in days
    }
    told = {day: () if _whole(found) else found for day, found in spans.items()}
    named = dates.names_weekday(said)
    same = not named or len(set(told.values())) == 1
    hours = {EVERY_SHIFT: next(iter(told.values()))} if same else told
    if named and weekly is None and dates.is_weekly(said):
        weekly = True
    if named and weekly is None and len(days) == 1 and draft.per not in {"week", "month"}:
        weekly = False
    draft = _timed(draft, days if named else (), weekly if named else None, hours)
    return _with_halves(draft, said, half) if same else draft, True


def _timed(
    draft: Draft,
    days: tuple[int, ...],
    weekly: bool | None,
    hours: Mapping[int, tuple[tuple[int, int], ...]],
) -> Draft:
    spans = tuple((day, start, end) for day, found in hours.items() for start, end in found)
    return replace(draft, days=days or draft.days, weekly=weekly, spans=spans)


def _whole(spans: tuple[tuple[int, int], ...]) -> bool:
    """Return whether these are a whole day, which says nothing about a shift's hours."""
    return sum((end - start) % DAY or DAY for start, end in spans) >= DAY


def _with_halves(draft: Draft, said: str, half: bool | None) -> Draft:
    """Return the draft with both readings of unclear hours, or the one that a word chooses."""
    readings = hour_halves.other_reading(said)
    if readings is None:
        return draft
    early, late = (tuple((EVERY_SHIFT, *span) for span in spans) for spans in readings)
    if half is not None:
        return replace(draft, spans=late if half else early)
    if len(early) != 1 or len(late) != 1 or not hour_halves.is_doubtful(readings[0][0]):
        return draft
    unsure = (*draft.unsure, ("hours", said))
    return replace(draft, halves=(early[0], late[0]), unsure=unsure)


def _with_moments(
    draft: Draft, moments: Sequence[Moment], minutes: int | None, half: bool | None
) -> Draft:
    """Return the draft with a start and an end that stand alone; both make the hours."""
    if draft.spans:
        return draft
    starts = next((moment for moment in moments if not moment.is_end), None)
    ends = next((moment for moment in moments if moment.is_end), None)
    if starts is not None:
        sure = starts.sure or half is not None
        draft = replace(draft, starts_at=_of_half(starts, half), start_sure=sure)
    if ends is not None:
        draft = replace(draft, ends_at=ends.minutes, end_sure=ends.sure)
    return draft.with_whole_hours(minutes)


def _of_half(moment: Moment, half: bool | None) -> int:
    noon = DAY // 2
    if moment.sure or half is None:
        return moment.minutes
    return moment.minutes % noon + (noon if half else 0)
