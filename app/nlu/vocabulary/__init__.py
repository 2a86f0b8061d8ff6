"""The words people use, read from one file a language; people mix languages, so all count at once.

`en.toml` explains the sections of a file. `intents`, `phrases`, `calendar`, `numbers` and `units` are phrases
to scan for; the others are words of the patterns of dates, pay, jobs, places and hours.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from app.core.languages import languages
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import normalize

_FOLDER: Final = Path(__file__).parent
EDGE: Final = r"(?![a-z0-9\u0900-\u0963])"
START: Final = r"(?<![a-z0-9\u0900-\u0963])"
"""Where a word of a normalized text begins and ends, for patterns."""


@cache
def vocabulary(language: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return a language's lists of phrases, by section and name."""
    return tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def named_phrases(section: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each list in a section with each of its phrases, of every language."""
    for language in languages():
        for name, words in vocabulary(language).get(section, {}).items():
            for phrase in words:
                yield name, phrase


def phrases(section: str, *names: str) -> list[str]:
    """Return the phrases of these lists in every language."""
    return [
        phrase
        for language in languages()
        for name in names
        for phrase in vocabulary(language).get(section, {}).get(name, ())
    ]


@cache
def phrase_set(*names: str, section: str = "phrases") -> Lexicon[bool]:
    """Return the phrases of these lists, to look for in a text."""
    return Lexicon((phrase, True) for phrase in phrases(section, *names))


@cache
def word_set(section: str, *names: str) -> frozenset[str]:
    """Return the words of these lists, normalized."""
    return frozenset(map(normalize, phrases(section, *names)))


def one_of(section: str, *names: str) -> str:
    """Return a pattern of any phrase of these lists, the longest first."""
    found = sorted(word_set(section, *names), key=lambda phrase: (-len(phrase), phrase))
    return f"(?:{'|'.join(map(re.escape, found))})"


def whole_word(section: str, *names: str) -> str:
    """Return a pattern of any phrase of these lists, standing by itself."""
    return f"{START}{one_of(section, *names)}{EDGE}"
