"""The words of a message that several readers share: each takes its own and leaves the others. Pure."""

from collections.abc import Iterator, Sequence

from app.nlu.lexicon import Lexicon
from app.nlu.message_words import Word, plain_of


class UnreadWords:
    """The words of a message, and which of them are still to be read."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.plain = plain_of(words)
        self.free = [True] * len(words)
        self.taken: dict[str, set[int]] = {}
        """Which words each reader took, by the name of what it reads."""

    def take(self, by: str, start: int, end: int) -> str:
        """Take these words, and return them."""
        self.free[start:end] = [False] * (end - start)
        self.taken.setdefault(by, set()).update(range(start, end))
        return " ".join(self.plain[start:end])

    def drop(self, lexicon: Lexicon[bool]) -> None:
        """Leave these phrases out at the beginning."""
        at = 0
        while at < len(self.plain) and (span := lexicon.at(self.plain, at)):
            self.take("", at, at + len(span.words))
            at += len(span.words)

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield where words that are free stand side by side within a clause."""
        start: int | None = None
        for at, word in enumerate(self.words):
            if self.free[at]:
                start = at if start is None else start
                if word.ends:
                    yield start, at + 1
                    start = None
            elif start is not None:
                yield start, at
                start = None
        if start is not None:
            yield start, len(self.words)
