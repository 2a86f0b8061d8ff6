import datetime as dt
import random
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update

from app.core.geo import Point
from app.core.week import Slot
from app.identity.models import UserStatus
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.matching import candidates
from app.matching.candidates import find
from app.matching.load import job_facts, worker_facts
from app.matching.refusals import Caps
from app.matching.rules import DEFAULT_WEIGHTS, Weights, rank
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.workers.models import BlockByWorker, TimeOff, Worker
from tests.support.factories import (
    BANDRA,
    EVENINGS,
    INDIA,
    MONDAY,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_offer,
    add_workers,
    km_north,
)

pytestmark = pytest.mark.both_databases  # people are found by other statements on each

SKILLS = ("waiter", "bartender", "cook", "cashier")


async def found_for(
    session, job_id, wanted=1_000, weights=DEFAULT_WEIGHTS, share=0.5, cap=50, of_one=20
):
    facts = await job_facts(session, await session.get_one(Job, job_id), NOW)
    caps = Caps(cap, of_one)
    return await find(session, facts, wanted, NOW, weights=weights, minimum_share=share, caps=caps)


async def best(session, job_id, **wishes):
    return [c.worker.id for c in (await found_for(session, job_id, **wishes)).best]


def random_worker(chance: random.Random) -> NewWorker:
    def slot():
        return Slot(
            chance.randrange(7), chance.randrange(0, 1440, 15), chance.randrange(7, 1440, 15)
        )

    def evening():
        return Slot(chance.choice((4, 5)), chance.choice((960, 1020, 1050)), 22 * 60)

    return NewWorker(
        point=Point(
            BANDRA.latitude + chance.gauss(0, 0.05), BANDRA.longitude + chance.gauss(0, 0.05)
        ),
        max_km=chance.choice((3, 5, 8, 10, 20, 60, 300)),
        skills=chance.sample(SKILLS, chance.randint(1, 4)),
        years=chance.randint(0, 9),
        slots=chance.choice(
            (EVENINGS, (evening(), evening()), tuple(slot() for _ in range(4)), (), EVENINGS)
        ),
        time_zone=chance.choice((INDIA,) * 6 + ("Asia/Kathmandu",)),
        status=chance.choice((UserStatus.ACTIVE,) * 9 + (UserStatus.SUSPENDED,)),
        stopped=chance.random() < 0.05,
        cap=chance.choice((None, None, None, 1)),
        history=(chance.randint(0, 9), chance.randint(0, 9), 0),
    )


async def random_history(session, chance, worker_ids, job_id, employer_id):
    """Days off, blocks, offers of this job and accepted offers of others."""
    other_job = await add_job(session, employer_id, slots=(Slot(5, 16 * 60, 20 * 60),))
    statuses = list(OfferStatus)
    for worker_id in chance.sample(worker_ids, len(worker_ids) // 3):
        match chance.randrange(4):
            case 0:
                day = MONDAY + dt.timedelta(days=chance.randrange(7))
                off = {"worker_id": worker_id, "starts_on": day, "ends_on": day}
                await session.execute(insert(TimeOff), off)
            case 1:
                block = {"worker_id": worker_id, "employer_id": employer_id, "created_at": NOW}
                await session.execute(insert(BlockByWorker), block)
            case 2:
                await add_offer(session, job_id, worker_id, chance.choice(statuses))
            case _:
                await add_offer(session, other_job, worker_id, chance.choice(statuses))


WEIGHTS = (
    DEFAULT_WEIGHTS,
    Weights(0, 1, 1, 1, 1),
    Weights(1, 0, 0, 0, 0),
    Weights(0, 0, 0, 0, 1),
)


@pytest.mark.parametrize("seed", range(3))
async def test_the_answer_is_that_of_scoring_everybody(database, seed, monkeypatch):
    # Small batches, so that the search has every chance to stop too early.
    monkeypatch.setattr(candidates, "_FIRST_BATCH", 1)
    chance = random.Random(seed)
    async with database.begin() as session:
        ids = await add_workers(session, [random_worker(chance) for _ in range(500)])
        employer_id = await add_employer(session)
        job_id = await add_job(
            session,
            employer_id,
            radius_km=chance.choice((None, 6, 15)),
            preferred=chance.sample(SKILLS[1:], 2),
            years=chance.choice((0, 2)),
            ends_on=chance.choice((None, MONDAY + dt.timedelta(days=6))),
        )
        await random_history(session, chance, ids, job_id, employer_id)
    async with database.read() as session:
        job = await session.get_one(Job, job_id)
        facts = await job_facts(session, job, NOW)
        everybody = await worker_facts(session, ids, facts, NOW)
        out = {match.worker_id for match in await offers_of(session, job_id)}
        out |= set(await session.scalars(select(BlockByWorker.worker_id)))
        askable = [
            w for w, asked in everybody if not asked.is_enough(Caps(50, 20)) and w.id not in out
        ]
        for weights in WEIGHTS:
            expected = rank(askable, facts, weights)
            assert len(expected) > 50
            for wanted in (1, 2, 3, 7, 60, 1_000):
                found = await found_for(session, job_id, wanted, weights)
                assert found.best == expected[:wanted]
                assert found.eligible >= len(expected)
            assert (await found_for(session, job_id, 1_000, weights)).eligible == len(expected)


async def offers_of(session, job_id):
    return list(await session.scalars(select(JobMatch).where(JobMatch.job_id == job_id)))


async def test_only_as_many_people_are_read_as_it_takes(database):
    """The nearest of many alike is known without reading them all."""
    async with database.begin() as session:
        crowd = [NewWorker(point=km_north(BANDRA, 1 + i / 200)) for i in range(1_500)]
        ids = await add_workers(session, crowd)
        job_id = await add_job(session, await add_employer(session))
    async with database.begin() as session:
        # Whoever is beyond the first batches is no worker any more, and nobody notices.
        await session.execute(
            update(Worker).where(Worker.id.in_(ids[800:])).values(latitude=None, longitude=None)
        )
    async with database.read() as session:
        found = await found_for(session, job_id, wanted=2)
    assert [c.worker.id for c in found.best] == ids[:2]
    assert found.eligible == 1_500


async def test_whoever_has_every_preferred_skill_is_not_passed_over(database, monkeypatch):
    """A bound that overflowed at three of them put the best worker behind all others."""
    monkeypatch.setattr(candidates, "_FIRST_BATCH", 1)
    async with database.begin() as session:
        usual = [NewWorker(skills=SKILLS[:3]) for _ in range(4)]
        ids = await add_workers(session, [*usual, NewWorker(skills=SKILLS)])
        job_id = await add_job(session, await add_employer(session), preferred=SKILLS[1:])
    async with database.read() as session:
        assert await best(session, job_id, wanted=1) == ids[-1:]


@pytest.mark.parametrize(
    "facts",
    [
        {"status": UserStatus.PENDING},
        {"status": UserStatus.SUSPENDED},
        {"stopped": True},
        {"slots": ()},
        {"slots": (Slot(4, 17 * 60, 20 * 60),)},
        {"point": None},
        {"point": km_north(BANDRA, 10.1), "max_km": 50},
        {"point": km_north(BANDRA, 5), "max_km": 4.9},
        {"skills": ("cook",)},
        {"cap": 0},
    ],
)
async def test_who_does_not_fit_is_not_found(database, facts):
    async with database.begin() as session:
        await add_workers(session, [NewWorker(**facts)])
        [fitting] = await add_workers(session, [NewWorker()])
        job_id = await add_job(session, await add_employer(session))
    async with database.read() as session:
        assert await best(session, job_id) == [fitting]


async def test_too_little_experience_is_not_found(database):
    async with database.begin() as session:
        _, fitting = await add_workers(session, [NewWorker(years=1), NewWorker(years=2)])
        job_id = await add_job(session, await add_employer(session), years=2)
    async with database.read() as session:
        assert await best(session, job_id) == [fitting]


async def test_who_blocked_this_employer_hears_of_others_only(database):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker()])
        blocked, other = [await add_employer(session) for _ in range(2)]
        row = {"worker_id": worker_id, "employer_id": blocked, "created_at": NOW}
        await session.execute(insert(BlockByWorker), row)
        jobs = [await add_job(session, employer_id) for employer_id in (blocked, other)]
    async with database.read() as session:
        assert [await best(session, job_id) for job_id in jobs] == [[], [worker_id]]


@pytest.mark.parametrize("status", list(OfferStatus))
async def test_whoever_was_offered_this_job_is_not_asked_again(database, status):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker()])
        job_id = await add_job(session, await add_employer(session))
        await add_offer(session, job_id, worker_id, status)
    async with database.read() as session:
        assert await best(session, job_id) == []


async def test_a_cap_counts_the_offers_of_seven_days(database):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker(cap=2)])
        employer_id = await add_employer(session)
        *others, job_id = [await add_job(session, employer_id) for _ in range(4)]
        days = dt.timedelta(days=1)
        times = (NOW - 8 * days, NOW - 6 * days, NOW)
        *_, last = [
            await add_offer(session, other, worker_id, OfferStatus.REJECTED, at)
            for other, at in zip(others, times, strict=True)
        ]
    async with database.begin() as session:
        assert await best(session, job_id) == []
        await session.delete(await session.get_one(JobMatch, last))
        await session.flush()
        assert await best(session, job_id) == [worker_id]
        assert await best(session, job_id, cap=1) == [worker_id]  # their own cap goes before


async def test_the_usual_cap_holds_for_who_set_none(database):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker()])
        employer_id = await add_employer(session)
        other, job_id = [await add_job(session, employer_id) for _ in range(2)]
        await add_offer(session, other, worker_id, OfferStatus.REJECTED)
    async with database.read() as session:
        assert await best(session, job_id, cap=1) == []
        assert await best(session, job_id, cap=2) == [worker_id]


async def test_one_employer_fills_nobody_s_week_alone(database):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker()])
        eager, other = await add_employer(session), await add_employer(session)
        *asked, another = [await add_job(session, eager) for _ in range(3)]
        anothers = await add_job(session, other)
        for job_id in asked:
            await add_offer(session, job_id, worker_id, OfferStatus.EXPIRED)
    async with database.read() as session:
        assert await best(session, another, of_one=2) == []
        assert await best(session, another, of_one=3) == [worker_id]
        assert await best(session, anothers, of_one=2) == [worker_id]


@pytest.mark.parametrize(
    ("offer", "job_status", "free"),
    [
        (OfferStatus.ACCEPTED, JobStatus.PUBLISHED, False),
        (OfferStatus.ACCEPTED, JobStatus.FILLED, False),
        (OfferStatus.ACCEPTED, JobStatus.CANCELLED, True),
        (OfferStatus.WITHDRAWN, JobStatus.PUBLISHED, True),
        (OfferStatus.OFFERED, JobStatus.PUBLISHED, True),
    ],
)
async def test_who_works_elsewhere_at_that_time_is_busy(database, offer, job_status, free):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker()])
        employer_id = await add_employer(session)
        other = await add_job(session, employer_id, status=job_status)
        await add_offer(session, other, worker_id, offer)
        job_id = await add_job(session, employer_id)
        later = MONDAY + dt.timedelta(days=7)
        next_week = await add_job(
            session, employer_id, starts_on=later, ends_on=later + dt.timedelta(days=6)
        )
    async with database.read() as session:
        assert await best(session, job_id) == ([worker_id] if free else [])
        assert await best(session, next_week) == [worker_id]


async def test_days_off_count_for_the_jobs_on_them(database):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker()])
        friday, saturday = (MONDAY + dt.timedelta(days=day) for day in (4, 5))
        off = {"worker_id": worker_id, "starts_on": friday, "ends_on": friday}
        await session.execute(insert(TimeOff), off)
        employer_id = await add_employer(session)
        shift = {4: (Slot(4, 1080, 1200),), 5: (Slot(5, 1080, 1200),)}
        jobs = [
            await add_job(
                session, employer_id, starts_on=day, ends_on=day, slots=shift[day.weekday()]
            )
            for day in (friday, saturday)
        ]
    async with database.read() as session:
        assert [await best(session, job_id) for job_id in jobs] == [[], [worker_id]]


@pytest.mark.parametrize(
    ("job_at", "worker_at"),
    [
        (Point(-16.85, 179.99), Point(-16.85, -179.98)),
        (Point(64.15, -21.94), Point(64.15, -21.85)),
        (Point(89.99, 10), Point(89.99, -170)),
        (Point(0.0, 0.0), Point(-0.01, -0.01)),
        (Point(70.0, 179.9), Point(70.0, -179.9)),
    ],
)
@pytest.mark.parametrize("radius_km", [None, 9])
async def test_people_are_found_anywhere_on_earth(database, job_at, worker_at, radius_km):
    async with database.begin() as session:
        [near] = await add_workers(session, [NewWorker(point=worker_at)])
        far = Point(worker_at.latitude - 0.2, worker_at.longitude)
        await add_workers(session, [NewWorker(point=far)])
        job_id = await add_job(
            session, await add_employer(session), point=job_at, radius_km=radius_km
        )
    async with database.read() as session:
        assert await best(session, job_id) == [near]


async def test_a_neighbour_by_another_clock_is_found_by_the_real_hours(database):
    """Nepal is 15 minutes ahead: 21:00 there is 20:45 in India."""
    border = Point(26.45, 87.28)
    shift = (Slot(4, 17 * 60, 21 * 60),)
    with_zone = NewWorker(point=border, time_zone="Asia/Kathmandu")
    mostly = replace(with_zone, slots=(Slot(4, 19 * 60 + 15, 21 * 60 + 15),))
    barely = replace(with_zone, id=NewWorker().id, slots=(Slot(4, 19 * 60 + 16, 21 * 60 + 15),))
    async with database.begin() as session:
        await add_workers(session, [mostly, barely])
        job_id = await add_job(session, await add_employer(session), point=border, slots=shift)
    async with database.read() as session:
        assert await best(session, job_id) == [mostly.id]
