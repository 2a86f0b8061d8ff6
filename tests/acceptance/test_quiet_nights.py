"""At night: nobody is woken, deadlines and waves rest, and whoever is awake is asked and answered as by day."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.database.session import Database
from app.jobs.models import Job
from app.jobs.queries import get_job
from app.matching.waves import send_due, send_wave
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import Channel, ChatPerson, OutboxMessage
from app.messaging.outbox.claim import claim
from app.messaging.outbox.enqueue import QUIET
from app.offers.models import JobMatch
from app.workers.models import Worker
from app.workers.quiet_hours import find_quiet_hours, note_sign_in
from tests.support.channels import channels_of
from tests.support.database import offered
from tests.support.factories import BANDRA, NewWorker, add_employer, add_job, add_workers, km_north
from tests.support.outbox import ScriptedPlatform

HOUR = dt.timedelta(hours=1)
NIGHT = dt.datetime(2026, 11, 22, 17, tzinfo=dt.UTC)
"""22:30 in India."""
MORNING = dt.datetime(2026, 11, 23, 2, 30, tzinfo=dt.UTC)
"""08:00 in India."""


async def a_night(database: Database, workers: int = 3, **job: Any) -> tuple[UUID, list[UUID]]:
    async with database.begin() as session:
        people = [NewWorker(point=km_north(BANDRA, 0.5 + i / 2)) for i in range(workers)]
        ids = await add_workers(session, people)
        return await add_job(session, await add_employer(session), **job), ids


async def publish(database: Database, job_id: UUID, now: dt.datetime = NIGHT) -> None:
    async with database.begin() as session:
        await send_wave(session, await get_job(session, job_id, lock=True), now)


async def match_of(database: Database, worker_id: UUID) -> JobMatch:
    async with database.read() as session:
        found = await session.scalars(select(JobMatch).where(JobMatch.worker_id == worker_id))
        return found.one()


async def send(database: Database, now: dt.datetime) -> int:
    """Claim what may be sent now; return how many messages that are."""
    async with database.begin() as session:
        channels = channels_of(ScriptedPlatform(), quiet_hours=find_quiet_hours)
        return len((await claim(session, channels, now, 50))[0])


async def errors_of(database: Database) -> list[str | None]:
    async with database.read() as session:
        return list(await session.scalars(select(OutboxMessage.error)))


async def signs_in(database: Database, worker_id: UUID, now: dt.datetime) -> None:
    async with database.begin() as session:
        await note_sign_in(session, worker_id, now)


async def test_an_offer_of_the_night_waits_and_its_deadline_rests(database: Database) -> None:
    job_id, (worker_id, *_) = await a_night(database)
    await publish(database, job_id)
    match = await match_of(database, worker_id)
    assert match.respond_by == MORNING + 4 * HOUR
    assert match.remind_at == MORNING + 3 * HOUR
    assert await send(database, NIGHT) == 0
    assert set(await errors_of(database)) == {QUIET}
    assert await send(database, MORNING - dt.timedelta(seconds=1)) == 0
    assert await send(database, MORNING) == 2


async def test_an_offer_of_the_evening_rests_through_the_night(database: Database) -> None:
    job_id, (worker_id, *_) = await a_night(database)
    await publish(database, job_id, NIGHT - 2.5 * HOUR)  # 20:00
    match = await match_of(database, worker_id)
    assert match.respond_by == MORNING + 3 * HOUR
    assert match.remind_at == MORNING + 2 * HOUR


async def test_nothing_waits_for_who_signed_in(database: Database) -> None:
    job_id, (worker_id, *_) = await a_night(database)
    await publish(database, job_id)
    assert await send(database, NIGHT) == 0
    await signs_in(database, worker_id, NIGHT)
    assert await send(database, NIGHT) == 1


async def test_an_offer_made_to_who_is_awake_waits_for_nothing(database: Database) -> None:
    job_id, (worker_id, *_) = await a_night(database, workers=1)
    await signs_in(database, worker_id, NIGHT - HOUR / 2)
    await publish(database, job_id)
    assert await send(database, NIGHT) == 1
    assert (await match_of(database, worker_id)).respond_by == MORNING + 3.5 * HOUR


async def test_no_quiet_hours_are_none(database: Database) -> None:
    job_id, (worker_id, *_) = await a_night(database, workers=1)
    async with database.begin() as session:
        await session.execute(update(Worker).values(quiet_start=None, quiet_end=None))
    await publish(database, job_id)
    assert (await match_of(database, worker_id)).respond_by == NIGHT + 4 * HOUR
    assert await send(database, NIGHT) == 1


async def test_a_job_of_this_night_is_offered_only_to_who_is_awake(database: Database) -> None:
    job_id, ids = await a_night(database, closes_at=MORNING - HOUR)
    await publish(database, job_id)
    async with database.read() as session:
        assert await offered(session, job_id) == []
    await signs_in(database, ids[2], NIGHT)
    await publish(database, job_id, NIGHT + HOUR / 2)
    async with database.read() as session:
        assert await offered(session, job_id) == [ids[2]]
        job = await session.get_one(Job, job_id)
    # Its waves don't rest: in the morning it is over.
    assert job.next_wave_at is not None
    assert NIGHT + HOUR / 2 < job.next_wave_at <= NIGHT + 2 * HOUR


async def test_waves_rest_until_the_morning(database: Database) -> None:
    job_id, ids = await a_night(database, workers=6)
    await publish(database, job_id)
    async with database.read() as session:
        again = (await session.get_one(Job, job_id)).next_wave_at
    assert again is not None
    assert MORNING < again <= MORNING + HOUR
    # An answer makes the next wave come at once; those who sleep hold it back until then.
    async with database.begin() as session:
        await session.execute(update(Job).values(next_wave_at=NIGHT + HOUR))
        await send_due(session, MORNING, 5)
        assert await offered(session, job_id) == ids[:2]
    async with database.begin() as session:
        await send_due(session, MORNING + HOUR, 5)
        asked = await offered(session, job_id)
    assert asked[:2] == ids[:2]
    assert 2 < len(asked) <= 4


@pytest.mark.parametrize("asleep_since", [None, 2 * HOUR])
async def test_who_writes_is_awake(database: Database, asleep_since: dt.timedelta | None) -> None:
    from app.messaging.inbox import unpack

    job_id, (worker_id, *_) = await a_night(database, workers=1)
    async with database.begin() as session:
        session.add(
            ChatPerson(
                channel=Channel.WHATSAPP,
                user_id=worker_id,
                platform_user_id="IN.1",
                last_inbound_at=NIGHT - asleep_since if asleep_since else None,
                created_at=NIGHT,
                updated_at=NIGHT,
            )
        )
    await publish(database, job_id)
    assert await send(database, NIGHT) == 0
    inbound = Inbound("wamid.1", InboundKind.TEXT, NIGHT, platform_id="IN.1", text="hi")
    async with database.begin() as session:
        await unpack._add_item(session, inbound, NIGHT)
    assert await send(database, NIGHT) == 1
