"""Which process waits for a SQLite file: a shared lock on a file beside it, held while one waits.

SQLite has no queue. A waiting process polls, so one that writes again at once keeps every other out. Whoever ends
a write therefore looks for a waiting process, and lets it in first.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SUFFIX: Final = "-waiting"


class WaitingMark:
    """The mark of one process; without a place for the file nobody is marked, and nobody is let in first."""

    def __init__(self, database: str | None) -> None:
        self._path = f"{database}{SUFFIX}" if database and database != ":memory:" else None
        self._file: int | None = None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Mark this process as waiting during the block."""
        file = self._open(os.O_CREAT)
        if file is not None:
            fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            if file is not None:
                fcntl.flock(file, fcntl.LOCK_UN)

    def any_other(self) -> bool:
        """Whether another process waits at this moment; this one must not."""
        file = self._open()
        if file is None:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
        return False

    def _open(self, flags: int = 0) -> int | None:
        if self._file is None and self._path is not None:
            with contextlib.suppress(OSError):  # nobody ever waited, or the disk is full
                self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | flags, 0o644)
        return self._file

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
