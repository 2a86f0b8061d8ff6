"""Find known phrases among the words of a text. Every reader of this package uses this one scanner."""

from collections.abc import Iterable, Iterator, Sequence
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
        self._last_words: set[str] = set()
        for phrase, meaning in phrases:
            words = tuple(split_words(phrase)) or (normalize(phrase),)
            self._meanings.setdefault(words, meaning)
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))
            self._last_words.add(words[-1])

    def at(self, words: Sequence[str], position: int) -> Span[Meaning] | None:
        """Return the longest phrase that begins at this word, or None."""
        length = self._length(words, position) if words[position] in self._longest else 0
        return self._span(words, position, length) if length else None

    def scan(self, words: Sequence[str]) -> list[Span[Meaning]]:
        """Cut the words into spans, from left to right; the longest phrase wins."""
        return [
            self._span(words, position, length)
            if length
            else Span(None, position, (words[position],))
            for position, length in self._pieces(words)
        ]

    def anywhere(self, words: Sequence[str]) -> bool:
        """Return whether the words hold any of these phrases."""
        return any(
            word in self._longest and self._length(words, position)
            for position, word in enumerate(words)
        )

    def covers(self, words: Sequence[str]) -> bool:
        """Return whether the words are these phrases and nothing else."""
        return all(length for _, length in self._pieces(words))

    def without(self, words: Sequence[str], *, ends_only: bool = False) -> list[str]:
        """Return the words without these phrases, removed everywhere or only at both ends."""
        if ends_only and words and not self._may_end(words):
            return list(words)
        unknown = [position for position, length in self._pieces(words) if not length]
        if ends_only and unknown:
            return list(words[unknown[0] : unknown[-1] + 1])
        return [words[position] for position in unknown]

    def _may_end(self, words: Sequence[str]) -> bool:
        """Return whether a phrase may begin at the first word or end at the last."""
        return words[0] in self._longest or words[-1] in self._last_words

    def _pieces(self, words: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield where each span begins, and the length of its phrase: 0 is one unknown word."""
        end = 0
        for position, word in enumerate(words):
            if position >= end:
                length = self._length(words, position) if word in self._longest else 0
                end = position + (length or 1)
                yield position, length

    def _length(self, words: Sequence[str], position: int) -> int:
        """Return the length of the longest phrase that begins at this word, which begins some."""
        for length in range(self._longest[words[position]], 0, -1):
            if tuple(words[position : position + length]) in self._meanings:
                return length
        return 0

    def _span(self, words: Sequence[str], position: int, length: int) -> Span[Meaning]:
        part = tuple(words[position : position + length])
        return Span(self._meanings[part], position, part)
