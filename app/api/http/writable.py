"""Whether the database takes what is written: for readiness, which a full disk has to end.

Reading goes on when a disk is full or a server only lets read, so that a question alone finds nothing out.
"""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Unavailable
from app.core.logging import logger
from app.database.faults import is_outage
from app.database.session import Database

LOOKS_EVERY_SECONDS: Final = 5.0
"""What was found is told that long: who probes every second does not write every second."""
LEAST_FREE_BYTES: Final = 8 * 1_024 * 1_024
"""Beside a SQLite file: its write-ahead log alone grows to half of that before it is folded in."""

_VERSION: Final = text("PRAGMA user_version")
_READ_ONLY: Final = text(
    "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"
)
_LITTLE_MEMORY: Final = text("SET LOCAL work_mem = '64kB'")
_SPILL: Final = text("SELECT count(*) FROM generate_series(1, 150000)")
"""Two megabytes beyond what may stay in memory: they go to the disk of the data, and are gone at once."""
_WRITE: Final = text("SELECT txid_current()")


class NotWritable(Unavailable):
    """The database answers, and keeps nothing."""

    code = "database_not_writable"
    detail = "The database takes nothing new: its disk is full, or it only lets read."


class WriteProbe:
    """Looks now and then, for all who ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._looked_at = -LOOKS_EVERY_SECONDS
        self._found: Exception | None = None

    async def check(self) -> None:
        """Raise `NotWritable` unless something could be written a moment ago."""
        async with self._turn:
            if time.monotonic() - self._looked_at >= LOOKS_EVERY_SECONDS:
                self._found = await self._refusal()
                self._looked_at = time.monotonic()
        if self._found is not None:
            raise NotWritable from self._found

    async def _refusal(self) -> Exception | None:
        try:
            if not self._database.is_postgresql and self._free_bytes() < LEAST_FREE_BYTES:
                return NotWritable()
            async with self._database.begin() as session:
                if self._database.is_postgresql:
                    await _write_to_postgresql(session)
                else:
                    await _write_to_sqlite(session)
        except Exception as error:
            if not isinstance(error, Unavailable) and not is_outage(error):
                raise
            logger().error("database_not_writable", exc_info=error)
            return error
        return None

    def _free_bytes(self) -> int:
        file = Path(self._database.url.database or ".")
        return shutil.disk_usage(file.absolute().parent).free


async def _write_to_sqlite(session: AsyncSession) -> None:
    """Change a number in the file's header that nobody uses: a page is written and synced."""
    version = (await session.scalar(_VERSION)) or 0
    await session.execute(text(f"PRAGMA user_version = {1 - min(version, 1)}"))


async def _write_to_postgresql(session: AsyncSession) -> None:
    if await session.scalar(_READ_ONLY):
        raise NotWritable
    await session.execute(_LITTLE_MEMORY)
    await session.scalar(_SPILL)
    await session.scalar(_WRITE)
