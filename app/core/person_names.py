"""Names of persons: what may be kept as one, and what a chat takes for one.

The API takes any name that can be seen and has a letter. A chat asks, so it takes only what is a name beyond
doubt: letters of any script and what joins them. What people who have paid nothing read of a name is another
matter (`app.offers.worker_names`).
"""

import unicodedata
from typing import Final

from app.core.masking import mask

UNNAMED: Final = "Worker"
"""The name of somebody who has told none, and what is shown of a name that nothing may be shown of."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Zero-width joiners: invisible, and needed between the letters of some scripts."""
_BETWEEN: Final = frozenset(" .'’ʼ-‐") | _JOINERS
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u034f\u2800")
"""Letters, marks and signs, by their category, that show nothing."""
_SHORT_LETTERS: Final = 3
_MOST_MARKS: Final = 4
"""Marks on one letter: more is a tower, and no script's."""


def is_readable_name(name: str) -> bool:
    """Whether this has a letter and every character can be seen: "Worker 2", "Asha (B)", not a joiner alone."""
    if not any(character.isalpha() and character not in _BLANKS for character in name):
        return False
    marks = 0
    for before, character in zip(" " + name, name, strict=False):
        marks = marks + 1 if _is_mark(character) and not _is_variation(character) else 0
        if marks > _MOST_MARKS or character in _BLANKS:
            return False
        if character in _JOINERS or _is_variation(character):
            if before.isspace():
                return False
        elif unicodedata.category(character) in _UNSEEN:
            return False
    return not name.endswith(tuple(_JOINERS))


_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control and format characters, what is not assigned, and ends of lines."""


def is_person_name(name: str) -> bool:
    """Whether this can be a person's name: "S. K. Rao", "O'Brien", "अंज़ूर्‍या"; no phone in words, no link."""
    if not name or not name[0].isalpha() or not is_readable_name(name):
        return False
    for before, character in zip(" " + name, name, strict=False):
        if character.isalpha() or (_is_mark(character) and not _is_variation(character)):
            continue
        if character not in _BETWEEN or not _may_follow(character, before):
            return False
    if any(map(_is_handle, name.split())):
        return False
    return mask(name) == name


def letters_of(name: str) -> str:
    """Return the letters of a name and the signs that stand where they can; all else parts words."""
    kept: list[str] = []
    for character in name:
        before = kept[-1] if kept else " "
        letter = character.isalpha() and character not in _BLANKS
        mark = _is_mark(character) and before != " " and not _is_variation(character)
        sign = character in _BETWEEN and _may_follow(character, before)
        kept.append(character if letter or mark or sign else " ")
    words = "".join(kept).split()
    return " ".join(word for word in words if any(map(str.isalpha, word)))


def _is_mark(character: str) -> bool:
    """Whether a character stands on or beside a letter, as vowels of Indian scripts do."""
    return unicodedata.category(character) in {"Mn", "Mc"} and character not in _BLANKS


def _is_variation(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f"


def _is_handle(word: str) -> bool:
    """Whether a dot joins what is no initial and no title: "Insta.asha", but not "S.K.Rao" or "Md.Arif"."""
    *before, last = word.split(".")
    return bool(last) and any(sum(map(str.isalpha, part)) > _SHORT_LETTERS for part in before)


def _may_follow(sign: str, before: str) -> bool:
    """Whether a sign stands where it can: after a letter, a space also after a dot, a quote after a space."""
    if before.isalpha() or _is_mark(before):
        return True
    if sign in _JOINERS:
        return False
    return (before == "." and sign in " -‐") or (before == " " and sign in "'’ʼ")
