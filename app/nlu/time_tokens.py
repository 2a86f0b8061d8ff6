"""Cut a text about hours into tokens: days, parts of a day, words of a span, and times. Pure.

One unknown word makes the whole text unreadable, because it may be a "not".
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

from app.core.week import DAY
from app.nlu.normalize import normalize
from app.nlu.numbers import added_words, named_hours
from app.nlu.vocabulary import named_phrases, word_set

ALL_DAY: Final = (0, DAY)
PARTS: Final[Mapping[str, tuple[int, int]]] = {
    "morning": (6 * 60, 12 * 60),
    "daytime": (9 * 60, 17 * 60),
    "afternoon": (12 * 60, 17 * 60),
    "evening": (17 * 60, 22 * 60),
    "night": (20 * 60, 30 * 60),
    "all_day": ALL_DAY,
    "any_time": ALL_DAY,
}
"""Minutes from midnight; beyond 24 hours is the next day."""
UNTIL: Final[Mapping[str, int]] = {
    "morning": 12 * 60,
    "afternoon": 15 * 60,
    "evening": 19 * 60,
    "night": 23 * 60,
}
"""When a span ends that goes to a part of the day: "subah se sham tak"."""
DAYS: Final[Mapping[str, tuple[int, ...]]] = {
    "monday": (0,),
    "tuesday": (1,),
    "wednesday": (2,),
    "thursday": (3,),
    "friday": (4,),
    "saturday": (5,),
    "sunday": (6,),
    "weekdays": (0, 1, 2, 3, 4),
    "weekends": (5, 6),
    "every_day": (0, 1, 2, 3, 4, 5, 6),
}
EVERY_DAY: Final = DAYS["every_day"]
FROM_TODAY: Final[Mapping[str, int]] = {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2}
"""Days that are meant by how far away they are."""
HALF_DAY: Final = 12 * 60
_NAMED_TIMES: Final[Mapping[str, int]] = {"noon": 12 * 60, "midnight": 0}
_TIME: Final = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?!\d)")
_HALF: Final = re.compile(r"\s{0,8}(a\.?m\b\.?|p\.?m\b\.?)")
_OTHER: Final = re.compile(r"[^\s,;/।]+")
_NUMBER_OF: Final = "number:"
_ADDED: Final = "+0.5"
_HALF_HOUR: Final = 0.5


@dataclass(frozen=True, slots=True)
class Token:
    """A word with all it may be: names of the calendar, `time`, or `comma`."""

    names: frozenset[str]
    minutes: int = 0
    fixed: bool = False
    """Whether a time says itself which half of the day it means."""


_COMMA: Final = Token(frozenset({"comma"}))
_TIME_NAMES: Final = frozenset({"time"})


class Scan(NamedTuple):
    """A text cut into tokens, with where each of its pieces begins and ends."""

    tokens: Sequence[Token]
    ends: Sequence[int]
    """Where each token ends."""
    pieces: Sequence[tuple[int, int]]
    """What was taken at a time: a token, or a word that changes the next one."""
    unknown_at: int | None
    """Where the first word begins that nobody knows, and where the scan ended."""

    def before(self, end: int) -> Sequence[Token] | None:
        """Return what `tokens` gives for the text up to `end`, the end of a word.

        Raises `ValueError` where a piece crosses it: then the beginning has to be scanned by itself.
        """
        if self.unknown_at is not None and self.unknown_at < end:
            return None
        if any(begins < end < ends for begins, ends in self.pieces):
            raise ValueError("a word of several parts is cut")
        return self.tokens[: bisect_right(self.ends, end)]


def tokens(text: str) -> Sequence[Token] | None:
    """Cut a text into tokens; None at the first word nobody knows."""
    found = scan(normalize(text.replace("\n", ", ")))
    return None if found.unknown_at is not None else found.tokens


def scan(text: str) -> Scan:
    """Cut a normalize text into tokens, up to the first word nobody knows."""
    found: list[Token] = []
    ends: list[int] = []
    pieces: list[tuple[int, int]] = []
    half_past = False

    def keep(token: Token, begins: int) -> None:
        nonlocal half_past
        found.append(_half_past(token) if half_past else token)
        ends.append(len(text) - len(rest))
        pieces.append((begins, ends[-1]))
        half_past = False

    rest = text
    while rest := rest.lstrip():
        begins = len(text) - len(rest)
        if rest[0] in ",;/\n।":
            rest = rest[1:]
            found.append(_COMMA)
            ends.append(begins + 1)
            continue
        if rest[0] in ".!'\"()":
            rest = rest[1:]
            continue
        if (word := _word_at(rest)) is not None:
            names, length = word
            rest = rest[length:]
            if _ADDED in names:
                half_past = True
                pieces.append((begins, begins + length))
                continue
            token = _token(names)
            if "time" in token.names:
                token, length = _of_half(token, rest)
                rest = rest[length:]
            keep(token, begins)
            continue
        if (time := _time_at(rest)) is not None:
            token, length = time
            rest = rest[length:]
            keep(token, begins)
            continue
        other = _OTHER.match(rest)
        if other is None:
            return Scan(found, ends, pieces, begins)
        plain = other[0].strip(".!'\"()")
        rest = rest[other.end() :]
        if plain not in word_set("hours", "fillers"):
            # "somvaar", "shanivaar": people write long vowels as they like.
            alike = _sounds().get(_sound(plain))
            if alike is None:
                return Scan(found, ends, pieces, begins)
            found.append(_token(alike))
            ends.append(len(text) - len(rest))
    return Scan(found, ends, pieces, None)


def _token(names: frozenset[str]) -> Token:
    if fixed := names & set(_NAMED_TIMES):
        return Token(_TIME_NAMES, _NAMED_TIMES[next(iter(fixed))], fixed=True)
    number = next((name for name in names if name.startswith(_NUMBER_OF)), None)
    if number is None or len(names) > 1:
        return Token(names)
    return Token(_TIME_NAMES, int(float(number.removeprefix(_NUMBER_OF)) * 60))


def _of_half(token: Token, rest: str) -> tuple[Token, int]:
    """Return a time with the am or pm that follows it, and how long that is."""
    half = _HALF.match(rest)
    if half is None or token.fixed or not 60 <= token.minutes < 13 * 60:
        return token, 0
    minutes = token.minutes % HALF_DAY + (HALF_DAY if half[1].startswith("p") else 0)
    return Token(_TIME_NAMES, minutes, fixed=True), half.end()


def _half_past(token: Token) -> Token:
    return Token(token.names, (token.minutes + 30) % DAY, token.fixed)


@cache
def _lexicon() -> Mapping[str, Sequence[tuple[str, frozenset[str]]]]:
    """Every word of every language with what it can be, by its first letter, the longest first."""
    found: dict[str, set[str]] = {}
    for name, word in named_phrases("calendar"):
        found.setdefault(normalize(word), set()).add(name)
    # "sat" is a Saturday before it is a seven.
    for word, value in named_hours().items():
        found.setdefault(word, {f"{_NUMBER_OF}{value:g}"})
    for word, value in added_words().items():
        if value == _HALF_HOUR:
            found.setdefault(word, {_ADDED})
    letters: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for word, names in sorted(found.items(), key=lambda item: (-len(item[0]), item[0])):
        letters.setdefault(word[0], []).append((word, frozenset(names)))
    return letters


_LEAST_LETTERS: Final = 4
"""Shorter words sound like too many others."""


def _sound(word: str) -> str:
    """Return a word in Latin letters without what people spell as they like."""
    return re.sub(r"(.)\1+", r"\1", word).replace("w", "v")


@cache
def _sounds() -> Mapping[str, frozenset[str]]:
    """Days and parts of the day by their sound, where only one sounds so."""
    found: dict[str, set[frozenset[str]]] = {}
    for words in _lexicon().values():
        for word, names in words:
            if word.isascii() and word.isalpha() and len(word) >= _LEAST_LETTERS:
                found.setdefault(_sound(word), set()).add(names)
    return {
        sound: next(iter(names))
        for sound, names in found.items()
        if len(names) == 1 and next(iter(names)) & {*DAYS, *PARTS, *FROM_TODAY}
    }


def _time_at(rest: str) -> tuple[Token, int] | None:
    match = _TIME.match(rest)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return None
    token, length = _of_half(Token(_TIME_NAMES, hour * 60 + minute), rest[match.end() :])
    if token.fixed:
        return token, match.end() + length
    fixed = hour > 12 or hour == 0 or (match[2] is not None and match[1].startswith("0"))
    return Token(_TIME_NAMES, hour * 60 + minute, fixed=fixed), match.end()


def _word_at(rest: str) -> tuple[frozenset[str], int] | None:
    for word, names in _beginning(rest[:2]):
        if rest.startswith(word):
            after = rest[len(word) : len(word) + 1]
            if word in {"-", "&"} or not after or not _joins(after):
                return names, len(word)
    return None


@lru_cache(2_048)
def _beginning(letters: str) -> Sequence[tuple[str, frozenset[str]]]:
    """Return the words that may stand where a text goes on with these two letters."""
    return [
        (word, names)
        for word, names in _lexicon().get(letters[0], ())
        if letters.startswith(word[:2]) or word.startswith(letters)
    ]


def _joins(character: str) -> bool:
    return character.isalpha() or character == "'" or "\u0900" <= character <= "\u0963"
