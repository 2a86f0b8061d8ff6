"""Probe whether the database accepts writes, for readiness.

Reads still work when the disk is full or the server is read-only, so only a write shows it.
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

PROBE_EVERY_SECONDS: Final = 5.0
"""How long a result is reused, so that frequent health checks do not write each time."""
LEAST_FREE_BYTES: Final = 8 * 1_024 * 1_024
"""Free disk space that SQLite needs: its write-ahead log alone grows to half of that."""

_VERSION: Final = text("PRAGMA user_version")
_READ_ONLY: Final = text(
    "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"
)
_LITTLE_MEMORY: Final = text("SET LOCAL work_mem = '64kB'")
_SPILL: Final = text("SELECT count(*) FROM generate_series(1, 150000)")
"""Writes a temporary file of two megabytes beside the data, and removes it."""
_WRITE: Final = text("SELECT txid_current()")


class NotWritable(Unavailable):
    """The database answers, and keeps nothing."""

    code = "database_not_writable"
    detail = "The database takes nothing new: its disk is full, or it only lets read."


class WriteProbe:
    """Probes at most every `PROBE_EVERY_SECONDS`, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._probed_at = -PROBE_EVERY_SECONDS
        self._error: Exception | None = None

    async def check(self) -> None:
        """Raise `NotWritable` unless the last probe could write."""
        async with self._lock:
            if time.monotonic() - self._probed_at >= PROBE_EVERY_SECONDS:
                self._error = await self._probe()
                self._probed_at = time.monotonic()
        if self._error is not None:
            raise NotWritable from self._error

    async def _probe(self) -> Exception | None:
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
    """Change an unused number in the file's header, which writes and syncs a page."""
    version = (await session.scalar(_VERSION)) or 0
    await session.execute(text(f"PRAGMA user_version = {1 - min(version, 1)}"))


async def _write_to_postgresql(session: AsyncSession) -> None:
    if await session.scalar(_READ_ONLY):
        raise NotWritable
    await session.execute(_LITTLE_MEMORY)
    await session.scalar(_SPILL)
    await session.scalar(_WRITE)
