"""Compare this machine's clock with the database's.

All processes share timestamps of leases, limits and send rates. A process whose clock is more than a minute off
does not start, is not ready, and sends nothing.
"""

import datetime as dt
import time
from typing import Final

from sqlalchemy import text

from app.core.clocks import SKEW, Clock
from app.core.errors import Unavailable
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.session import Database

CHECK_EVERY_SECONDS: Final = 10.0
"""How long a comparison is reused."""


class ClockDiffers(Unavailable):
    """This process's clock differs from the database's by more than a minute: it sends nothing."""

    code = "clock_differs"
    detail = "This machine's clock differs from the database's."
    remedy = "Set the machine's clock right, by NTP."


class ClockCheck:
    """Compares this process's clock with PostgreSQL's; with SQLite both are the same."""

    def __init__(self, database: Database, clock: Clock, *, on: bool) -> None:
        """`on` is False in tests, which set the clock themselves."""
        self._database = database
        self._clock = clock
        self._on = on and database.is_postgresql
        self._asked: float | None = None
        self._ahead = dt.timedelta(0)

    async def ahead(self) -> dt.timedelta:
        """Return how far our clock is ahead of the database's. Raises SQLAlchemy's errors."""
        now = time.monotonic()
        if self._on and (self._asked is None or now - self._asked >= CHECK_EVERY_SECONDS):
            async with self._database.read() as session:
                before = self._clock()
                theirs = await session.scalar(text("SELECT clock_timestamp()"))
                after = self._clock()
            self._asked = now
            # The server read its clock between `before` and `after`: only what lies outside is a difference.
            self._ahead = (
                before - theirs if before > theirs else min(after - theirs, dt.timedelta(0))
            )
        return self._ahead

    async def is_wrong(self) -> bool:
        """Whether our clock is off by more than `SKEW`; if so, raise an alert. Raises SQLAlchemy's errors."""
        ahead = await self.ahead()
        if abs(ahead) <= SKEW:
            return False
        ALERTS.labels("clock_differs").inc()
        logger().error("clock_differs", seconds=round(ahead.total_seconds()))
        return True

    async def require(self) -> None:
        """Raise `ClockDiffers` if our clock is wrong."""
        if await self.is_wrong():
            seconds = round(self._ahead.total_seconds())
            way = "ahead of" if seconds > 0 else "behind"
            raise ClockDiffers(
                f"This machine's clock is {abs(seconds)} seconds {way} the database's: set it right "
                "(NTP), or nothing here is sent at its time."
            )
