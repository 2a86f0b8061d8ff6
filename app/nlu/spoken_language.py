"""Guess the language that a message is written in, by the words that say nothing else. Pure."""

from functools import cache
from typing import Final

from app.core.languages import languages
from app.nlu.normalize import has_devanagari, split_words
from app.nlu.vocabulary import vocabulary

_LISTS: Final = ("i_am", "is_called", "after_name", "lives_in", "around_skill", "wants", "seeks")
_READ_WORDS: Final = 60
_LEAST: Final = 2
"""So many words of a language say that a message is written in it; names and trades are said in any."""


def guess_spoken(text: str) -> str | None:
    """Return the language of a message; None where its words don't tell."""
    if has_devanagari(text):
        return "hi"
    words = split_words(text)[:_READ_WORDS]
    hits = {code: sum(word in _own_words(code) for word in words) for code in languages()}
    best, *others = sorted(hits, key=lambda code: -hits[code])
    if hits[best] < _LEAST or any(hits[other] * 2 > hits[best] for other in others):
        return None
    return best


@cache
def _own_words(language: str) -> frozenset[str]:
    """Return the words of these lists that no other language has."""
    others = {word for code in languages() if code != language for word in _listed(code)}
    return _listed(language) - others


@cache
def _listed(language: str) -> frozenset[str]:
    lists = vocabulary(language).get("phrases", {})
    return frozenset(
        word for name in _LISTS for phrase in lists.get(name, ()) for word in split_words(phrase)
    )
