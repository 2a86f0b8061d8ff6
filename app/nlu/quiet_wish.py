"""Read when somebody wants no messages: "don't message me before 9", "raat ko message mat karo". Pure.

Nothing here stops messages for good: that is STOP, which is read before (`app.nlu.intents`).
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.nlu.normalize import split_words
from app.nlu.time_tokens import HALF_DAY, Token, tokens
from app.nlu.vocabulary import phrase_set

WISH_CHARACTERS: Final = 160
"""A longer message is about something else."""
_FIRST_EVENING_HOUR: Final = 5
"""At a start of the quiet "5" is five in the evening, and "4" an hour of the night."""
_COLON: Final = re.compile(r"(?<=\d):(?=\d\d)")
_HINTS: Final = ("morning", "afternoon", "evening", "night")
_MARKS: Final = frozenset({"after", "before"})
_LEAST_MINUTES, _MOST_MINUTES = 60, 16 * 60
"""A shorter or longer quiet was most likely meant otherwise, and is asked for."""


@dataclass(frozen=True, slots=True)
class QuietWish:
    """A wish about messages at some hours; what is None stays as it is."""

    start: dt.time | None = None
    """When the quiet begins."""
    end: dt.time | None = None
    usual: bool = False
    """The usual quiet hours are wanted: "not at night"."""
    never: bool = False
    """No quiet at all: "message me any time"."""

    @property
    def clear(self) -> bool:
        """Whether it says what is wanted; else the person only speaks of it."""
        return self.usual or self.never or (self.start or self.end) is not None


def parse_quiet_wish(text: str) -> QuietWish | None:
    """Return the wish in a text; None where it is about something else."""
    if len(text) > WISH_CHARACTERS:
        return None
    words = _words(text)
    names = phrase_set("quiet_names").anywhere(words)
    if not names and not phrase_set("messaging").anywhere(words):
        return None
    refuses = phrase_set("quiet_not").anywhere(words)
    only = phrase_set("quiet_only").anywhere(words)
    any_time = phrase_set("any_time", "all_day", section="calendar").anywhere(words)
    rest = phrase_set("quiet_names", "messaging", "quiet_not", "quiet_only", "quiet_around")
    found = tokens(" ".join(rest.without(words)))
    timed = any("time" in token.names for token in found or ())
    if names and not timed and phrase_set("quiet_off").anywhere(words):
        return QuietWish(never=True)
    if names and not found:
        return QuietWish()
    if "?" in text:
        return QuietWish() if names else None
    if any_time:
        return QuietWish(never=True) if not refuses and found else None
    if not refuses and not only and not names:
        return None
    if not found:
        night = phrase_set("night", section="calendar").anywhere(words)
        return QuietWish(usual=True) if night and refuses else None
    return _of_tokens(found, turned=only and not refuses) or QuietWish()


def parse_quiet_hours(text: str) -> QuietWish | None:
    """Return the quiet hours that answer the question for them: "10 to 7", "9 baje tak"; None where none do."""
    if len(text) > WISH_CHARACTERS:
        return None
    wish = parse_quiet_wish(text)
    if wish is not None and wish.clear:
        return wish
    words = _words(text)
    if phrase_set("any_time", section="calendar").anywhere(words):
        return QuietWish(never=True)
    rest = phrase_set("quiet_names", "messaging", "quiet_not", "quiet_around")
    found = tokens(" ".join(rest.without(words)))
    return _of_tokens(found, turned=False) if found else None


def _words(text: str) -> list[str]:
    """Return the words of a text; a time with a colon stays one word."""
    return split_words(_COLON.sub(".", text))


def has_sensible_length(start: dt.time, end: dt.time) -> bool:
    """Whether this may be meant as quiet hours: more than an hour, and not most of the day."""
    length = (_minutes(end) - _minutes(start)) % (2 * HALF_DAY)
    return _LEAST_MINUTES <= length <= _MOST_MINUTES


def _minutes(time: dt.time) -> int:
    return time.hour * 60 + time.minute


def _of_tokens(found: Sequence[Token], *, turned: bool) -> QuietWish | None:
    """Read times with what stands around them; `turned` for the hours in which messages are welcome."""
    begins: Token | None = None
    ends: Token | None = None
    hints: dict[int, str] = {}
    bare: list[Token] = []
    for at, token in enumerate(found):
        if "time" not in token.names:
            continue
        hints[id(token)] = _hint(found, at)
        marks = _marks(found, at)
        if "after" in marks:
            begins = begins or token
        elif "before" in marks:
            ends = ends or token
        else:
            bare.append(token)
    # "10 to 7", "10 se 7 tak": the first begins it.
    for token in bare:
        if begins is None and (ends is None or len(bare) > 1 or token is not ends):
            begins = token
        elif ends is None:
            ends = token
    if begins is None and ends is None:
        only_night = all(token.names & {"night", "comma", "and"} for token in found)
        return QuietWish(usual=True) if only_night and not turned else None
    if turned:
        begins, ends = ends, begins
    start = None if begins is None else _time(begins, hints[id(begins)], starts=True)
    end = None if ends is None else _time(ends, hints[id(ends)], starts=False)
    return None if start is not None and start == end else QuietWish(start, end)


def _hint(found: Sequence[Token], at: int) -> str:
    """Return the part of the day that stands beside a time: "raat 10", "9 in the morning"."""
    for beside in (at - 1, at + 1):
        if 0 <= beside < len(found):
            for hint in _HINTS:
                if hint in found[beside].names and "time" not in found[beside].names:
                    return hint
    return ""


def _marks(found: Sequence[Token], at: int) -> frozenset[str]:
    """Return `after` or `before` where one stands with a time, before it ("after 9") or behind ("9 ke baad")."""
    before = [token for token in found[max(0, at - 2) : at] if not token.names & set(_HINTS)]
    # "10 till 7" is a range, and "till 9" an end.
    ranged = any("time" in token.names for token in found[:at])
    last = before[-1].names if before else frozenset[str]()
    if "time" not in last and not (ranged and "to" in last) and last & _MARKS:
        return last & _MARKS
    for token in found[at + 1 : at + 4]:
        if "time" in token.names:
            break
        if "onwards" in token.names and "to" in token.names:
            continue  # "9 se pehle", and "9 se"
        if marks := token.names & _MARKS:
            return marks
    return frozenset()


def _time(token: Token, hint: str, *, starts: bool) -> dt.time:
    """Return the time that is meant: without am or pm a quiet begins in the evening and ends in the morning."""
    minutes = token.minutes
    if not token.fixed and minutes <= HALF_DAY + 59:
        hour, of_hour = divmod(minutes, 60)
        hour %= 12
        late = hour >= _FIRST_EVENING_HOUR if starts else False
        if hint:
            late = hint in {"afternoon", "evening"} or (hint == "night" and hour > 4)
        elif not starts and hour == 0:
            late = True  # "before 12" ends at noon
        minutes = (hour + 12 * late) * 60 + of_hour
    return dt.time(minutes // 60 % 24, minutes % 60)
