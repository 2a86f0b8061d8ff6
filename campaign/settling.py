"""After the faults: time goes on until nothing waits any more, so that the end can be looked at."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from campaign.processes import Process

_STEPS_MINUTES: Final = (2, 2, 2, 5, 5, 15, 15, 30, 30, 60, 60, 120, 120, 120, 240)
"""By how much time goes on for every process, again and again, while something waits."""

_ROUND_SECONDS: Final = 6.0
"""How long the product may take to do what is due after each step."""

_WEBHOOK_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.25

_WAITING: Final = {
    "webhook events": "SELECT count(*) FROM webhook_events WHERE state = 'waiting'",
    "messages of people": "SELECT count(*) FROM inbox WHERE state = 'waiting'",
    "messages to people": (
        "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending', 'unknown')"
    ),
    "refunds": "SELECT count(*) FROM refunds WHERE status IN ('requested', 'pending')",
}


class Settling:
    """The end of a campaign, by a clock that only goes on."""

    def __init__(self, engine: Engine, processes: Sequence[Process], sandbox_file: Path) -> None:
        self._engine = engine
        self._processes = processes
        self._sandbox_file = sandbox_file
        self.ahead_seconds = 0.0

    async def settle(self) -> dict[str, int]:
        """Let everything due be done; return what still waits, by its name."""
        # The signatures of webhooks are judged by the clock: first all of them, by the right time.
        await self._until(self._no_webhook_waits, _WEBHOOK_SECONDS)
        for minutes in (0, *_STEPS_MINUTES):
            self.ahead_seconds += minutes * 60.0
            for process in self._processes:
                process.order(time_seconds=self.ahead_seconds)
            if await self._until(self._nothing_waits, _ROUND_SECONDS):
                # Looked at once: a status of a message sent just now may come in the next moment.
                return {}
        return {what: count for what, count in self.waiting().items() if count}

    async def _until(self, check: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if check():
                return True
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    def _no_webhook_waits(self) -> bool:
        with closing(sqlite3.connect(self._sandbox_file)) as sandbox:
            query = "SELECT count(*) FROM webhooks WHERE state = 'waiting'"
            return int(sandbox.execute(query).fetchone()[0]) == 0

    def _nothing_waits(self) -> bool:
        try:
            return not any(self.waiting().values())
        except SQLAlchemyError:
            return False  # SQLite is being written

    def waiting(self) -> dict[str, int]:
        """Return how much of each kind waits."""
        with self._engine.connect() as connection:
            return {
                what: int(connection.scalar(text(query)) or 0) for what, query in _WAITING.items()
            }
