"""What can be a person's name: letters of any script, and what joins them.

A name is read by people who have paid nothing yet, so it carries nothing else: no digit, no address, no sign
that can't be seen.
"""

import unicodedata
from typing import Final

from app.core.masking import mask

_JOINERS: Final = frozenset("\u200c\u200d")
"""Zero-width joiners: invisible, and needed between the letters of some scripts."""
_BETWEEN: Final = frozenset(" .'’ʼ-‐") | _JOINERS
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u034f")
"""Letters and marks, by their category, that show nothing."""
_SHORT_LETTERS: Final = 3
_MOST_MARKS: Final = 4
"""Marks on one letter: more is a tower, and no script's."""


def is_person_name(name: str) -> bool:
    """Whether this can be a person's name: "S. K. Rao", "O'Brien", "अंज़ूर्‍या"; no phone in words, no link."""
    if not name or not name[0].isalpha() or any(map(_is_blank, name)):
        return False
    marks = 0
    for before, character in zip(" " + name, name, strict=False):
        marks = marks + 1 if _is_mark(character) else 0
        if marks > _MOST_MARKS or not (
            character.isalpha() or _is_mark(character) or character in _BETWEEN
        ):
            return False
        if (
            not character.isalpha()
            and not _is_mark(character)
            and not _may_follow(character, before)
        ):
            return False
    if name.endswith(tuple(_JOINERS)) or any(map(_is_handle, name.split())):
        return False
    return mask(name) == name


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Mc"}


def _is_blank(character: str) -> bool:
    return character in _BLANK_LETTERS or "\ufe00" <= character <= "\ufe0f"


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
