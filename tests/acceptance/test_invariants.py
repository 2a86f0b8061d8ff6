"""The rules that must hold at any moment are looked at in a live database, and a breach is counted."""

import datetime as dt

import pytest
from pydantic import SecretStr
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.__main__ import _check_invariants
from app.core.settings import Settings
from app.invariants import ALL, examine
from app.jobs.models import Job
from app.jobs.rules import JobAction
from app.messaging.models import OutboxMessage
from app.offers.closing import close_job
from app.offers.models import JobMatch
from app.offers.respond import respond
from app.offers.rules import OfferAnswer
from tests.support.database import database_of, market
from tests.support.factories import NOW

pytestmark = pytest.mark.both_databases  # what is examined differs


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


async def test_an_acceptance_after_the_cancellation_is_found(database_url: str) -> None:
    """Whatever the clocks said: by the order in which the two were written down."""
    database = database_of(database_url)
    try:
        job_id, [(worker_id, offer_id), _] = await market(database, workers=2)

        async def status(session: AsyncSession, to: str) -> None:
            await session.execute(update(Job).where(Job.id == job_id).values(status=to))

        async with database.begin() as session:
            await close_job(session, job_id, JobAction.CANCEL, None, NOW)
        async with database.begin() as session:
            await status(session, "published")
            await session.execute(update(JobMatch).values(status="offered"))
        async with database.begin() as session:
            before = NOW - dt.timedelta(seconds=1)
            await respond(session, worker_id, offer_id, OfferAnswer.ACCEPT, None, before)
            await status(session, "cancelled")
        assert [each.says for each in await examine(database) if each.broken] == [
            "nothing was accepted after its job was cancelled or closed"
        ]
    finally:
        await database.close()
