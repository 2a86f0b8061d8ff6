"""The short form of the fault campaign: real processes, every kind of fault once, everything there after.

`make campaign` plays the long one. The campaign of `tests/acceptance/test_fault_campaign.py` is another: one
process, a clock of its own, and the order of messages.
"""

import asyncio
import datetime as dt
import json
from pathlib import Path

import pytest

from app.core.crypto import Keyring
from app.core.settings import DEVELOPMENT_SECRET
from app.database import clock_check
from app.database.clock_check import ClockCheck
from app.database.session import Database
from campaign.product import Orders
from campaign.run import Options, run

BUSY_MACHINE_SECONDS = 30.0
"""A start takes longer beside the other tests; the long campaign asks for five seconds."""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_acknowledged_is_there_once_after_every_fault(database: str) -> None:
    options = Options(
        database=database,
        seconds=8.0,
        cache=database == "postgresql",
        workers=8,
        employers=2,
        pause_seconds=0.8,
        start_seconds=BUSY_MACHINE_SECONDS,
        forked=True,
        quiet=True,
    )
    report = asyncio.run(run(options))
    assert report.problems == {}, report.figures
    assert report.figures["kills"] >= 1
    assert report.figures["acknowledged writes"] >= 20


async def test_time_that_goes_on_for_all_is_no_wrong_clock(
    postgresql_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its end the campaign lets hours pass; a process that took that for a wrong clock would send nothing."""
    monkeypatch.setattr(clock_check, "CHECK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(ClockCheck, "__init__", ClockCheck.__init__)  # put back at the end
    file = tmp_path / "orders.json"
    orders = Orders(file)
    orders.check_clock_beside_database()
    database = Database(postgresql_database_url, Keyring(DEVELOPMENT_SECRET))
    check = ClockCheck(database, orders.now, on=True)

    def order(**seconds: float) -> None:
        file.write_text(json.dumps({"time_seconds": 0.0, "clock_seconds": 0.0, **seconds}))
        orders.read()

    begun = orders.now()
    try:
        order(time_seconds=7_200.0)
        assert orders.now() - begun > dt.timedelta(hours=2)
        assert not await check.is_wrong()
        order(time_seconds=7_200.0, clock_seconds=100.0)
        assert await check.is_wrong()
    finally:
        await database.close()
