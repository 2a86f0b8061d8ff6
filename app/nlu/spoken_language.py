"""Guess the language that a message is written in, by its letters and the words that say nothing else. Pure."""

from functools import cache
from typing import Final, NamedTuple

from app.core.languages import languages
from app.nlu.normalize import has_devanagari, split_words
from app.nlu.time_tokens import DAYS
from app.nlu.vocabulary import vocabulary

_LISTS: Final = (
    *("i_am", "is_called", "after_name", "lives_in", "around_skill", "wants", "seeks", "hiring"),
    *("negation", "asking", "around_place"),
)
_READ_WORDS: Final = 60
_LEAST: Final = 2
"""So many words of a language say that a message is written in it; names and trades are said in any."""
_LEAST_IN_ANY_LETTERS: Final = 4
"""So many choose it in Latin letters by themselves: many write so and read another better."""
_IN_DEVANAGARI: Final = "hi"


class Spoken(NamedTuple):
    """The language of a message."""

    language: str | None
    """The one with the most words; None where no word tells."""
    words: int
    """How many of its words are of that language and no other; 0 where others have half as many."""

    @property
    def probable(self) -> bool:
        """Whether it is hardly another."""
        return self.words >= _LEAST

    @property
    def clear(self) -> bool:
        """Whether the message chooses its language, unasked, whatever it tells."""
        return self.words >= _LEAST_IN_ANY_LETTERS


def spoken_in(text: str) -> Spoken:
    """Return the language of a message, and how surely."""
    hits = _hits(text)
    if has_devanagari(text):
        # Nothing else is written in these letters, but a lone name or "हाँ" chooses nothing.
        sentence = hits[_IN_DEVANAGARI] >= _LEAST
        return Spoken(_IN_DEVANAGARI, _LEAST_IN_ANY_LETTERS if sentence else 1)
    best, *others = sorted(hits, key=lambda code: -hits[code])
    if not hits[best] or any(hits[other] == hits[best] for other in others):
        return Spoken(None, 0)
    mixed = any(hits[other] * 2 > hits[best] for other in others)
    return Spoken(best, 0 if mixed else hits[best])


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
    known = vocabulary(language)
    said, times = known.get("phrases", {}), known.get("calendar", {})
    lists = [said.get(name, ()) for name in _LISTS]
    # Many are called Ravi, and that is a Sunday, too.
    lists += [words for name, words in times.items() if name not in DAYS]
    return frozenset(
        word for phrases in lists for phrase in phrases for word in split_words(phrase)
    )
