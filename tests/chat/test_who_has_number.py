"""Since when somebody has a worker's number is said by the worker's clock, not by that of the server."""

import datetime as dt

import pytest
from sqlalchemy import update

from app.workers.models import Worker
from tests.support.chat_player import chat
from tests.support.factories import NOW

NIGHT_IN_INDIA = dt.datetime(2026, 11, 22, 20, tzinfo=dt.UTC)
"""Half past one on Monday, while London still has Sunday."""


@pytest.mark.parametrize(
    ("zone", "day"), [("Asia/Kolkata", "Mon 23 Nov"), ("America/New_York", "Sun 22 Nov")]
)
async def test_the_day_since_when_is_that_of_the_workers_clock(
    database_url: str, zone: str, day: str
) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        await world.offered("Evening waiter")
        await world.says("yes")
        async with world.database.begin() as session:
            await session.execute(update(Worker).values(time_zone=zone))
        world.clock_now = NIGHT_IN_INDIA
        assert NIGHT_IN_INDIA > NOW
        await world.unlocked("Evening waiter")
        await world.says("who has my number")
        *_, told = [outgoing.text for _, _, outgoing in world.phone.received]
        assert told.endswith(f"(Evening waiter), since {day}"), told
