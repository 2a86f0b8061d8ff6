"""What the API accepts as a person's name, and the signs that names of any script are made of.

The chat is stricter (`app.nlu.person_name`), and so is what employers see before they pay
(`app.offers.worker_names`).
"""

import unicodedata
from typing import Final

UNNAMED: Final = "Worker"
"""Stands for a missing name, and for a name of which nothing may be shown."""

JOINERS: Final = frozenset("\u200c\u200d")
"""Zero-width joiners: invisible, and needed between the letters of some scripts."""
_SIGNS: Final = frozenset(" .'’ʼ-‐") | JOINERS
"""Signs that join the letters and words of a name."""
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u034f\u2800")
"""Characters that Unicode calls letters, marks or signs and that show nothing."""
_MOST_MARKS: Final = 4
"""Marks on one letter: no script stacks more."""


def is_readable_name(name: str) -> bool:
    """Whether this has a letter and no invisible character: "Worker 2" and "Asha (B)" are fine."""
    if not any(character.isalpha() and character not in _BLANKS for character in name):
        return False
    marks = 0
    for before, character in zip(" " + name, name, strict=False):
        marks = marks + 1 if _is_mark(character) and not _is_variation(character) else 0
        if marks > _MOST_MARKS or character in _BLANKS:
            return False
        if character in JOINERS or _is_variation(character):
            if before.isspace():
                return False
        elif unicodedata.category(character) in _UNSEEN:
            return False
    return not name.endswith(tuple(JOINERS))


_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control and format characters, unassigned ones, and ends of lines."""


def is_spelled_as_name(name: str) -> bool:
    """Whether this begins with a letter and holds only letters and the signs that join them."""
    if not name or not name[0].isalpha() or not is_readable_name(name):
        return False
    return all(
        character.isalpha()
        or (_is_mark(character) and not _is_variation(character))
        or (character in _SIGNS and _may_follow(character, before))
        for before, character in zip(" " + name, name, strict=False)
    )


def letters_of(name: str) -> str:
    """Return a name's letters and well-placed signs; every other character separates words."""
    kept: list[str] = []
    for character in name:
        before = kept[-1] if kept else " "
        letter = character.isalpha() and character not in _BLANKS
        mark = _is_mark(character) and before != " " and not _is_variation(character)
        sign = character in _SIGNS and _may_follow(character, before)
        kept.append(character if letter or mark or sign else " ")
    words = "".join(kept).split()
    return " ".join(word for word in words if any(map(str.isalpha, word)))


def _is_mark(character: str) -> bool:
    """Whether a character is written on or beside a letter, as vowels of Indian scripts are."""
    return unicodedata.category(character) in {"Mn", "Mc"} and character not in _BLANKS


def _is_variation(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f"


def _may_follow(sign: str, before: str) -> bool:
    """Whether a sign may follow `before`: any a letter, a space also a dot, a quote also a space."""
    if before.isalpha() or _is_mark(before):
        return True
    if sign in JOINERS:
        return False
    return (before == "." and sign in " -‐") or (before == " " and sign in "'’ʼ")
