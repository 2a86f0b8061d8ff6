"""Takes the parts of a message about a worker that tell weekly hours. Pure."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Final

from app.core.week import Slot
from app.nlu import weekly_hours
from app.nlu.common_words import is_called_so
from app.nlu.fact import Confidence, Fact
from app.nlu.message_words import Word
from app.nlu.normalize import normalize, split_words
from app.nlu.time_tokens import DAYS, PARTS, scan
from app.nlu.unread_words import UnreadWords
from app.nlu.vocabulary import named_phrases, phrase_set

_LONGEST_HOURS: Final = 14


def take_hours(left: UnreadWords, today: int | None) -> Fact[tuple[Slot, ...]] | None:
    """Return the weekly hours that parts of the message tell, together."""
    said: list[str] = []
    for start, end in [*left.runs()]:
        if _is_denied(left, start, end):
            said += _take_denied(left, start, end)
            continue
        for first, last in _stretches(left, start, end):
            said += _take_stretch(left, first, last)
    if not said:
        return None
    slots = weekly_hours.read(", ".join(said), today)
    if slots is None:
        return None
    return Fact(tuple(slots), Confidence.CERTAIN, " ".join(said))


def _stretches(left: UnreadWords, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where words stand side by side that may all tell hours."""
    first = start
    for at in range(start, end + 1):
        if at < end and _may_be_of_hours(left.plain[at]):
            continue
        if at > first:
            yield first, at
        first = at + 1


def _take_stretch(left: UnreadWords, first: int, last: int) -> list[str]:
    """Take the hours in a stretch, and return them as they were said."""
    raw, begins = _raw(left.words[first:last])
    said: list[str] = []
    if not _tells_hours(raw):
        return said
    at = 0
    while at < len(raw):
        until = weekly_hours.longest_run(raw, at, _LONGEST_HOURS)
        if until is None or not _tells_hours(raw[at:until]):
            at += 1
            continue
        said.append(" ".join(raw[at:until]))
        left.take("slots", first + begins[at], first + begins[until])
        at = until
    return said


def _take_denied(left: UnreadWords, start: int, end: int) -> list[str]:
    """Take the hours of a clause with a "not", where that is about them and the clause says no more: "8 se 1, sunday nahi"."""
    raw, _ = _raw(left.words[start:end])
    if len(raw) > _LONGEST_HOURS or not _tells_hours(raw):
        return []
    if not any("time" in token.names for token in scan(" ".join(raw)).tokens):
        return []
    if weekly_hours.read(" ".join(raw)) is None:
        return []
    left.take("slots", start, end)
    return [" ".join(raw)]


def _is_denied(left: UnreadWords, start: int, end: int) -> bool:
    """Return whether a "not" stands in the clause, which says more of the hours than can be read here."""
    return phrase_set("negation").anywhere(left.plain[start:end])


def _raw(words: Sequence[Word]) -> tuple[list[str], list[int]]:
    """Return words as they were written, which times need ("9:30-5"), with where each begins and the last ends."""
    begins = [at for at, word in enumerate(words) if not at or word.origin != words[at - 1].origin]
    return [normalize(words[at].written) for at in begins], [*begins, len(words)]


@lru_cache(8_192)
def _may_be_of_hours(word: str) -> bool:
    """Return whether a word can stand in a text about hours, alone or as a part of a phrase."""
    return word in _words_of_hours() or scan(word).unknown_at is None


@cache
def _words_of_hours() -> frozenset[str]:
    return frozenset(
        word for _, phrase in named_phrases("calendar") for word in split_words(phrase)
    )


def _tells_hours(words: Sequence[str]) -> bool:
    """Return whether the words name days or times, and not only "daily" or "full time", which pay and work are, too."""
    names: set[str] = set()
    tokens = scan(" ".join(words)).tokens
    for token in tokens:
        names |= token.names
    told = names & {*DAYS, *PARTS}
    if len(told) < _MORE_THAN_A_NAME and not names & {*PARTS} and any(map(is_called_so, words)):
        return False  # Ravi is a name before it is a Sunday
    free = phrase_set("says_free").anywhere(words)
    times = [token for token in tokens if "time" in token.names]
    # "18 se upar" is an age.
    fixed = len(times) > 1 and any(token.fixed for token in times)
    clock = "to" in names and ({*DAYS} & names or fixed)
    return bool(told - _VAGUE or clock or (free and names & {*_VAGUE, "to"}))


_VAGUE: Final = frozenset({"every_day", "any_time"})
"""Said of pay and of kinds of work, too: "full time job", "800 daily"."""
_MORE_THAN_A_NAME: Final = 2
