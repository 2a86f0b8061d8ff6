"""What was asked of the product, and what it acknowledged: written down the moment the answer comes."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Outcome(StrEnum):
    """What came back."""

    ACKNOWLEDGED = "acknowledged"
    """A 2xx: from now on it must be so."""
    REFUSED = "refused"
    """A 4xx: it must not be so."""
    UNCHANGED = "unchanged"
    """A 5xx that says that nothing was changed: it must not be so."""
    UNKNOWN = "unknown"
    """No answer, or a 5xx that promises nothing: either is right."""


@dataclass(frozen=True)
class Entry:
    """One write that somebody asked for: `verb` of the thing `subject`, with what else is to be known."""

    at: float
    verb: str
    subject: str
    outcome: Outcome
    status: int
    facts: dict[str, Any]


class Journal:
    """Every entry, in the order in which the answers came; also in a file, a line each."""

    def __init__(self, file: Path) -> None:
        self.entries: list[Entry] = []
        self._file = file.open("a", encoding="utf-8")

    def note(
        self, verb: str, subject: str, outcome: Outcome, status: int = 0, **facts: Any
    ) -> None:
        """Write down what came of one write."""
        entry = Entry(time.time(), verb, subject, outcome, status, facts)
        self.entries.append(entry)
        self._file.write(json.dumps(asdict(entry)) + "\n")
        self._file.flush()

    def of(self, verb: str, *outcomes: Outcome) -> Iterator[Entry]:
        """Return the entries of this verb, all or those with one of these outcomes."""
        for entry in self.entries:
            if entry.verb == verb and (not outcomes or entry.outcome in outcomes):
                yield entry

    def acknowledged(self, verb: str) -> set[str]:
        """Return the subjects for which this verb was acknowledged."""
        return {entry.subject for entry in self.of(verb, Outcome.ACKNOWLEDGED)}

    def possible(self, verb: str) -> set[str]:
        """Return the subjects for which this verb may have happened: acknowledged, or nobody knows."""
        return {entry.subject for entry in self.of(verb, Outcome.ACKNOWLEDGED, Outcome.UNKNOWN)}

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many writes of each verb ended how."""
        counted = Counter((entry.verb, entry.outcome.value) for entry in self.entries)
        found: dict[str, dict[str, int]] = {}
        for (verb, outcome), times in sorted(counted.items()):
            found.setdefault(verb, {})[outcome] = times
        return found

    def __enter__(self) -> Self:
        """Keep the file open while the block runs."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()
