"""The rules that must hold at any moment are looked at in a live database, and a breach is counted."""

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from app.__main__ import _check_invariants
from app.core.settings import Settings
from app.invariants import ALL, examine
from app.jobs.models import Job
from app.messaging.models import OutboxMessage
from tests.flows.matching_world import database_of
from tests.flows.offers_world import market


async def test_a_breach_is_counted_and_named(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(_env_file=None, environment="test", database_url=SecretStr(database_url))
    database = database_of(database_url)
    try:
        await market(database, workers=3)
        assert await _check_invariants(settings) == 0
        said = capsys.readouterr().out.splitlines()
        assert len(said) >= len(ALL) + 1
        assert all(line.startswith("ok ") for line in said)

        async with database.begin() as session:
            await session.execute(update(Job).values(accepted=9))
            await session.execute(update(OutboxMessage).values(state="failed", error=None))
        broken = {each.says: (each.broken, each.about) for each in await examine(database)}
        assert {says: counts for says, counts in broken.items() if counts[0]} == {
            "no job has more acceptances than its limit": (1, 1),
            "a job counts its acceptances rightly": (1, 1),
            "a message that was given up says why": (3, 3),
        }
        assert await _check_invariants(settings) == 1
        assert "BROKEN 3 of 3: a message that was given up says why" in capsys.readouterr().out
    finally:
        await database.close()
