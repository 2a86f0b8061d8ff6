"""Spell words as the vocabularies do: "cancl d job", "evry wk", "sundayalso", "need1cook". Pure.

Only for a text that was not understood as it is written: a word that means something else is never changed where
it was meant. A word is another one that has the same consonants and nearly the same letters; words that people
use every day, and names, stay as they are. Words written as one are parted where each part is known.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from app.catalogue import skills
from app.catalogue.phonetics import distance
from app.catalogue.place_names import names_on_map
from app.core.languages import languages
from app.nlu.common_words import is_called_so, is_common
from app.nlu.normalize import has_devanagari, normalize
from app.nlu.vocabulary import vocabulary, word_set

_MOST_CHARACTERS: Final = 300
"""A longer text is left as it is."""
_LEAST_BONES: Final = 2
_LEAST_LETTERS: Final = 4
_LONG: Final = 6
"""In a longer word two letters may be wrong."""
_LONGEST_GLUED: Final = 40
_LEAST_GLUED: Final = 5
_SECTIONS: Final = (
    *("intents", "calendar", "units", "months", "dates", "pay", "numbers"),
    *("job", "hours", "job_commands", "ordinals", "places"),
)
_LISTS: Final = (
    *("wants", "hiring", "change_words", "part_pay", "part_place", "part_people", "part_hours"),
    *("more_of", "less_of", "none_of_these", "post_it", "asking", "hire_about_cost", "polite"),
)
_PIECES: Final = re.compile(r"\d+(?:[.:]\d+)?|[a-z]+|[^a-z\d]+")
_UNITS: Final = re.compile(r"\d+(?:[.:]\d+)?(?:am|pm|st|nd|rd|th|k|km|hrs?|bhk|yrs?|x)?")
_TO: Final = re.compile(r"(?<=[a-z\d.:])2(?=[a-z])|(?<=\d)\s2\s(?=\d)")


def bones(word: str) -> str:
    """Return a word's consonants, a doubled one once: "wtr" of "waiter"."""
    return re.sub(r"(.)\1+", r"\1", re.sub(r"[aeiou]", "", word.removesuffix("s")))


@lru_cache(maxsize=1_024)
def respelled(text: str) -> str:
    """Return a text with each word spelled as it is known; the text itself where nothing changes."""
    if len(text) > _MOST_CHARACTERS or has_devanagari(text):
        return text
    words = normalize(text).split()
    spelled = [_respelled(word) for word in words]
    return text if spelled == words else " ".join(spelled)


def _respelled(word: str) -> str:
    bare = word.strip(".,;:!?()*-")
    if not bare.isascii() or not any(map(str.isalpha, bare)) or _is_known(bare):
        return word
    found = _parted(bare) or _nearest(bare) or bare
    return word.replace(bare, found, 1)


def _is_known(word: str) -> bool:
    if _UNITS.fullmatch(word):
        return True
    return word in _targets() or is_common(word) or (word.isalpha() and is_called_so(word))


@lru_cache(maxsize=4_096)
def _nearest(word: str) -> str | None:
    """Return the one known word that has these consonants and nearly these letters."""
    if not word.isalpha() or len(word) < _LEAST_LETTERS - 1:
        return None
    frame = bones(word)
    if len(frame) < _LEAST_BONES or (len(word) < _LEAST_LETTERS and word != frame):
        return None
    most = 1 + (len(word) > _LONG)
    near = [
        (distance(word, known), known)
        for known in _by_bones().get(frame, ())
        if known[0] == word[0]
    ]
    near = [one for one in near if one[0] <= most or (word == frame and len(frame) > _LEAST_BONES)]
    least = min((far for far, _ in near), default=0)
    best = {known for far, known in near if far == least}
    return best.pop() if len(best) == 1 else None


def _parted(word: str) -> str | None:
    """Return words that were written as one: each part is a number or known; None where they are not."""
    if not _LEAST_GLUED <= len(word) <= _LONGEST_GLUED:
        return None
    pieces: list[str] = []
    for piece in _PIECES.findall(word):
        if piece[0].isdecimal() or not piece[0].isalpha():
            pieces.append(piece)
        elif pieces and _UNITS.fullmatch(pieces[-1] + piece):
            pieces[-1] += piece
        else:
            parts = _known_parts(piece)
            if parts is None:
                return None
            pieces += parts
    return " ".join(pieces) if len(pieces) > 1 else None


def _known_parts(letters: str) -> Sequence[str] | None:
    """Return the fewest known words that make these letters."""
    if letters in _targets():
        return [letters]
    best: list[Sequence[str] | None] = [[], *([None] * len(letters))]
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end):
            before, part = best[start], letters[start:end]
            here = best[end]
            if before is None or part not in _glued_words():
                continue
            if here is None or len(before) + 1 < len(here):
                best[end] = [*before, part]
    return best[len(letters)]


_LONGEST_WORD: Final = 14


@cache
def _targets() -> frozenset[str]:
    """Return the words of the vocabularies, of roles and of known places, in Latin letters."""
    found: set[str] = set()
    for language in languages():
        known = vocabulary(language)
        lists = [words for name in _SECTIONS for words in known.get(name, {}).values()]
        lists += [known.get("phrases", {}).get(name, ()) for name in _LISTS]
        found |= {word for words in lists for phrase in words for word in normalize(phrase).split()}
        found |= {word for name in names_on_map(language) for word in normalize(name).split()}
    for skill in skills.SKILLS.values():
        found |= {word for name in skill.known_as for word in skills.fold(name).split()}
    return frozenset(word for word in found if word.isascii() and word.isalpha())


@cache
def _glued_words() -> frozenset[str]:
    """Return the words that may be written as one with others: no short ones, which are in every word."""
    short = word_set("job", "glued")
    return frozenset(word for word in _targets() if len(word) >= _LEAST_LETTERS) | short


@cache
def _by_bones() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for word in sorted(_targets()):
        if len(word) >= _LEAST_LETTERS:
            found.setdefault(bones(word), []).append(word)
    return found
