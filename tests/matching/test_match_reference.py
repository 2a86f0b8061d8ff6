"""The search against a reference that looks at everybody, on random worlds and with thousands of jobs.

The world is written once: everywhere on Earth where arithmetic is hard, people of all travels, zones and skills. Each
case is a random job, and the reference scores every worker in plain Python from the facts.
"""

import asyncio
import datetime as dt
import math
import random
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from app.catalogue.skills import MASK_BITS, SKILLS
from app.core.geo import Point, haversine_km
from app.core.ids import new_id
from app.core.week import Slot
from app.matching import candidates
from app.matching.candidates import find
from app.matching.hours import Availability, DateRange, Schedule, hours_of, remaining
from app.matching.refusals import Caps
from app.matching.rules import JobFacts, Weights, WorkerFacts, limit_km
from app.workers.models import BlockByWorker, TimeOff
from app.workers.rules import reliability
from tests.infra.sweeps import examples
from tests.matching.test_cells import away
from tests.support.database import database_of
from tests.support.factories import MONDAY, NOW, NewWorker, add_employer, add_workers

pytestmark = pytest.mark.both_databases  # people are found by other statements on each

PLACES = (
    Point(19.06, 72.83),
    Point(-16.85, 179.99),
    Point(66.0, -179.97),
    Point(89.9, 40.0),
    Point(-89.95, -120.0),
    Point(52.5, 13.4),
    Point(0.0, 0.0),
)
ZONES = ("Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "Pacific/Fiji", "America/New_York")
HIGH = [slug for slug, skill in SKILLS.items() if skill.bit >= MASK_BITS][:2]
KNOWN = ["waiter", "bartender", "cook", *HIGH]
CAPS = Caps(6, 3)
PEOPLE = 140


def some_slot(chance: random.Random) -> Slot:
    start = chance.randrange(0, 1440, 5)
    return Slot(chance.randrange(7), start, (start + chance.randrange(30, 900, 5)) % 1440)


def some_worker(chance: random.Random) -> NewWorker:
    around = chance.choice(PLACES)
    km = chance.choice((0.5, 4, 12, 60, 300)) * chance.random()
    return NewWorker(
        point=away(around, km, chance.uniform(0, 2 * math.pi)),
        max_km=chance.choice((0.5, 3, 5, 10, 25, 26, 50, 80, 199, 500)),
        skills=chance.sample(KNOWN, chance.randint(1, len(KNOWN))),
        years=chance.randint(0, 9),
        slots=[some_slot(chance) for _ in range(chance.randint(1, 14))],
        time_zone=chance.choice(ZONES),
        history=(chance.randint(0, 9), chance.randint(0, 9), 0),
    )


async def populate(database, seed):
    chance = random.Random(seed)
    async with database.begin() as session:
        people = [some_worker(chance) for _ in range(PEOPLE)]
        ids = await add_workers(session, people)
        employer_id = await add_employer(session)
        away_on = {}
        for worker_id in chance.sample(ids, 15):
            day = MONDAY + dt.timedelta(days=chance.randrange(60))
            off = {"worker_id": worker_id, "starts_on": day, "ends_on": day}
            await session.execute(insert(TimeOff), off)
            away_on[worker_id] = (DateRange(day, day),)
        blocked = chance.sample(ids, 5)
        for worker_id in blocked:
            block = {"worker_id": worker_id, "employer_id": employer_id, "created_at": NOW}
            await session.execute(insert(BlockByWorker), block)
    facts = [
        WorkerFacts(
            id=each.id,
            point=each.point or Point(0.0, 0.0),
            max_distance_km=each.max_km,
            availability=Availability(tuple(each.slots), each.time_zone, away_on.get(each.id, ())),
            skills=frozenset(each.skills),
            experience_years=each.years,
            reliability=reliability(*each.history),
        )
        for each in people
        if each.id not in blocked
    ]
    return facts, employer_id


starts = st.sampled_from(
    # Clocks change in Berlin on 28 March 2027, in New York on the 14th, in Fiji never.
    [MONDAY, MONDAY - dt.timedelta(days=3), dt.date(2027, 3, 12), dt.date(2027, 3, 26)]
)


@st.composite
def jobs(draw):
    start = draw(starts)
    days = draw(st.sampled_from([0, 1, 6, 13, 40, None]))
    slots = draw(
        st.lists(
            st.builds(
                Slot, st.integers(0, 6), st.integers(0, 95).map(lambda n: n * 15), st.just(7)
            ),
            min_size=1,
            max_size=5,
        )
    )
    zone = draw(st.sampled_from(ZONES))
    required = draw(st.frozensets(st.sampled_from(KNOWN), max_size=2))
    at = draw(st.sampled_from(PLACES))
    moved = away(at, draw(st.floats(0, 20)), draw(st.floats(0, 6.28)))
    schedule = Schedule(
        tuple(sorted(slots)), start, None if days is None else start + dt.timedelta(days=days), zone
    )
    return JobFacts(
        id=new_id(),
        employer_id=UUID(int=0),
        point=moved,
        radius_km=draw(st.sampled_from([None, None, 0.5, 5, 30, 400])),
        schedule=remaining(schedule, NOW + dt.timedelta(hours=draw(st.integers(0, 200)))),
        required_skills=required,
        preferred_skills=draw(st.frozensets(st.sampled_from(KNOWN), max_size=3)) - required,
        min_experience_years=draw(st.sampled_from([0, 0, 2, 7])),
    )


weight = st.sampled_from([0.0, 1.0, 7.0, 30.0])
weights = st.builds(Weights, weight, weight, weight, weight, st.sampled_from([1.0, 10.0]))


def reference(people, job, by, minimum_share):
    """Score everybody who fits, written apart from the rules: (id, total, distance)."""
    hours = hours_of(job.schedule)
    found = []
    for worker in people:
        km = haversine_km(worker.point, job.point)
        limit = limit_km(worker.max_distance_km, job.radius_km)
        free = hours.free(worker.availability)
        if km > limit or job.required_skills - worker.skills or hours.minutes == 0:
            continue
        if worker.experience_years < job.min_experience_years:
            continue
        if free < 1 or free < minimum_share * hours.minutes - 1e-6:
            continue
        wished = job.preferred_skills
        beyond = min(worker.experience_years - job.min_experience_years, 5)
        parts = (
            round(max(0.0, 100 * (1 - km / limit)) if limit else 100.0, 1),
            round(100 * free / hours.minutes, 1),
            round(100 * len(wished & worker.skills) / len(wished), 1) if wished else 100.0,
            round(50 + 10 * beyond, 1),
            round(worker.reliability, 1),
        )
        each = (by.distance, by.availability, by.skills, by.experience, by.reliability)
        weighed = total = 0.0
        # One after the other: `sum` is finer than that, and a half may round the other way.
        for part, counts in zip(parts, each, strict=True):
            weighed, total = weighed + part * counts, total + counts
        mean = weighed / total
        found.append((-round(mean, 1), km, worker.id))
    return sorted(found)


@pytest.mark.parametrize(("seed", "sparse"), [(1, 4), (2, 100), (3, 4), (4, 100)])
def test_the_search_is_the_reference_for_thousands_of_jobs(database_url, seed, sparse, monkeypatch):
    monkeypatch.setattr(candidates, "_FIRST_BATCH", 3)
    monkeypatch.setattr(candidates, "_SPARSE", sparse)
    monkeypatch.setattr(candidates, "_CARRIED", 1)
    with asyncio.Runner() as runner:
        database = database_of(database_url)
        people, employer_id = runner.run(populate(database, seed))
        fitting = []

        async def compare(job, by, wanted, share):
            job = replace(job, employer_id=employer_id)
            expected = reference(people, job, by, share)
            async with database.read() as session:
                found = await find(
                    session, job, wanted, NOW, weights=by, minimum_share=share, caps=CAPS
                )
            told = [(c.score.total, c.score.distance_km, c.worker.id) for c in found.best]
            assert [each[2] for each in told] == [each[2] for each in expected[:wanted]]
            for (total, km, _), (negative, expected_km, _) in zip(told, expected, strict=False):
                assert total == pytest.approx(-negative, abs=1e-9)
                assert km == pytest.approx(expected_km, abs=1e-9)
            assert found.eligible >= len(expected)
            fitting.append(len(expected))

        @given(jobs(), weights, st.sampled_from([1, 2, 5, 200]), st.sampled_from([0.0, 0.3, 0.5]))
        @settings(
            max_examples=examples(250),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        def every(job, by, wanted, share):
            runner.run(compare(job, by, wanted, share))

        try:
            every()
        finally:
            runner.run(database.close())
    assert max(fitting) > 5
