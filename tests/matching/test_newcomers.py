"""Who registers near an open job is asked within a minute or two, and not at its next regular wave."""

import datetime as dt

import pytest
from sqlalchemy import update

from app.database.session import changed
from app.jobs.models import Job
from app.jobs.queries import get_job
from app.matching.newcomers import LOOK_WITHIN, index_and_look_again
from app.matching.waves import send_due, send_wave
from app.workers.models import Worker
from tests.support.database import offered
from tests.support.factories import (
    BANDRA,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    km_north,
)

REGISTERED = NOW + dt.timedelta(minutes=5)


async def asking(database, workers=1, positions=2, **wishes):
    """A job that has asked everybody there was, or as many as it may at once."""
    async with database.begin() as session:
        await add_workers(session, [NewWorker(point=km_north(BANDRA, 1)) for _ in range(workers)])
        job_id = await add_job(session, await add_employer(session), positions=positions, **wishes)
    async with database.begin() as session:
        await send_wave(session, await get_job(session, job_id, lock=True), NOW)
    return job_id


async def registers(database, now=REGISTERED, **facts):
    database.on_change("worker", index_and_look_again(lambda: now))
    async with database.begin() as session:
        (worker_id,) = await add_workers(
            session, [NewWorker(**{"point": km_north(BANDRA, 2), **facts})]
        )
        changed(session, "worker", worker_id)
    return worker_id


async def next_look(database, job_id):
    async with database.read() as session:
        return (await session.get_one(Job, job_id)).next_wave_at


async def assert_registering_moves_nothing(database, job_id, **facts):
    """The next look could come sooner, and stays when it was before somebody registered."""
    before = await next_look(database, job_id)
    assert before is not None
    assert before > REGISTERED + LOOK_WITHIN
    await registers(database, **facts)
    assert await next_look(database, job_id) == before


async def test_who_registers_is_asked_a_minute_later(database):
    job_id = await asking(database)
    worker_id = await registers(database)
    assert await next_look(database, job_id) == REGISTERED + LOOK_WITHIN
    async with database.begin() as session:
        assert await send_due(session, REGISTERED + LOOK_WITHIN, 20) == 1
    async with database.read() as session:
        assert (await offered(session, job_id))[-1] == worker_id


@pytest.mark.parametrize(
    "facts",
    [{"skills": ("cook",)}, {"point": km_north(BANDRA, 40)}, {"slots": ()}],
    ids=["other work", "too far", "never free"],
)
async def test_who_cannot_fit_moves_no_wave(database, facts):
    job_id = await asking(database)
    await assert_registering_moves_nothing(database, job_id, **facts)


async def test_a_job_that_waits_for_enough_answers_is_left_alone(database):
    job_id = await asking(database, workers=4)
    await assert_registering_moves_nothing(database, job_id)


async def test_whoever_learns_the_work_later_is_asked_then(database):
    job_id = await asking(database)
    worker_id = await registers(database, skills=("cook",))
    async with database.begin() as session:
        await session.execute(
            update(Worker).where(Worker.id == worker_id).values(skills=["waiter"])
        )
        changed(session, "worker", worker_id)
    assert await next_look(database, job_id) == REGISTERED + LOOK_WITHIN


async def test_at_night_the_wave_waits_for_the_morning(database):
    job_id = await asking(database)
    async with database.begin() as session:
        later = NOW + dt.timedelta(days=2)
        await session.execute(update(Job).values(next_wave_at=later))
    night = NOW.replace(hour=18)  # half past eleven at night in India
    await registers(database, now=night)
    at = await next_look(database, job_id)
    assert at is not None
    assert (at.hour, at.minute) == (2, 31)  # one minute past eight in the morning there
