import asyncio
import datetime as dt

import pytest
from sqlalchemy import func, select, update

from app.core.errors import NotFound
from app.core.ids import new_id
from app.identity.models import UserStatus
from app.jobs.models import Job
from app.jobs.queries import get_job
from app.jobs.rules import JobNotPublished, JobStatus
from app.matching.waves import send_due, send_wave
from app.messaging.models import OutboxMessage
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.policy import policy
from app.policy.policy import Policy
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

INTERVAL = dt.timedelta(minutes=Policy().waves.interval_minutes)
LATER = NOW + INTERVAL


async def market(database, workers=10, **wishes):
    """A published job, and workers at growing distances; the nearest score best."""
    employer = wishes.pop("employer", {})
    async with database.begin() as session:
        people = [NewWorker(point=km_north(BANDRA, 0.5 + i / 2)) for i in range(workers)]
        ids = await add_workers(session, people)
        job_id = await add_job(session, await add_employer(session, **employer), **wishes)
    return job_id, ids


async def another_job(database, **wishes):
    async with database.begin() as session:
        return await add_job(session, await add_employer(session), **wishes)


async def wave(database, job_id, now=NOW):
    async with database.begin() as session:
        return await send_wave(session, await get_job(session, job_id, lock=True), now)


async def due(database, now, limit=20):
    async with database.begin() as session:
        return await send_due(session, now, limit)


async def answer(database, worker_id, status):
    async with database.begin() as session:
        await session.execute(
            update(JobMatch).where(JobMatch.worker_id == worker_id).values(status=status)
        )
        if status is OfferStatus.ACCEPTED:
            await session.execute(update(Job).values(accepted=Job.accepted + 1))


async def who_was_asked(database, job_id):
    async with database.read() as session:
        return await offered(session, job_id)


async def job_of(database, job_id):
    async with database.read() as session:
        return await session.get_one(Job, job_id)


async def test_the_first_wave_asks_the_best_two_for_each_place(database):
    job_id, ids = await market(database, positions=2)
    result = await wave(database, job_id)
    assert (result.wave, result.candidates, result.offers_created) == (1, 10, 4)
    assert await who_was_asked(database, job_id) == ids[:4]
    job = await job_of(database, job_id)
    # As many as may be asked at once: more will be wanted when that limit opens.
    assert (job.wave, job.next_wave_at) == (1, LATER)


async def test_an_offer_tells_its_score_and_its_reasons(database):
    job_id, _ = await market(database, workers=1, preferred=["cook"], employer={"verified": True})
    await wave(database, job_id)
    async with database.read() as session:
        match = await session.scalar(select(JobMatch))
    assert (match.status, match.wave, match.price_amount) == ("offered", 1, 4_900)
    parts = (
        match.score_distance,
        match.score_availability,
        match.score_skills,
        match.score_experience,
        match.score_reliability,
    )
    assert parts == (95.0, 100.0, 0.0, 70.0, 75.0)
    assert match.score == 73.0
    assert match.distance_km == pytest.approx(0.5, abs=1e-3)
    assert match.why == [
        {"kind": "distance", "km": 0.5},
        {"kind": "hours", "percent": 100},
        {"kind": "skills", "slugs": ["waiter"]},
        {"kind": "experience", "years": 2},
        {"kind": "verified"},
    ]


async def test_each_offer_comes_with_one_message(database):
    job_id, ids = await market(database, positions=2)
    await wave(database, job_id)
    await wave(database, job_id)
    async with database.read() as session:
        told = list(
            await session.scalars(
                select(OutboxMessage.user_id).where(OutboxMessage.kind == "job_offer")
            )
        )
    assert sorted(told) == sorted(ids[:4])


async def test_triggering_again_asks_nobody_while_answers_may_come(database):
    job_id, ids = await market(database)
    await wave(database, job_id)
    again = await wave(database, job_id)
    assert (again.wave, again.candidates, again.offers_created) == (1, 8, 0)
    assert await who_was_asked(database, job_id) == ids[:2]


async def test_a_rejection_makes_room_for_the_next_best(database):
    job_id, ids = await market(database)
    await wave(database, job_id)
    await answer(database, ids[0], OfferStatus.REJECTED)
    result = await wave(database, job_id, NOW + dt.timedelta(minutes=1))
    assert (result.wave, result.offers_created) == (2, 1)
    assert await who_was_asked(database, job_id) == ids[:3]


async def test_more_are_asked_when_silence_makes_the_places_unlikely_to_fill(database):
    job_id, ids = await market(database)
    await wave(database, job_id)
    again = (await job_of(database, job_id)).next_wave_at
    assert NOW < again <= NOW + dt.timedelta(hours=1)
    assert await due(database, again - dt.timedelta(seconds=1)) == 0
    assert await due(database, again) == 1
    asked = await who_was_asked(database, job_id)
    assert asked[:2] == ids[:2]
    assert 2 < len(asked) <= 4
    assert (await job_of(database, job_id)).next_wave_at > again


async def test_a_job_with_all_places_taken_asks_nobody(database):
    job_id, ids = await market(database)
    await wave(database, job_id)
    await answer(database, ids[0], OfferStatus.ACCEPTED)
    assert await due(database, LATER) == 1
    assert await who_was_asked(database, job_id) == ids[:2]
    assert (await job_of(database, job_id)).next_wave_at is None
    assert (await wave(database, job_id, LATER)).offers_created == 0


async def test_nobody_left_to_ask_is_tried_again_when_somebody_may_have_come(database):
    job_id, ids = await market(database, workers=1)
    await wave(database, job_id)
    again = (await job_of(database, job_id)).next_wave_at
    assert NOW < again <= NOW + dt.timedelta(hours=1)
    async with database.begin() as session:
        ids += await add_workers(session, [NewWorker(point=km_north(BANDRA, 3))])
    await due(database, again)
    assert await who_was_asked(database, job_id) == ids


async def test_racing_waves_ask_nobody_twice_and_nobody_too_many(database):
    job_id, ids = await market(database, workers=30, positions=3)
    results = await asyncio.gather(*(wave(database, job_id) for _ in range(8)))
    assert sum(result.offers_created for result in results) == 6
    assert await who_was_asked(database, job_id) == ids[:6]
    assert (await job_of(database, job_id)).wave == 1


async def test_a_wave_waits_for_the_one_before_it_and_counts_its_offers(database):
    job_id, ids = await market(database)

    async def nearer_people_come_and_another_wave():
        async with database.begin() as session:
            await add_workers(session, [NewWorker(point=km_north(BANDRA, 0.1)) for _ in range(2)])
        return await wave(database, job_id)

    async with database.begin() as session:
        await send_wave(session, await get_job(session, job_id, lock=True), NOW)
        other = asyncio.create_task(nearer_people_come_and_another_wave())
        # As far as it gets while this one is not committed.
        await asyncio.wait({other}, timeout=0.3)
    assert (await other).offers_created == 0
    assert await who_was_asked(database, job_id) == ids[:2]


async def test_racing_loops_share_the_due_jobs(database):
    jobs = [await market(database, workers=4) for _ in range(3)]
    await asyncio.gather(*(due(database, NOW, limit=2) for _ in range(4)))
    while await due(database, NOW):
        pass
    for job_id, _ in jobs:
        assert len(await who_was_asked(database, job_id)) == 2
        assert (await job_of(database, job_id)).wave == 1
    async with database.read() as session:
        messages = await session.scalar(select(func.count()).select_from(OutboxMessage))
    assert messages == 6


@pytest.mark.parametrize("status", [s for s in JobStatus if s is not JobStatus.PUBLISHED])
async def test_a_job_that_is_not_published_asks_nobody(database, status):
    job_id, _ = await market(database, status=status)
    with pytest.raises(JobNotPublished):
        await wave(database, job_id)
    assert await due(database, NOW) == 0
    assert await who_was_asked(database, job_id) == []


async def test_a_job_whose_last_shift_has_begun_asks_nobody(database):
    job_id, _ = await market(database, closes_at=NOW)
    with pytest.raises(JobNotPublished):
        await wave(database, job_id)
    assert await due(database, NOW) == 1
    assert await due(database, NOW) == 0
    assert await who_was_asked(database, job_id) == []


async def test_no_wave_is_planned_for_after_the_last_shift(database):
    job_id, _ = await market(database, closes_at=NOW + dt.timedelta(minutes=5), positions=3)
    await wave(database, job_id)
    assert (await job_of(database, job_id)).next_wave_at is None


@pytest.mark.parametrize("status", [UserStatus.RESTRICTED, UserStatus.SUSPENDED])
async def test_the_jobs_of_a_restricted_employer_ask_nobody_meanwhile(database, status):
    job_id, _ = await market(database, employer={"status": status})
    assert (await wave(database, job_id)).offers_created == 0
    assert (await job_of(database, job_id)).next_wave_at == LATER


async def test_a_job_that_does_not_exist_is_not_found(database):
    with pytest.raises(NotFound):
        await wave(database, new_id())


async def test_an_administrator_sets_how_many_are_asked_and_how_well_they_fit(database):
    job_id, ids = await market(database)
    values = Policy().model_dump()
    values["waves"] |= {"offers_per_open_place": 3, "interval_minutes": 5}
    values["matching"]["weights"] = dict.fromkeys(values["matching"]["weights"], 0.0)
    values["matching"]["weights"]["reliability"] = 1.0
    async with database.begin() as session:
        await policy.replace(session, Policy.model_validate(values), now=NOW)
        ids += await add_workers(session, [NewWorker(point=km_north(BANDRA, 2), history=(9, 0, 0))])
    await wave(database, job_id)
    assert await who_was_asked(database, job_id) == [ids[-1], *ids[:2]]
    values["waves"]["offers_per_open_place"] = 1
    async with database.begin() as session:
        await policy.replace(session, Policy.model_validate(values), now=NOW)
    other = await another_job(database)
    await wave(database, other)
    # Fewer than are wanted: the next look comes when the limit of a wave opens.
    assert (await job_of(database, other)).next_wave_at == NOW + dt.timedelta(minutes=5)
