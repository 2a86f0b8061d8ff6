"""The line in a job's read-back that says how it would fill."""

import datetime as dt
from dataclasses import replace

import pytest

from app.chat.forecast_line import forecast_line
from app.dialogue.context import Context
from app.matching.forecast_job import JobForecast, Lever, Minutes
from tests.support.app_harness import World
from tests.support.chat_events import add_account
from tests.support.chat_player import ChatWorld
from tests.support.database import opened

NEVER = Minutes(None, None)
FEW = JobForecast(4, 1.2, 0.3, NEVER, None, [], from_history=False)
ROLE = Lever("required_skills", ["waiter"], [], 90, 0.99)
WIDER = Lever("radius_km", 5.0, 10.0, 17, 0.8)
PAY = Lever("salary", None, None, 4, 0.4)


def said(forecast: JobForecast, language: str = "en") -> str:
    now = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
    return forecast_line(forecast, Context(now=now, language=language, profile=None))


@pytest.mark.parametrize(
    ("forecast", "line"),
    [
        (replace(FEW, workers_that_fit=0), "👀 Nobody near fits this yet."),
        (
            replace(FEW, workers_that_fit=1, chance_to_fill=0.1),
            "👀 1 person fits this now. It will hardly be filled in time.",
        ),
        (FEW, "👀 4 people fit this now. It may not be filled in time."),
        (
            replace(FEW, levers=[ROLE, WIDER, PAY]),
            "👀 4 people fit this now. It may not be filled in time. From within 10 km, 17 would fit.",
        ),
        (
            replace(FEW, chance_to_fill=0.7, levers=[ROLE, PAY]),
            "👀 4 people fit this now. It will probably be filled. More pay would help.",
        ),
        (
            replace(FEW, workers_that_fit=34, chance_to_fill=0.93, levers=[WIDER]),
            "👀 34 people fit this now. It will very likely be filled.",
        ),
    ],
)
def test_a_forecast_is_one_line(forecast: JobForecast, line: str) -> None:
    assert said(forecast) == line


def test_it_is_said_in_hindi() -> None:
    assert said(replace(FEW, levers=[WIDER]), "hi") == (
        "👀 अभी 4 लोग इस काम के लिए ठीक हैं। हो सकता है समय पर पूरे लोग न मिलें। "
        "10 किमी के अंदर से 17 लोग ठीक होंगे।"
    )


def test_the_read_back_says_how_many_fit(sqlite_world: World) -> None:
    for _ in range(2):
        sqlite_world.worker()
    phone = "+919800012345"
    sqlite_world.says(phone, "need 1 waiter in Bandra Mumbai tomorrow 5pm to 9pm 150 per hour")
    sqlite_world.settle()
    texts = [message["text"] for message in sqlite_world.messages(phone)]
    read_back = [text for text in texts if "Shall I post this?" in text]
    assert all("👀 " in text for text in read_back)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("farther is fine", "People asked beyond that in the last hours are not counted here."),
        ("make it 2", ""),
    ],
)
async def test_the_read_back_says_whom_the_forecast_leaves_out(
    database_url: str, words: str, told: str
) -> None:
    async with opened(database_url) as database:
        world = ChatWorld(database)
        await add_account(world, "Cafe Bandra", proven=True)
        for text in ("waiter, Saturday 10-6, Bandra, 1 person, 150/hour, within 5 km", words):
            await world.says(text)
        last = world.phone.received[-1][2].text
    assert "👀 " in last
    assert ("not counted here" in last) is bool(told)
    assert told in last
