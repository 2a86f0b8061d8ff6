"""What nobody would write down on purpose reaches the waves all the same: an outcome each, and never a stopped loop.

Each runs through the loop's own way of doing its work (`do_due`), beside a sound job that has to be served.
"""

import datetime as dt
from dataclasses import fields

import pytest
from sqlalchemy import select, update

from app.attempts.models import WorkAttempt
from app.attempts.work import do_due
from app.jobs.models import Job
from app.matching.rules import Weights
from app.matching.waves import AT_ONCE, WAVES, send_due
from app.offers.models import JobMatch
from app.policy.models import PolicyRow
from app.policy.policy import Policy, PolicyUnreadable, current
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

FAR = km_north(BANDRA, 60)
DAY = dt.timedelta(days=1)
PARTS = [field.name for field in fields(Weights)]


async def sound(database, workers=4):
    """A job as there are many, and who fits it."""
    async with database.begin() as session:
        people = [NewWorker(point=km_north(BANDRA, 1 + i / 2)) for i in range(workers)]
        ids = await add_workers(session, people)
        return await add_job(session, await add_employer(session)), ids


async def odd(database, **wishes):
    async with database.begin() as session:
        return await add_job(session, await add_employer(session), **wishes)


async def round_of_the_loop(database, now=NOW):
    return await do_due(database, lambda: now, AT_ONCE, WAVES, send_due)


async def asked(database, job_id):
    async with database.read() as session:
        return await offered(session, job_id)


async def job_of(database, job_id):
    async with database.read() as session:
        return await session.get_one(Job, job_id)


async def change(database, statement):
    async with database.begin() as session:
        await session.execute(statement)


async def test_a_job_that_nobody_fits_is_looked_at_again_and_costs_no_other_its_turn(database):
    job_id, ids = await sound(database)
    lonely = await odd(database, point=FAR, radius_km=1)
    assert await round_of_the_loop(database) == 2
    assert await asked(database, lonely) == []
    assert await asked(database, job_id) == ids[:2]
    again = (await job_of(database, lonely)).next_wave_at
    assert NOW < again <= NOW + dt.timedelta(hours=1)
    async with database.begin() as session:
        [late] = await add_workers(session, [NewWorker(point=FAR)])
    await round_of_the_loop(database, again)
    assert await asked(database, lonely) == [late]


async def test_five_hundred_places_are_filled_in_waves_of_bounded_size(database):
    job_id = await odd(database, positions=500)
    async with database.begin() as session:
        people = [NewWorker(point=km_north(BANDRA, i / 200)) for i in range(450)]
        ids = await add_workers(session, people)
    now = NOW
    sizes = []
    for _ in range(4):
        before = len(await asked(database, job_id))
        await round_of_the_loop(database, now)
        sizes.append(len(await asked(database, job_id)) - before)
        now = (await job_of(database, job_id)).next_wave_at
        assert now > NOW
    assert 0 < sizes[0] <= 400
    assert sum(sizes) == len(ids), "everybody who fits, each once"


@pytest.mark.parametrize(
    "gone",
    [
        {"required_skills": ["waiter", "telegraphist"]},
        {"preferred_skills": ["telegraphist"]},
        {"time_zone": "Mars/Phobos"},
    ],
)
async def test_a_job_whose_skill_or_zone_is_gone_is_set_back_and_the_others_are_served(
    database, gone
):
    job_id, ids = await sound(database)
    broken = await odd(database)
    await change(database, update(Job).where(Job.id == broken).values(**gone))
    await round_of_the_loop(database)
    assert await asked(database, job_id) == ids[:2]
    assert (await job_of(database, broken)).next_wave_at is not None
    async with database.read() as session:
        tried = (await session.scalars(select(WorkAttempt.subject_id))).all()
    if "preferred_skills" not in gone:
        assert tried == [broken]
        assert await asked(database, broken) == []


@pytest.mark.parametrize(
    "gone", [{"skills": ["waiter", "telegraphist"]}, {"time_zone": "Mars/Phobos"}, {"skills": []}]
)
async def test_a_worker_whose_skill_or_zone_is_gone_keeps_nobody_from_being_asked(database, gone):
    job_id, ids = await sound(database)
    await change(database, update(Worker).where(Worker.id == ids[0]).values(**gone))
    await round_of_the_loop(database)
    found = await asked(database, job_id)
    assert found
    assert set(found) <= set(ids)


async def test_workers_without_hours_are_never_asked(database):
    job_id, ids = await sound(database)
    async with database.begin() as session:
        await add_workers(session, [NewWorker(point=BANDRA, slots=()) for _ in range(3)])
    await round_of_the_loop(database)
    assert await asked(database, job_id) == ids[:2]


@pytest.mark.parametrize("part", PARTS)
async def test_all_weights_on_one_part_still_ask_somebody(database, part):
    weights = dict.fromkeys(PARTS, 0.0) | {part: 100.0}
    values = Policy.model_validate({"matching": {"weights": weights}}).model_dump(mode="json")
    async with database.begin() as session:
        session.add(PolicyRow(id=1, values=values, version=1, updated_at=NOW))
    job_id, _ = await sound(database)
    await round_of_the_loop(database)
    assert len(await asked(database, job_id)) == 2
    async with database.read() as session:
        scores = (await session.scalars(select(JobMatch.score))).all()
    assert all(0 <= score <= 100 for score in scores)


async def test_a_policy_row_of_an_older_version_has_the_defaults_of_what_came_later(database):
    async with database.begin() as session:
        values = {"waves": {"interval_minutes": 45}}
        session.add(PolicyRow(id=1, values=values, version=1, updated_at=NOW))
    job_id, ids = await sound(database)
    await round_of_the_loop(database)
    assert await asked(database, job_id) == ids[:2]
    async with database.read() as session:
        in_force = await current(session)
    assert in_force.waves.interval_minutes == 45
    assert in_force.limits == Policy().limits


async def test_a_policy_row_that_can_t_be_read_asks_nobody_and_is_tried_again(database):
    async with database.begin() as session:
        values = {"waves": {"interval_minutes": "often"}}
        session.add(PolicyRow(id=1, values=values, version=1, updated_at=NOW))
    job_id, ids = await sound(database)
    await round_of_the_loop(database)
    assert await asked(database, job_id) == []
    async with database.read() as session:
        with pytest.raises(PolicyUnreadable):
            await current(session)
    await change(database, update(PolicyRow).values(values={}))
    await round_of_the_loop(database, NOW + DAY)
    assert await asked(database, job_id) == ids[:2]


@pytest.mark.parametrize("jump", [-400 * DAY, -DAY, -dt.timedelta(minutes=5), 2 * DAY, 400 * DAY])
async def test_a_clock_that_jumps_and_comes_back_asks_nobody_twice(database, jump):
    job_id, ids = await sound(database)
    await round_of_the_loop(database)
    first = await asked(database, job_id)
    await round_of_the_loop(database, NOW + jump)
    for hours in range(1, 6):
        await round_of_the_loop(database, NOW + dt.timedelta(hours=hours))
    found = await asked(database, job_id)
    assert set(first) <= set(found) <= set(ids)
    assert len(found) == len(set(found)), "nobody twice"
    # The wave planned while the clock was wrong keeps nobody waiting for longer than the job has.
    job = await job_of(database, job_id)
    assert job.next_wave_at is None or job.next_wave_at <= job.closes_at
