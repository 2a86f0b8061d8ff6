"""Reads weekly hours among the words people put around them, and how they change a week that is known. Pure.

"ab sirf weekend" replaces the week, "sunday bhi" adds to it, "sunday ko nahi aa sakta" takes from it. Hours
without days are those of the days that are known: "ab shaam 6 ke baad hi".
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from app.core.week import Slot
from app.nlu import weekly_hours
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import normalize, split_clauses, split_words
from app.nlu.time_tokens import DAYS, FROM_TODAY, PARTS, Token, tokens
from app.nlu.vocabulary import phrase_set, phrases

READ_CHARACTERS: Final = 300
_PIECE: Final = re.compile(r"[,;|।]|[^\s,;|।]+")
_STOPS: Final = ".!'\"()"
_ENDS: Final = frozenset(",;|।")
_NOT: Final = "not"
_NOT_BEHIND: Final = "nahi"


def read_week(text: str, today: int | None = None, known: Sequence[Slot] = ()) -> list[Slot] | None:
    """Return the weekly slots of an answer to the question for them; see `weekly_hours.read`.

    Words around the hours that say nothing of them ("main kaam kar sakta hoon") don't matter.
    """
    text = text[:READ_CHARACTERS]
    for said in (text, _hours_in(text), _clauses_of_hours(text)):
        if said and (slots := weekly_hours.read(said, today, known)) is not None:
            return slots
    return None


def _clauses_of_hours(text: str) -> str:
    """Return a text without its clauses that name no day and no hour: "10 se 5 tak, bachche school jate hai"."""
    clauses = split_clauses(text)
    kept = [clause for clause in clauses if _names_hours(clause)]
    return _hours_in(", ".join(kept)) if 0 < len(kept) < len(clauses) else ""


def _names_hours(clause: str) -> bool:
    """Whether a clause names days, parts of a day or hours, or has digits that may be hours."""
    named = phrase_set(*DAYS, *PARTS, "other_days", section="calendar")
    return named.anywhere(split_words(clause)) or any(letter.isdecimal() for letter in clause)


def read_week_change(text: str, known: Sequence[Slot]) -> list[Slot] | None:
    """Return the week as a text changes the one that is known; None for a text that says nothing of a week.

    Days counted from today ("kal nahi") change no week.
    """
    plain = _hours_in(text[:READ_CHARACTERS])
    found = tokens(plain)
    words = split_words(text)
    if not found or not known or not _tells_hours(found):
        return None
    if not _says_so(words) and not any("time" in token.names for token in found):
        return None  # "sunday" alone may be meant otherwise
    # "thursday also i am free now": the "now" replaces nothing.
    also = phrase_set("also", section="calendar").anywhere(words)
    replaces = phrase_set("week_replaced", "skill_only").anywhere(words) and not also
    slots = weekly_hours.slots_of(found, None, known, adds=not replaces)
    if slots is None:
        return None
    if not any(token.names & {*DAYS, "other_days"} for token in found):
        working = {slot.weekday for slot in known}
        return [slot for slot in slots if slot.weekday in working] or None
    return slots


def _says_so(words: Sequence[str]) -> bool:
    """Return whether somebody says that they are free then, or not, or that something changes."""
    lists = ("says_free", "week_replaced", "cannot_on", "off_behind", "skill_only", "negation")
    return phrase_set(*lists).anywhere(words)


def add_to_week(known: Sequence[Slot], told: Sequence[Slot]) -> list[Slot]:
    """Return a week with more hours."""
    parts = [
        ((slot.weekday,), [(slot.start, slot.start + slot.minutes)]) for slot in (*known, *told)
    ]
    return weekly_hours.to_slots(parts) or list(known)


def names_single_day(text: str) -> bool:
    """Return whether a text is about one day counted from today: "kal nahi aa sakta"."""
    found = tokens(_hours_in(text[:READ_CHARACTERS]))
    return bool(found) and any(token.names & {*FROM_TODAY} for token in found or ())


def names_day(text: str) -> bool:
    """Return whether a text names any day of the week, or several by one word: "weekdays"."""
    named = phrase_set(*DAYS, "other_days", section="calendar")
    return named.anywhere(split_words(text[:READ_CHARACTERS]))


def _tells_hours(found: Sequence[Token]) -> bool:
    """Return whether days, parts of the day or hours are named, and not only a number."""
    names = {name for token in found for name in token.names}
    times = sum("time" in token.names for token in found)
    sided = bool(names & {"to", "after", "before"}) or any(token.fixed for token in found)
    return bool(names & {*DAYS, *PARTS, "other_days"}) or (times > 0 and sided)


def _hours_in(text: str) -> str:
    """Return a text without the words that say nothing of hours, every "can't" as a plain "not"."""
    pieces = _PIECE.findall(normalize(text.replace("\n", ", ")))
    words = [piece.strip(_STOPS) or piece for piece in pieces]
    kept: list[str] = []
    for meaning, _, part in _talk().scan(words):
        if meaning is None:
            kept += part
        elif meaning:
            kept.append(meaning)
    # "sunday i can't come": at the end of a clause a "not" denies what stands before it.
    ends = (*kept[1:], ",")
    behind = [
        _NOT_BEHIND if word == _NOT and after in _ENDS and at else word
        for at, (word, after) in enumerate(zip(kept, ends, strict=False))
    ]
    return " ".join(behind)


@cache
def _talk() -> Lexicon[str]:
    """What people say around hours, each with what stands for it: nothing, or a "not"."""
    names = (*DAYS, *PARTS, "except", "except_after", "other_days", "to", "and", "before", "after")
    hours = {*phrases("calendar", *names)}
    known = [(phrase, _NOT) for phrase in phrases("phrases", "cannot_on")]
    known += [(phrase, _NOT_BEHIND) for phrase in phrases("phrases", "off_behind")]
    known += [(phrase, "") for phrase in phrases("phrases", "around_hours", "week_replaced")]
    return Lexicon((phrase, meaning) for phrase, meaning in known if phrase not in hours)
