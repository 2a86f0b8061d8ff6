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
_LEAST_IN_ANY_LETTERS: Final = 4
"""So many choose it in Latin letters where somebody tells of themselves: many write so and read another better."""


def guess_spoken(text: str) -> str | None:
    """Return the language of a message; None where its words don't tell."""
    if has_devanagari(text):
        return "hi"
    return _most_words(text, _LEAST)


def find_clear_language(text: str, *, tells: bool) -> str | None:
    """Return the language that a message chooses by being written in it; None where it must be asked for.

    Devanagari is Hindi where it is a sentence or `tells` something of its writer: a lone name or "हाँ" chooses
    nothing. In Latin letters only a whole message that tells something is clear: "mera naam Asha" and "I need a
    job" are phrases that everybody knows.
    """
    if has_devanagari(text):
        return "hi" if tells or _hits(text)["hi"] >= _LEAST else None
    return _most_words(text, _LEAST_IN_ANY_LETTERS) if tells else None


def _most_words(text: str, least: int) -> str | None:
    hits = _hits(text)
    best, *others = sorted(hits, key=lambda code: -hits[code])
    if hits[best] < least or any(hits[other] * 2 > hits[best] for other in others):
        return None
    return best


def _hits(text: str) -> dict[str, int]:
    words = split_words(text)[:_READ_WORDS]
    return {code: sum(word in _own_words(code) for word in words) for code in languages()}


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
