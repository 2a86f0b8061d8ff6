"""Tell morning from evening in hours that don't say it: "7 to 11", "start 9 am", "till 12". Pure.

Two readings are returned where both may be meant. Words settle it first ("tonight", "subah"), then what
the work usually is, else somebody asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.catalogue.usual_hours import UsualHours, usual_hours
from app.core.week import DAY, Slot
from app.nlu.hour_spans import moment_of
from app.nlu.normalize import split_words
from app.nlu.time_tokens import HALF_DAY, PARTS, Token, tokens
from app.nlu.vocabulary import phrase_set
from app.nlu.weekly_hours import slots_of

_HOUR: Final = 60
_LONG: Final = 10 * _HOUR
"""Shifts so long are of the day or of the night."""
_DAYLONG: Final = 8 * _HOUR
"""Shifts between this and `_LONG` are the working day: "9 to 6", "10 to 7"."""
_EVENING_SHIFT: Final = 6 * _HOUR
_SHORT_SHIFT: Final = 5 * _HOUR
_FIRST_MORNING, _LAST_MORNING = 6 * _HOUR, 12 * _HOUR
_LATE_PARTS: Final = frozenset({"evening", "night"})
_EARLY_PARTS: Final = frozenset({"morning", "daytime"})
_USUALLY_LATE: Final = 7 * _HOUR
"""Work that begins at an hour before this begins more often in the evening."""
_AROUND: Final = frozenset({"after", "onwards", "to", "before"})

type Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One time that is the start or the end of a shift, in minutes from midnight."""

    minutes: int
    is_end: bool
    sure: bool
    """Whether it says which half of the day is meant."""


def part_alone(text: str) -> str | None:
    """Return the part of the day that is all a text says: "evening", "raat ko"."""
    found = tokens(text)
    if found is None or len(found) != 1:
        return None
    return next((part for part in PARTS if part in found[0].names and "day" not in part), None)


def is_late(part: str) -> bool | None:
    """Return whether a part of the day is of its second half; None where it may be either."""
    return True if part in _LATE_PARTS else False if part in _EARLY_PARTS else None


def other_reading(text: str) -> tuple[Spans, Spans] | None:
    """Return the spans of a text read in the first and in the second half of the day.

    None where only one can be meant, and for a text that has not one span.
    """
    found = tokens(text)
    if found is None:
        return None
    pairs = [at for at in range(len(found) - 2) if _is_unclear(found, at)]
    if len(pairs) != 1:
        return None
    at = pairs[0]
    early, late = (_read_with(found, at, half) for half in (0, HALF_DAY))
    return (early, late) if early and late else None


def _is_unclear(found: Sequence[Token], at: int) -> bool:
    """Whether two times in a row leave open which half of the day they mean."""
    first, to, last = found[at : at + 3]
    if "to" not in to.names or any(
        "time" not in each.names or each.fixed for each in (first, last)
    ):
        return False
    beside = (*found[at - 1 : at], *found[at + 3 : at + 4])
    if any(token.names & set(PARTS) for token in beside):
        return False
    start = first.minutes % HALF_DAY
    return _FIRST_MORNING <= start < _LAST_MORNING


def _read_with(found: Sequence[Token], at: int, half: int) -> Spans:
    start = Token(found[at].names, found[at].minutes % HALF_DAY + half, fixed=True)
    slots = slots_of([*found[:at], start, *found[at + 1 :]]) or []
    return tuple(sorted({_span(slot) for slot in slots}))


def _span(slot: Slot) -> tuple[int, int]:
    return slot.start, slot.end


def moment(text: str) -> Moment | None:
    """Return the start or the end that is all a text says: "subah 9 baje", "from 7", "till 12", "7 pm onwards"."""
    found = tokens(text)
    if found is None:
        return None
    times = [token for token in found if "time" in token.names]
    parts = [part for token in found for part in PARTS if part in token.names]
    known = all(token.names & {"time", *PARTS, *_AROUND} for token in found)
    if len(times) != 1 or len(parts) > 1 or not known or len(found) > 3:
        return None
    if not found[0].names & {"time", "after", "before", *PARTS}:
        return None  # "- 2" is the end of something
    around = frozenset(name for token in found for name in token.names & _AROUND)
    part = parts[0] if parts else None
    sure = times[0].fixed or part is not None
    if not sure and not around and not phrase_set("clock", section="hours").anywhere(text.split()):
        return None
    is_end = "before" in around and "after" not in around
    return Moment(moment_of(times[0], part) % DAY, is_end, sure)


def end_alone(text: str) -> Moment | None:
    """Return the time that is all an answer to "until when?" says: "6", "raat 11 baje tak", "till 7 pm"."""
    found = tokens(text)
    if found is None or sum("time" in token.names for token in found) != 1:
        return None
    if not all(token.names & {"time", *PARTS, *_AROUND} for token in found):
        return None
    time = next(token for token in found if "time" in token.names)
    part = next((part for token in found for part in PARTS if part in token.names), None)
    return Moment(moment_of(time, part) % DAY, is_end=True, sure=time.fixed or part is not None)


def half_in(text: str) -> bool | None:
    """Return whether an answer chooses the second half of the day: "evening", "pm", "subah 7 baje", "second"."""
    words = split_words(text)
    if phrase_set("morning_half", section="hours").anywhere(words):
        return False
    if phrase_set("evening_half", section="hours").anywhere(words):
        return True
    found = tokens(text) or ()
    halves = {is_late(part) for token in found for part in PARTS if part in token.names}
    halves |= {token.minutes >= HALF_DAY for token in found if token.fixed}
    halves.discard(None)
    return halves.pop() if len(halves) == 1 else None


def is_doubtful(early: tuple[int, int]) -> bool:
    """Return whether both halves are likely, where no word says which: "10 to 6" is a day's work."""
    length = (early[1] - early[0]) % DAY or DAY
    return length < _DAYLONG or length >= _LONG


# ── What the work usually is ─────────────────────────────────────────────────────────────────────


def usually_late(slug: str, early: tuple[int, int]) -> bool | None:
    """Return whether hours of this work are of the second half of the day, as it usually is; None for either.

    `early` is the span as it is read in the first half.
    """
    start, length = early[0], (early[1] - early[0]) % DAY or DAY
    kind = usual_hours(slug)
    if kind is UsualHours.NIGHT:
        return length < _LONG
    if length >= _LONG:
        return None if kind is UsualHours.ROUND_THE_CLOCK else False
    if kind is UsualHours.EVENING:
        if start < 9 * _HOUR:
            return length <= _EVENING_SHIFT
        return None if length <= _SHORT_SHIFT else False
    begins_early = start < (9 if kind is UsualHours.OPEN else 7) * _HOUR
    return None if begins_early and length <= _SHORT_SHIFT else False


def nearest(minutes: int, before: int, *, sure: bool) -> int:
    """Return a time in the half of the day that is nearest to what it was before."""
    if sure:
        return minutes
    halves = (minutes % HALF_DAY, minutes % HALF_DAY + HALF_DAY)
    return min(halves, key=lambda at: min((at - before) % DAY, (before - at) % DAY))


def usual_start(minutes: int) -> int:
    """Return a start that does not say its half of the day as it is meant most: "6" is the evening, "9" the morning."""
    start = minutes % HALF_DAY
    return start + HALF_DAY if start < _USUALLY_LATE else start


def whole_hours(start: int, end: int, sure: tuple[bool, bool]) -> tuple[int, int]:
    """Return the hours from a start and an end, of which each may leave its half of the day open.

    An unclear end is the nearest after the start, and an unclear start the nearest before the end.
    """
    if not sure[0] and not sure[1]:
        start = usual_start(start)
    if not sure[1]:
        return start, start + ((end - start) % HALF_DAY or HALF_DAY)
    if not sure[0]:
        start = (end - ((end - start) % HALF_DAY or HALF_DAY)) % DAY
    return start, end
