"""Bring people's spelling into one form, and split a text into words. Pure."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

READ_CHARACTERS: Final = 1_000
"""Readers ignore the rest of a message; WhatsApp lets 4,096 characters through."""
KEPT_TEXTS: Final = 16
"""Cache size: many readers ask the same of one message and its parts."""
_DIGITS: Final = {ord(c): str(unicodedata.digit(c)) for c in "०१२३४५६७८९"}
_SPELLINGS: Final = str.maketrans(
    {"\u093c": None, "\u0901": "\u0902", "’": "'", "–": "-", "—": "-"}
)
"""People use nukta and chandrabindu at will: हाँ and हां, रोज़ and रोज are one word."""
_WORD: Final = re.compile(r"\d+(?:\.\d+)?|[^\s\d.,;:!?()\"/।+*~_-]+|[+-]")
_BETWEEN_CLAUSES: Final = re.compile(r"[,;|।!\n]|(?<!\b[A-Za-z])\.(?=\s|$)")
_DEVANAGARI: Final = re.compile(r"[\u0900-\u097f]")
_SKIN_TONES: Final = frozenset("🏻🏼🏽🏾🏿")


def has_devanagari(text: str) -> bool:
    """Return whether any character is of the script of Hindi."""
    return _DEVANAGARI.search(text) is not None


@lru_cache(maxsize=KEPT_TEXTS)
def normalize(text: str) -> str:
    """Return a text in lower case, one spelling, ASCII digits and single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFD", text.casefold()).translate(_SPELLINGS)
    plain = unicodedata.normalize("NFC", plain).translate(_DIGITS)
    kept = (
        c
        for c in plain
        if unicodedata.category(c) != "Cf" and c != "\ufe0f" and c not in _SKIN_TONES
    )
    return " ".join("".join(kept).split())


def split_words(text: str) -> list[str]:
    """Return the normalized words and numbers of a text, without punctuation."""
    return list(_split(text))


@lru_cache(maxsize=KEPT_TEXTS)
def _split(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(normalize(text)))


def split_clauses(text: str) -> list[str]:
    """Return the clauses of a text as they are written, without those that are empty."""
    return [clause for clause in _BETWEEN_CLAUSES.split(text) if clause.strip()]
