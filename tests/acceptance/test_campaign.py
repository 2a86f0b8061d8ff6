"""The short form of the fault campaign: real processes, every kind of fault once, everything there after.

`make campaign` plays the long one. The campaign of `tests/flows/test_fault_campaign.py` is another: one
process, a clock of its own, and the order of messages.
"""

import asyncio

import pytest

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
