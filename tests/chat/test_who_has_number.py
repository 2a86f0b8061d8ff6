"""Whoever has a worker's number: since when, by the worker's clock, and what is said when their job is cancelled."""

import datetime as dt

import pytest
from sqlalchemy import update

from app.core.languages import languages
from app.texts.catalogue import SAMPLES, render_notice
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


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "*Waiter* at Cafe Bandra is cancelled, so please don't go there."),
        ("hi", "काम *वेटर* (Cafe Bandra) रद्द हो गया है, इसलिए वहाँ मत जाइए।"),
    ],
)
async def test_who_was_going_to_come_hears_at_once_that_the_job_is_off(
    database_url: str, language: str, told: str
) -> None:
    async with chat(database_url) as world:
        await world.registered(language)
        offer_id = await world.offered("Waiter", positions=2)
        await world.taps(f"offer:{offer_id}:accept")
        await world.unlocked("Waiter")
        before = len(world.phone.received)
        await world.cancelled("Waiter")
        heard = [outgoing for _, _, outgoing in world.phone.received[before:]]
        [outgoing] = [outgoing for outgoing in heard if told in outgoing.text]
        assert [button.id.rpartition(":")[2] for button in outgoing.buttons] == ["report"]


@pytest.mark.parametrize("language", languages())
def test_whoever_wrote_long_ago_is_told_by_a_template(language: str) -> None:
    template = render_notice(language, "job_called_off", SAMPLES).template
    assert template is not None
    assert template.name == "partimer_job_called_off"
