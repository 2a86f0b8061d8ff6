"""How a place is called in a language: "Andheri West, Mumbai" is "अंधेरी वेस्ट, मुंबई" in Hindi. Pure.

A name that the language's list doesn't know stays as it is on the map.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

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
