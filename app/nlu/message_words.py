"""The words of a message, as they are compared and as they were written. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.nlu.normalize import split_words
from app.nlu.vocabulary import word_set

READ_CHARACTERS: Final = 300
"""Facts about a worker are looked for in so much of a message."""
_ENDS: Final = frozenset(",;.!?।\n|")
_WRITTEN: Final = re.compile(r"[^\s,;!?।|()\"]+|[,;!?।|\n]")
_PICTURES: Final = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
"""Emoji stand beside words, and are none: "Ajay😀"."""
_LEAST_SENTENCE: Final = 3
"""A shorter word before a dot is an initial, or cut short: "S.", "km."."""
_AROUND: Final = ":-–—_*~'’"


class Word(NamedTuple):
    """One word of a message."""

    plain: str
    """Normalized."""
    written: str
    """As it was written, without what stands around it."""
    ends: bool
    """Whether a comma, a stop or the end of the line follows."""
    origin: int
    """Which of the written words it is of: "9-5" is one that gives three."""
    asks: bool = False
    """Whether a question mark follows."""


def words_of(text: str) -> list[Word]:
    """Return the words of the part of a text that is read."""
    found: list[Word] = []
    plain_text = _PICTURES.sub(" ", unicodedata.normalize("NFC", text[:READ_CHARACTERS]))
    for origin, part in enumerate(_WRITTEN.findall(plain_text)):
        if part in _ENDS:
            if found:
                found[-1] = found[-1]._replace(ends=True, asks=part == "?")
            continue
        plain = split_words(part)
        for number, word in enumerate(plain, 1):
            last = number == len(plain)
            ends = last and (part.endswith(":") or (part.endswith(".") and _ends_sentence(word)))
            found.append(Word(word, part.strip(_AROUND) or part, ends, origin))
    return found


def _ends_sentence(word: str) -> bool:
    """Return whether a dot behind this word ends a sentence, and is none of an initial or a title: "Raj.", "Md."."""
    return (
        len(word) >= _LEAST_SENTENCE
        and any(map(str.isalpha, word))
        and word not in word_set("phrases", "name_titles")
    )


def plain_of(words: Sequence[Word]) -> list[str]:
    """Return the normalized words."""
    return [word.plain for word in words]
