"""What the chat takes for the name of a company, and for having none. Pure."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

_CHARACTERS: Final = 200
"""A longer text names no company."""


def find_company(text: str) -> str:
    """Return the name in "we are …", "hamari company ka naam … hai": as it is written, on one line.

    "" where there is none, and for a text that is too long to be a name.
    """
    if len(text) > _CHARACTERS:
        return ""
    words = unicodedata.normalize("NFC", text).split()
    plain = [" ".join(split_words(word)) for word in words]
    begin = next((n for n in range(len(words), 0, -1) if _only(plain[:n], "before_company")), 0)
    end = next(
        (n for n in range(begin, len(words)) if _only(plain[n:], "after_company")), len(words)
    )
    return " ".join(words[begin:end]).strip(" ,.;:-–*\"'“”")


def has_no_company(text: str) -> bool:
    """Whether somebody says that they hire for themselves: "no company", "ghar ke liye"."""
    said = split_words(text[:_CHARACTERS])
    return bool(said) and not phrase_set("no_company", "polite", "filler").without(said)


def _only(words: Sequence[str], name: str) -> bool:
    said = [part for word in words for part in word.split()]
    return bool(said) and not phrase_set(name).without(said)
