"""One process of the product, with a clock that can be turned and a death that can be ordered.

    python -m campaign.product serve|worker <file of orders>

It runs what `python -m app serve` and `python -m app worker` run, and passes another clock in. The orders
are JSON, read at the start and whenever SIGUSR1 comes: `time_seconds` is how far time has gone on for every
process and the database, `clock_seconds` how far this process's clock is ahead of that time, `die` says before
which write the process kills itself (`at`: `statement`, `commit`, `committed`; `after`: how many of these happen
before).
"""

import asyncio
import datetime as dt
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from app.core import gc_tuning

gc_tuning.disable()

import uvicorn  # noqa: E402
from sqlalchemy import Engine, event  # noqa: E402
from sqlalchemy.pool import Pool  # noqa: E402

from app import __main__ as commands  # noqa: E402
from app.core.clocks import Clock  # noqa: E402
from app.core.logging import configure_logging  # noqa: E402
from app.core.settings import Settings, load_settings  # noqa: E402
from app.database import clock_check, schema  # noqa: E402
from app.database.session import Database  # noqa: E402
from app.main import create_app  # noqa: E402

_WRITES = ("INSERT", "UPDATE", "DELETE")


class Orders:
    """What the campaign wants of this process."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._time = dt.timedelta(0)
        self._clock = dt.timedelta(0)
        self._die_at: str | None = None
        self._left = 0
        self._committed = False
        self._databases: list[tuple[asyncio.AbstractEventLoop, Database]] = []

    def read(self, *_signal: Any) -> None:
        """Take the newest orders, and let every loop look: what is due changes with the clock."""
        orders = json.loads(self._file.read_text())
        self._time = dt.timedelta(seconds=orders["time_seconds"])
        self._clock = dt.timedelta(seconds=orders["clock_seconds"])
        die = orders.get("die") or {}
        self._die_at, self._left = die.get("at"), die.get("after", 0)
        self._databases = [each for each in self._databases if not each[0].is_closed()]
        for loop, database in self._databases:
            loop.call_soon_threadsafe(database.wakeups.wake_all)

    def now(self) -> dt.datetime:
        """Return the instant this process believes it is."""
        return self._beside_database() + self._time

    def _beside_database(self) -> dt.datetime:
        """Return this process's clock as PostgreSQL's would show it, which never leaves real time."""
        return dt.datetime.now(dt.UTC) + self._clock

    def obey(self) -> None:
        """Read the orders, and listen for new ones and for the writes that may be the last."""
        self.read()
        signal.signal(signal.SIGUSR1, self.read)
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", self._commit)
        event.listen(Pool, "checkin", self._checkin)
        prepare = schema.prepare

        async def noted(database: Database, **options: Any) -> None:
            self._databases.append((asyncio.get_running_loop(), database))
            await prepare(database, **options)

        schema.prepare = noted
        self.check_clock_beside_database()

    def check_clock_beside_database(self) -> None:
        """Let the product's clock check take PostgreSQL's clock for one that goes on with `time_seconds`."""
        begin = clock_check.ClockCheck.__init__

        def beside(
            check: clock_check.ClockCheck, database: Database, _: Clock, *, on: bool
        ) -> None:
            begin(check, database, self._beside_database, on=on)

        clock_check.ClockCheck.__init__ = beside  # type: ignore[assignment, method-assign]

    def _statement(self, _connection: object, _cursor: object, statement: str, *_: Any) -> None:
        if self._die_at == "statement" and statement.lstrip()[:6].upper() in _WRITES:
            self._count()

    def _commit(self, _connection: object) -> None:
        self._committed = True
        if self._die_at == "commit":
            self._count()

    def _checkin(self, *_: object) -> None:
        if self._committed and self._die_at == "committed":
            self._count()
        self._committed = False

    def _count(self) -> None:
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def _serve(settings: Settings, orders: Orders) -> None:
    asyncio.run(commands._check_database(settings))  # noqa: SLF001 - the command, with another clock
    application = create_app(settings, orders.now)
    gc_tuning.freeze()
    uvicorn.run(application, host="127.0.0.1", port=settings.port, access_log=False)


def main() -> None:
    """Run one process until it is stopped or killed."""
    what, file = sys.argv[1:]
    settings = load_settings()
    configure_logging(json_lines=False, level=settings.log_level)
    orders = Orders(Path(file))
    orders.obey()
    if what == "serve":
        _serve(settings, orders)
    else:
        asyncio.run(commands._work(settings, orders.now))  # noqa: SLF001 - as above


if __name__ == "__main__":
    main()
