"""How many digits a word stands for, in the languages people dictate phone numbers in. Pure.

The words are data (`data/number_words.toml`). One word alone means little ("do" is two in Hindi): only a row of
them with more digits than an amount or a date is a number to hide.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

_INDIC: Final = {0x093C: None, 0x0901: None, 0x0902: None, 0x09BC: None, 0x0981: None, 0x200D: None}
"""Drops nukta, chandrabindu and anusvara: "पाँच", "पांच" and "पाच" are one word."""
_DOUBLED: Final = re.compile(r"(.)\1+")
_ASPIRATED: Final = re.compile(r"(?<=[tdckgbpj])h")
_NASAL: Final = re.compile(r"(?<=[aeiou])n(?=[tsc])")
_LEET: Final = frozenset("oilsbzegtaq")
"""Letters that stand for a digit beside digits: S for 5, l for 1."""
_LETTER_OF: Final = str.maketrans("013457", "oieast")
"""The letter that a digit replaces within a word."""
_LETTERS_LIKE: Final = frozenset("abcdefghijklmnopqrstuvwxyz013457")
_LONGEST_WORD: Final = 24
"""Letters of the longest word that is looked up; longer ones may be several written together."""
_LONGEST_GLUED: Final = 160
"""Letters of the longest word that is cut into number words: about 36 digits."""
_GLUED_DIGITS: Final = 2
"""Least digits of a word cut into number words; "tone" holds a "one" by chance."""


class NumberWord(NamedTuple):
    """`digits` is 0 for a word that may stand between digits; a `weak` one is an ordinary word too."""

    digits: int
    weak: bool = False


_BETWEEN: Final = NumberWord(0)


@dataclass(frozen=True, slots=True)
class _Words:
    exact: Mapping[str, NumberWord]
    folded: Mapping[str, NumberWord]
    endings: tuple[str, ...]
    native_endings: tuple[str, ...]
    least_letters: int
    longest: int
    letters: frozenset[str]


@lru_cache(maxsize=16_384)
def number_word(word: str) -> NumberWord | None:
    """Return what a lower-case word contributes to a number; None if it ends one."""
    words = _words()
    if len(word) <= _LONGEST_WORD:
        plain = word if word.isascii() else unicodedata.normalize("NFC", word).translate(_INDIC)
        found = words.exact.get(plain)
        if found is not None:
            return found
        if len(plain) == 1:
            return _BETWEEN
        if plain.isascii():
            found = words.folded.get(_folded(plain))
            if found is not None and len(plain) >= words.least_letters:
                return found
        glued = _glued(plain, words)
        if glued is not None:
            return glued
        native = not plain.isascii()
        endings = words.native_endings if native else words.endings
        # Vowel signs aside, a word of an Indian script has fewer letters.
        if len(plain) >= words.least_letters - native and plain.endswith(endings):
            return NumberWord(2)
        return None
    if len(word) <= _LONGEST_GLUED:
        return _glued(unicodedata.normalize("NFC", word).translate(_INDIC), words)
    return None


def is_leet(letters: str) -> bool:
    """Whether letters that touch a digit may stand for digits themselves, "9O4l"."""
    return len(letters) <= 3 and _LEET.issuperset(letters)


@lru_cache(maxsize=4_096)
def undisguised(word: str) -> int:
    """Return the digits of a number word with digits for letters, "n1ne" or "thr33"; 0 if it is none."""
    if len(word) > _LONGEST_WORD or word.isdecimal() or not _LETTERS_LIKE.issuperset(word):
        return 0
    found = _words().exact.get(word.translate(_LETTER_OF))
    return found.digits if found and not found.weak else 0


def glued_digits(letters: str) -> int:
    """Return the digits of number words written together; 0 if the letters are none."""
    words = _words()
    plain = (
        letters if letters.isascii() else unicodedata.normalize("NFC", letters).translate(_INDIC)
    )
    found = _glued(plain[:_LONGEST_GLUED], words)
    return found.digits if found else 0


def _glued(word: str, words: _Words) -> NumberWord | None:
    """Return the most digits that number words written together, "ninezero", can stand for."""
    if not words.letters.issuperset(word):
        return None
    most: list[int | None] = [0]  # by how many letters are read
    for end in range(1, len(word) + 1):
        best: int | None = None
        for start in range(max(0, end - words.longest), end):
            before = most[start]
            if before is None:
                continue
            found = words.exact.get(word[start:end])
            if found is not None and found.digits and not found.weak:
                best = max(best or 0, before + found.digits)
        most.append(best)
    digits = most[-1]
    return NumberWord(digits) if digits is not None and digits >= _GLUED_DIGITS else None


def _folded(word: str) -> str:
    """Return a Latin word by its sound: doubled letters once, aspirates plain."""
    word = word.replace("ee", "i").replace("oo", "u").replace("w", "v").replace("y", "i")
    return _DOUBLED.sub(r"\1", _NASAL.sub("", _ASPIRATED.sub("", word)))


@cache
def _words() -> _Words:
    path = files("app.masking") / "data" / "number_words.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    exact: dict[str, NumberWord] = {}
    for word in data["between"]["words"].split():
        exact[_key(word)] = _BETWEEN
    for word in data["weak"]["words"].split():
        exact[_key(word)] = NumberWord(1, weak=True)
    for digits, name in ((2, "two"), (1, "one")):
        for listed in data[name].values():
            exact.update((_key(word), NumberWord(digits)) for word in listed.split())
    exact["o"] = NumberWord(1)
    numbers = {word: value for word, value in exact.items() if value.digits and not value.weak}
    return _Words(
        exact=exact,
        folded={_folded(word): value for word, value in numbers.items() if word.isascii()},
        endings=tuple(data["endings"]["latin"].split()),
        native_endings=tuple(map(_key, data["endings"]["native"].split())),
        least_letters=data["endings"]["least_letters"],
        longest=max(map(len, numbers)),
        letters=frozenset("".join(numbers)),
    )


def _key(word: str) -> str:
    return unicodedata.normalize("NFC", word).translate(_INDIC)
