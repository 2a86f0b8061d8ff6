"""Reads what a text corrects of facts that were told before: "naam galat hai, Sunita likho", "not Thane, Kalyan". Pure.

A correction names the fact ("change my place to Thane"), or denies what is known of it ("10 nahi 5 saal"). What it
doesn't name stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.catalogue.skills import fold
from app.nlu.fact import Fact
from app.nlu.home_place import HomeFact, find_home
from app.nlu.message_words import words_of
from app.nlu.normalize import split_words
from app.nlu.person_name import read_name_answer
from app.nlu.quantities import find_measures, in_kilometres, in_years
from app.nlu.skill_corrections import split_denied
from app.nlu.vocabulary import phrase_set

READ_CHARACTERS: Final = 200
"""Nobody corrects in more."""


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What is known of a worker when they write."""

    name: str = ""
    place: str = ""
    distance_km: float = 0
    years: int = 0


@dataclass(frozen=True, slots=True)
class CorrectedFacts:
    """What a text corrects; a fact that is only said to be wrong is named in `wrong`."""

    name: Fact[str] | None = None
    place: HomeFact | None = None
    distance_km: float | None = None
    years: int | None = None
    wrong: str = ""
    """`name` or `place`, where the text doesn't tell the right one."""


def read_correction(text: str, known: KnownFacts) -> CorrectedFacts | None:
    """Return what a text corrects; None for any other text."""
    if len(text) > READ_CHARACTERS or "?" in text:
        return None
    words = split_words(text)
    if phrase_set("asking").anywhere(words):
        return None
    return _named(text, words) or _denied(text, known)


def _named(text: str, words: Sequence[str]) -> CorrectedFacts | None:
    """Read a correction that names the fact: "naam galat hai, Sunita likho"."""
    if not phrase_set("says_wrong").anywhere(words):
        return None
    if phrase_set("is_called").anywhere(words):
        left = phrase_set("says_wrong", "is_called", "correcting", "after_name").without(words)
        name = _name_in(text, left)
        return CorrectedFacts(name=name) if name else CorrectedFacts(wrong="" if left else "name")
    if phrase_set("of_home").anywhere(words):
        left = phrase_set("says_wrong", "of_home", "correcting").without(words)
        home = find_home(" ".join(left)) if left else None
        return CorrectedFacts(place=home) if home else CorrectedFacts(wrong="" if left else "place")
    return None


def _name_in(text: str, left: Sequence[str]) -> Fact[str] | None:
    """Return the name that these words of a text are, as they were written."""
    kept = [word for word in words_of(text) if word.plain in left]
    return read_name_answer(kept) if kept else None


def _denied(text: str, known: KnownFacts) -> CorrectedFacts | None:
    """Read a correction that denies what is known: "not Thane, Kalyan", "10 nahi 5 saal"."""
    denied: list[str] = []
    said: list[str] = []
    for words, is_denied in split_denied(text):
        (denied if is_denied else said).extend(words)
    left = phrase_set("correcting", "polite", "around_place").without(denied)
    rest = phrase_set("correcting", "polite").without(said)
    if not left or not rest:
        return None
    if set(map(fold, left)) <= set(fold(known.place).split()):
        home = find_home(" ".join(rest))
        return CorrectedFacts(place=home) if home else None
    if set(map(fold, left)) <= set(fold(known.name).split()):
        name = _name_in(text, rest)
        return CorrectedFacts(name=name) if name else None
    return _measured(left, rest, known)


def _measured(left: Sequence[str], rest: Sequence[str], known: KnownFacts) -> CorrectedFacts | None:
    """Read another number for a distance or a time: the unit stands with either."""
    number = next((word for word in left if word.isdecimal()), None)
    if number is None:
        return None
    for measure in find_measures(rest) or find_measures([*rest, *left[1:]]):
        km, time = in_kilometres(measure.amount), in_years(measure.amount)
        if km is not None and float(number) == known.distance_km and km >= 1:
            return CorrectedFacts(distance_km=km)
        if time is not None and int(number) == known.years:
            return CorrectedFacts(years=int(time))
    return None
