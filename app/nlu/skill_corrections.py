"""Reads what a text adds to skills and takes from them: "cook nahi, waiter", "also delivery", "only cleaning". Pure.

English puts the "not" before what it denies, Hindi behind it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Final

from app.nlu.intents import Intent, yes_or_no
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_words
from app.nlu.skill_phrases import BETWEEN_SKILLS, matching_skills
from app.nlu.vocabulary import phrase_set, phrases

_BUT: Final = re.compile(r"\s(?:but|par|lekin|magar|पर|लेकिन|मगर)\s", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"[,;\n।]")
_NO_NO: Final = re.compile(r"^\W*(no|nahi|nhi|नहीं)\W+\1\b", re.IGNORECASE)
"""An answer to what was read back, and no denial of what follows: "no no, waiter"."""
MOST_PARTS: Final = 20
"""More parts than these are no correction."""


@dataclass(frozen=True, slots=True)
class SkillChange:
    """What a text says of skills that were named before it."""

    added: Sequence[str]
    """The likeliest skill of each part that is affirmed."""
    denied: frozenset[str]
    """Every skill that a denied part may mean."""
    only: bool
    """Whether the added ones are all there are."""

    def applied_to(self, chosen: Sequence[str]) -> list[str]:
        """Return the skills after the change: an answer adds, and only what is denied goes."""
        kept = [] if self.only and self.added else list(chosen)
        together = dict.fromkeys([*kept, *self.added])
        return [slug for slug in together if slug in self.added or slug not in self.denied]


class _Mark(Enum):
    NOT_BEFORE = auto()
    """What follows is denied: "not", "instead of"."""
    NOT_AFTER = auto()
    """What precedes is denied: "nahi", "ki jagah"."""
    ONLY = auto()
    ALSO = auto()


def read_change(text: str, language: str) -> SkillChange | None:
    """Return how a text changes skills; None where it only names some, or none."""
    added: list[str] = []
    denied: set[str] = set()
    marks: set[_Mark] = set()
    text = _without_no(_NO_NO.sub("", text))
    parts = [part for piece in _BUT.split(text) for part in BETWEEN_SKILLS.split(f" {piece} ")]
    if len(parts) > MOST_PARTS:
        return None
    for part in parts:
        words = split_words(part)
        marks |= {span.meaning for span in _marks().scan(words) if span.meaning is not None}
        for phrase, is_denied in _phrases(words):
            found = _matches(phrase, language)
            if is_denied:
                denied.update(found)
            else:
                added += found[:1]
    if not marks or not (added or denied):
        return None
    return SkillChange(tuple(dict.fromkeys(added)), frozenset(denied), _Mark.ONLY in marks)


def split_denied(text: str) -> Iterator[tuple[Sequence[str], bool]]:
    """Yield the parts of a text, and whether each is denied: "not Thane, Kalyan" denies Thane."""
    parts = [part for piece in _BUT.split(text) for part in _CLAUSE.split(f" {piece} ")]
    for part in parts[:MOST_PARTS]:
        yield from ((words, denied) for words, denied in _phrases(split_words(part)) if words)


def _phrases(words: Sequence[str]) -> Iterator[tuple[Sequence[str], bool]]:
    """Yield what stands between the marks, and whether it is denied."""
    plain: list[str] = []
    denying = False
    for span in _marks().scan(words):
        match span.meaning:
            case None:
                plain += span.words
            case _Mark.NOT_BEFORE:
                yield plain, denying
                plain, denying = [], True
            case _Mark.NOT_AFTER:
                yield plain, True
                plain, denying = [], False
    yield plain, denying


def _matches(words: Sequence[str], language: str) -> list[str]:
    bare = phrase_set("polite", "around_skill", "skill_filler").without(words, ends_only=True)
    return matching_skills(" ".join(bare), language) if bare else []


def _without_no(text: str) -> str:
    """Return a text without the no to what was read back, behind which something is added: "no also serving"."""
    words = split_words(text)
    adds = len(words) > 1 and phrase_set("skill_also").at(words, 1) is not None
    if not adds or yes_or_no(words[:1]) is not Intent.NO:
        return text
    return text.strip().partition(" ")[2]


@cache
def _marks() -> Lexicon[_Mark]:
    lists = {
        _Mark.ALSO: "skill_also",
        _Mark.NOT_BEFORE: "skill_not_before",
        _Mark.NOT_AFTER: "skill_not_after",
        _Mark.ONLY: "skill_only",
    }
    known = ((phrase, mark) for mark, name in lists.items() for phrase in phrases("phrases", name))
    return Lexicon(known)
