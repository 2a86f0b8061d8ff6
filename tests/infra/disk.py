"""SQLite that does not wait for the disk, in this process only.

No test outlives a power cut; to wait for the disk at each of its tens of thousands of commits takes a run
a tenth of its time. Servers that tests start as processes of their own wait as production does.
"""

from typing import Final

from app.core import sqlite

PRODUCTION: Final = sqlite.synchronous


def write_without_waiting() -> None:
    """Leave what is written to the operating system, as the tests' PostgreSQL does."""
    sqlite.synchronous = "OFF"
