"""SQLite that does not wait for the disk, in this process only.

No test outlives a power cut; to wait for the disk at each of its tens of thousands of commits takes a run
a tenth of its time. Servers that tests start as processes of their own wait as production does.
"""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry, Pool

_LEFT = "waits_for_no_disk"


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


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Put a disk of its own under `folder`; the test is skipped, saying so, where that is not allowed."""
    size = f"size={megabytes}m,mode=755"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def fill(folder: Path) -> Path:
    """Fill the disk under `folder` to its last block; return the file that does, to be deleted."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1_048_576, 4_096):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return filler


def _leave_it(connection: object, record: ConnectionPoolEntry, *_: object) -> None:
    # Once, and not before the product has set what it wants of a new connection.
    if isinstance(connection, sqlite3.Connection) and _LEFT not in record.info:
        connection.execute("PRAGMA synchronous=OFF").close()
        record.info[_LEFT] = True
