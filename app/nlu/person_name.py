"""What the chat takes for a person's name. Pure."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from app.core.person_names import is_spelled_as_name
from app.masking.mask import mask
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

_LONGEST_INITIAL: Final = 3
_INTRODUCTION_CHARACTERS: Final = 200
"""A longer text introduces nobody."""


def is_person_name(name: str) -> bool:
    """Return whether this can only be a person's name: "S. K. Rao", "O'Brien", "अंज़ूर्‍या"; no phone in words, no link."""
    if not is_spelled_as_name(name) or any(map(_is_handle, name.split())):
        return False
    return mask(name) == name


def _is_handle(word: str) -> bool:
    """Return whether a dot joins more than initials and titles: "Insta.asha", but not "S.K.Rao" or "Md.Arif"."""
    *before, last = word.split(".")
    return bool(last) and any(sum(map(str.isalpha, part)) > _LONGEST_INITIAL for part in before)


def find_name(text: str) -> str:
    """Return the name in "my name is …", "mera naam … hai": as it is written, on one line.

    "" where there is none, and for a text that is too long to be an introduction.
    """
    if len(text) > _INTRODUCTION_CHARACTERS:
        return ""
    words = unicodedata.normalize("NFC", text).split()
    plain = ["".join(split_words(word)) for word in words]
    if len(words) > 1 and _only(plain, "before_name"):
        return ""
    # At least one word is left: "Main" alone may be a name.
    end = next((n for n in range(1, len(words)) if _only(plain[n:], "after_name")), len(words))
    before = ("before_name", "filler") if end < len(words) else ("before_name",)
    start = next((n for n in range(end - 1, 0, -1) if _only(plain[:n], *before)), 0)
    return " ".join(words[start:end])


def find_corrected_name(text: str, known: str) -> str | None:
    """Return the name that corrects a known one: "sorry Anil Kumar", "my name is Anil Kumar"."""
    words = text.split()
    plain = ["".join(split_words(word)) for word in words]
    corrections = phrase_set("correction", section="calendar")
    begins = corrections.at(plain, 0) if plain and plain[0] else None
    name = find_name(" ".join(words[len(begins.words) :])) if begins else find_name(text)
    introduced = any(word in {"name", "naam", "नाम"} for word in plain)
    same = split_words(name)[:1] == split_words(known)[:1]
    return name if name != text and (introduced or (begins and same)) else None


def _only(words: Sequence[str], *lists: str) -> bool:
    return not phrase_set(*lists).without(words)
