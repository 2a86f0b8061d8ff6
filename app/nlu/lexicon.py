"""Find known phrases among the words of a text. Every reader of this package uses this one scanner."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.nlu.normalize import normalize, split_words


class Span[Meaning](NamedTuple):
    """A known phrase in a text, or one unknown word, whose `meaning` is None."""

    meaning: Meaning | None
    start: int
    words: Sequence[str]


class Lexicon[Meaning]:
    """Phrases of one or several words with their meanings; of a phrase given twice the first counts."""

    def __init__(self, phrases: Iterable[tuple[str, Meaning]]) -> None:
        self._meanings: dict[tuple[str, ...], Meaning] = {}
        self._longest: dict[str, int] = {}
        for phrase, meaning in phrases:
            words = tuple(split_words(phrase)) or (normalize(phrase),)
            self._meanings.setdefault(words, meaning)
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    def at(self, words: Sequence[str], position: int) -> Span[Meaning] | None:
        """Return the longest phrase that begins at this word, or None."""
        return self._span(words, position, self._length(words, position))

    def scan(self, words: Sequence[str]) -> list[Span[Meaning]]:
        """Cut the words into spans, from left to right; the longest phrase wins."""
        return [
            self._span(words, position, length) or Span(None, position, (words[position],))
            for position, length in self._pieces(words)
        ]

    def anywhere(self, words: Sequence[str]) -> bool:
        """Return whether the words hold any of these phrases."""
        return any(self._length(words, position) for position in range(len(words)))

    def without(self, words: Sequence[str], *, ends_only: bool = False) -> list[str]:
        """Return the words without these phrases, removed everywhere or only at both ends."""
        unknown = [position for position, length in self._pieces(words) if not length]
        if ends_only and unknown:
            return list(words[unknown[0] : unknown[-1] + 1])
        return [words[position] for position in unknown]

    def _pieces(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """Return where each span begins, and the length of its phrase: 0 is one unknown word."""
        pieces: list[tuple[int, int]] = []
        position = 0
        while position < len(words):
            length = self._length(words, position)
            pieces.append((position, length))
            position += length or 1
        return pieces

    def _length(self, words: Sequence[str], position: int) -> int:
        for length in range(self._longest.get(words[position], 0), 0, -1):
            if tuple(words[position : position + length]) in self._meanings:
                return length
        return 0

    def _span(self, words: Sequence[str], position: int, length: int) -> Span[Meaning] | None:
        part = tuple(words[position : position + length])
        return Span(self._meanings[part], position, part) if length else None
