"""SQLite that does not wait for the disk, in this process only.

No test outlives a power cut; to wait for the disk at each of its tens of thousands of commits takes a run
a tenth of its time. Servers that tests start as processes of their own wait as production does.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.pool import Pool


def write_without_waiting() -> None:
    """Leave what is written to the operating system, as the tests' PostgreSQL does."""
    event.listen(Pool, "checkout", _leave_it)


@contextmanager
def waiting() -> Iterator[None]:
    """Let connections made meanwhile wait for the disk as they do in production."""
    event.remove(Pool, "checkout", _leave_it)
    try:
        yield
    finally:
        write_without_waiting()


def _leave_it(connection: object, *_: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF").close()
