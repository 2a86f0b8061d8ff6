"""How a place is called in a language: "Andheri West, Mumbai" is "अंधेरी वेस्ट, मुंबई" in Hindi. Pure.

A name that the language's list doesn't know stays as it is on the map.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from app.catalogue.phonetics import sounds
from app.catalogue.skills import fold

_LONGEST_NAME: Final = 8
"""Words of the longest name that is looked for within another."""
_LONGEST_TEXT: Final = 200
"""A longer text is no name."""


@cache
def _known(language: str) -> Mapping[str, str]:
    data = files("app.catalogue").joinpath("data/place_names.toml").read_text(encoding="utf-8")
    lists = tomllib.loads(data).get(language, {})
    return {
        name.casefold(): said
        for part in ("words", "names")
        for name, said in lists.get(part, {}).items()
    }


@lru_cache(maxsize=4_096)
def place_in(name: str, language: str) -> str:
    """Return a place's name in a language; of "Juhu, Mumbai" each part by itself."""
    known = _known(language)
    if not known or len(name) > _LONGEST_TEXT:
        return name
    return ", ".join(_part(part, known) for part in name.split(", "))


@cache
def names_on_map(language: str) -> frozenset[str]:
    """Return the names on the map that a language has its own for, in small letters."""
    return frozenset(_known(language))


@lru_cache(maxsize=4_096)
def name_on_map(said: str, language: str) -> str | None:
    """Return what the map calls a place that is named in a language: "अंधेरी वेस्ट" is Andheri West; else None."""
    words = said[:_LONGEST_TEXT].split()
    known = _said_so(language)
    found: list[str] = []
    position = 0
    while position < len(words):
        longest = min(_LONGEST_NAME, len(words) - position)
        length = next(
            (n for n in range(longest, 0, -1) if _heard(words[position : position + n]) in known), 0
        )
        if not length:
            return None
        found.append(known[_heard(words[position : position + length])])
        position += length
    return " ".join(found) or None


def _heard(words: Sequence[str]) -> str:
    """Return how words sound, as people spell long vowels and nasals as they like: "मलाड" and "मालाड"."""
    return " ".join("".join(next(sounds(fold(word)), (word,))) for word in words)


@cache
def _said_so(language: str) -> Mapping[str, str]:
    return {_heard(said.split()): name for name, said in reversed(list(_known(language).items()))}


def _part(name: str, known: Mapping[str, str]) -> str:
    if (whole := known.get(name.casefold())) is not None:
        return whole
    words = name.split(" ")
    said: list[str] = []
    position = 0
    while position < len(words):
        found = _longest(words, position, known)
        if found is None:
            return name
        length, meaning = found
        said.append(meaning)
        position += length
    return " ".join(said)


def _longest(
    words: Sequence[str], position: int, known: Mapping[str, str]
) -> tuple[int, str] | None:
    if words[position].isdecimal():
        return 1, words[position]
    for length in range(min(_LONGEST_NAME, len(words) - position), 0, -1):
        piece = " ".join(words[position : position + length]).casefold()
        if (meaning := known.get(piece)) is not None:
            return length, meaning
    return None
