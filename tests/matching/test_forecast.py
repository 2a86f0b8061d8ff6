"""What is to be expected of a job before it is published."""

import datetime as dt
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from app.core.geo import Point, haversine_km, keys_around
from app.core.week import Slot
from app.jobs.job_text import JobSalary
from app.matching.census import count_fitting
from app.matching.forecast import Pace, chance_of, chance_to_fill, expectation
from app.matching.forecast_bands import BAND_EDGES_KM, BAND_KM
from app.matching.forecast_job import forecast_job
from app.matching.hours import Schedule
from app.matching.models import ResponseCurves
from app.matching.response import Curves
from app.matching.rules import DEFAULT_WEIGHTS, JobFacts
from app.matching.search import best_near_and_able
from app.workers.models import BlockByWorker
from tests.matching.test_matching_candidates import SKILLS, random_worker
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.factories import (
    BANDRA,
    INDIA,
    JOB_TEXT,
    MONDAY,
    NOW,
    NewWorker,
    add_employer,
    add_workers,
    km_north,
)
from tests.support.usual_responses import UsualResponses

USUAL = UsualResponses()
bands = st.lists(st.integers(0, 60), min_size=len(BAND_KM), max_size=len(BAND_KM))
places = st.integers(1, 40)
minutes = st.floats(0, 5_000)
paces = st.builds(Pace, st.integers(1, 80), st.sampled_from([15.0, 30.0, 240.0]))


def of(counts, wanted, left, pace, **more):
    return chance_to_fill(counts, wanted, left, pace, USUAL, **more)


def test_one_person_next_door_fills_a_place_as_likely_as_they_say_yes():
    alone = [1, 0, 0, 0, 0, 0, 0]
    yes = USUAL.yes(BAND_KM[0])
    assert of(alone, 1, 10**6, Pace(2, 30)) == pytest.approx(yes, abs=1e-6)
    assert of(alone, 2, 10**6, Pace(2, 30)) == 0
    assert of(alone, 1, 30, Pace(2, 30)) == pytest.approx(yes / 2, abs=1e-6)


def test_the_chance_is_that_of_drawing_many_times():
    counts, pace, chance = [3, 4, 6, 5, 0, 0, 0], Pace(6, 30), random.Random(1)
    people = [km for count, km in zip(counts, BAND_KM, strict=True) for _ in range(count)]
    filled = 0
    for _ in range(20_000):
        said = sum(
            chance.random() < USUAL.yes(km) * USUAL.replied(200 - 30 * (number // 6))
            for number, km in enumerate(people)
        )
        filled += said >= 5
    assert of(counts, 5, 200, pace) == pytest.approx(filled / 20_000, abs=0.015)


@given(bands, places, minutes, paces, st.integers(0, len(BAND_KM) - 1), st.integers(1, 30))
def test_more_people_never_make_filling_less_likely(counts, wanted, left, pace, band, more):
    added = [*counts]
    added[band] += more
    assert of(added, wanted, left, pace) >= of(counts, wanted, left, pace) - 1e-9


@given(bands, places, minutes, minutes, paces)
def test_more_time_never_makes_filling_less_likely(counts, wanted, one, other, pace):
    less, more = sorted((one, other))
    assert of(counts, wanted, more, pace) >= of(counts, wanted, less, pace) - 1e-9


@given(bands, places, minutes, paces)
def test_more_pay_and_fewer_places_never_make_filling_less_likely(counts, wanted, left, pace):
    usual = of(counts, wanted, left, pace)
    assert 0 <= usual <= 1
    assert of(counts, wanted, left, pace, more_pay=True) >= usual - 1e-9
    assert of(counts, wanted + 1, left, pace) <= usual + 1e-9


@given(bands, places, minutes, paces)
def test_moments_are_in_order_and_within_the_time_there_is(counts, wanted, left, pace):
    seen = expectation(counts, wanted, left, pace, USUAL, most_accepts=wanted * 2)
    assert seen.workers_that_fit == sum(counts)
    assert seen.expected_accepts <= wanted * 2
    for moment, chance in ((seen.fill.p50, 0.5), (seen.fill.p90, 0.9)):
        assert (moment is None) is (seen.chance_to_fill < chance)
    for early, late in (
        (seen.first_accept.p50, seen.first_accept.p90),
        (seen.fill.p50, seen.fill.p90),
        (seen.first_accept.p50, seen.fill.p50),
    ):
        if early is not None and late is not None:
            assert 0 <= early <= late * 1.02 + 1
    assert all(m is None or m <= left + 1 for m in (seen.fill.p90, seen.first_accept.p90))


def test_nobody_and_no_places_are_no_trouble():
    nobody = [0] * len(BAND_KM)
    empty = expectation(nobody, 500, 1_000, Pace(1_000, 30), USUAL, most_accepts=1_000)
    assert (empty.chance_to_fill, empty.expected_accepts) == (0, 0)
    assert (empty.first_accept.p50, empty.fill.p50) == (None, None)
    assert chance_of(0, [], 10, USUAL) == 1
    many = [5_000] * len(BAND_KM)
    assert of(many, 500, 3_000, Pace(1_000, 30)) == pytest.approx(1)


def job_facts_of(employer_id, chance):
    return JobFacts(
        id=NewWorker().id,
        employer_id=employer_id,
        point=BANDRA,
        radius_km=chance.choice((None, 3, 8)),
        schedule=Schedule(
            (Slot(4, 17 * 60, 21 * 60), Slot(5, 17 * 60, 21 * 60)),
            MONDAY,
            MONDAY + dt.timedelta(days=6),
            INDIA,
        ),
        required_skills=frozenset(chance.sample(SKILLS, chance.randint(0, 3))),
        preferred_skills=frozenset(),
        min_experience_years=chance.choice((0, 2, 5)),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_counts_are_those_of_the_search_with_and_without_a_requirement(database, seed):
    chance = random.Random(seed)
    async with database.begin() as session:
        ids = await add_workers(session, [random_worker(chance) for _ in range(400)])
        employer_id = await add_employer(session)
        for worker_id in chance.sample(ids, 10):
            block = {"worker_id": worker_id, "employer_id": employer_id, "created_at": NOW}
            await session.execute(insert(BlockByWorker), block)
    job = job_facts_of(employer_id, chance)

    async def found(session, facts):
        cells = keys_around(facts.point, facts.radius_km)
        best = await best_near_and_able(session, facts, cells, DEFAULT_WEIGHTS, 0.5, 1_000)
        return {worker_id for _, worker_id in best.people}

    async with database.read() as session:
        census = await count_fitting(session, job, 0.5)
        fit = await found(session, job)
        # Whoever lives half a percent beyond what they travel counts, too.
        beyond = 3
        assert 0 < len(fit) <= sum(census.fit) <= len(fit) + beyond
        for slug, more in census.without_skill.items():
            less = replace(job, required_skills=job.required_skills - {slug})
            count = len(await found(session, less) - fit)
            assert count <= sum(more) <= count + beyond
        anybody = await found(session, replace(job, min_experience_years=0))
        count = len(anybody - fit)
        assert count <= sum(census.without_experience) <= count + beyond
        if job.radius_km is not None:
            wider = await found(session, replace(job, radius_km=job.radius_km * 2))
            count = len(wider - fit)
            assert count - beyond <= sum(census.beyond_radius) <= count + beyond


async def test_people_are_counted_in_the_band_in_which_they_live(database):
    kms = (0.3, 1.5, 3, 6, 12, 24, 48)
    async with database.begin() as session:
        away = [NewWorker(point=km_north(BANDRA, km), max_km=60) for km in kms]
        await add_workers(session, away)
        employer_id = await add_employer(session)
    async with database.read() as session:
        facts = replace(
            job_facts_of(employer_id, random.Random(0)),
            radius_km=None,
            required_skills=frozenset({"waiter"}),
            min_experience_years=0,
        )
        assert (await count_fitting(session, facts, 0.5)).fit == [1] * len(kms)
    assert len(kms) == len(BAND_EDGES_KM) + 1


async def test_people_beyond_the_antimeridian_are_counted(database):
    here, there = Point(-16.85, 179.99), Point(-16.85, -179.98)
    async with database.begin() as session:
        await add_workers(session, [NewWorker(point=there)])
        employer_id = await add_employer(session)
    facts = replace(
        job_facts_of(employer_id, random.Random(0)),
        point=here,
        radius_km=9,
        required_skills=frozenset(),
        min_experience_years=0,
    )
    async with database.read() as session:
        census = await count_fitting(session, facts, 0.5)
    assert haversine_km(here, there) < 4
    assert sum(census.fit) == 1


TEXT = replace(
    JOB_TEXT,
    location=BANDRA,
    starts_on=dt.date(2026, 11, 27),
    ends_on=dt.date(2026, 11, 28),
    slots=(Slot(4, 17 * 60, 21 * 60), Slot(5, 17 * 60, 21 * 60)),
    required_skills=("waiter",),
    min_experience_years=2,
    radius_km=5,
    salary=JobSalary(15_000, "INR", "hour"),
    positions=3,
)


async def test_a_forecast_names_what_each_requirement_costs_and_the_best_first(database):
    near = [NewWorker(point=km_north(BANDRA, 1)) for _ in range(3)]
    cooks = [NewWorker(skills=("cook",)) for _ in range(20)]
    juniors = [NewWorker(years=0) for _ in range(4)]
    far = [NewWorker(point=km_north(BANDRA, 8)) for _ in range(9)]
    async with database.begin() as session:
        await add_workers(session, [*near, *cooks, *juniors, *far])
        employer_id = await add_employer(session)
    async with database.read() as session:
        told = await forecast_job(session, employer_id, TEXT, NOW)
    assert told.workers_that_fit == 3
    assert told.fill is None
    assert not told.from_history
    levers = {lever.field: lever for lever in told.levers}
    assert levers["required_skills"].workers_that_fit == 23
    assert levers["min_experience_years"].workers_that_fit == 7
    assert (levers["radius_km"].after, levers["radius_km"].workers_that_fit) == (10, 12)
    assert levers["salary"].after == JobSalary(16_500, "INR", "hour")
    assert levers["salary"].workers_that_fit == 3
    assert told.levers[0].field == "required_skills"
    chances = [lever.chance_to_fill for lever in told.levers]
    assert chances == sorted(chances, reverse=True)
    assert all(chance >= told.chance_to_fill for chance in chances)


async def test_a_later_start_helps_where_time_is_short(database):
    async with database.begin() as session:
        await add_workers(session, [NewWorker() for _ in range(40)])
        employer_id = await add_employer(session)
    soon = replace(
        TEXT, starts_on=dt.date(2026, 11, 22), ends_on=dt.date(2026, 11, 22), radius_km=None
    )
    soon = replace(
        soon, slots=(Slot(6, 17 * 60, 21 * 60),), salary=None, positions=12
    )  # in two hours
    async with database.read() as session:
        hurried = await forecast_job(session, employer_id, soon, NOW)
        [later] = [lever for lever in hurried.levers if lever.field == "starts_on"]
        over = await forecast_job(session, employer_id, soon, NOW + dt.timedelta(days=1))
    assert later.after == dt.date(2026, 11, 29)
    assert later.chance_to_fill > hurried.chance_to_fill
    assert (over.workers_that_fit, over.chance_to_fill) == (0, 0)


def test_an_employer_asks_before_publishing_and_nothing_is_kept(world: World) -> None:
    for _ in range(3):
        world.worker()
    employer = world.employer()
    body = world.job_body(positions=1, radius_km=5.0)
    told = ok(employer.post("/api/employers/jobs/forecast", json=body))
    assert told["workers_that_fit"] == 3
    assert 0 < told["chance_to_fill"] < 1
    assert 0 < told["expected_accepts"] <= 2
    assert told["minutes_to_first_accept"]["p50"] > 0
    assert told["basis"] == "model"
    for lever in told["levers"]:
        assert set(lever) == {"field", "from", "to", "workers_that_fit", "chance_to_fill"}
    assert ok(employer.get("/api/employers/jobs"))["items"] == []
    unknown = {**body, "required_skills": ["no_such_skill"]}
    refused(employer.post("/api/employers/jobs/forecast", json=unknown), 422, "invalid")


async def test_a_night_counts_in_the_minutes_that_are_told(database):
    async with database.begin() as session:
        await add_workers(session, [NewWorker() for _ in range(20)])
        employer_id = await add_employer(session)
    night = dt.datetime(2026, 11, 23, 20, 30, tzinfo=dt.UTC)  # two o'clock; quiet until eight
    async with database.read() as session:
        by_day = await forecast_job(session, employer_id, TEXT, NOW)
        by_night = await forecast_job(session, employer_id, TEXT, night)
    soon, late = by_day.first_accept.p50, by_night.first_accept.p50
    assert soon is not None
    assert late is not None
    assert soon < 60
    assert 360 < late < 420


async def test_once_answers_were_learned_a_forecast_rests_on_them(database):
    eager = {**Curves(answer=0.9, accept_logit=(3.0, 0.0)).as_json(), "seen": 900}
    async with database.begin() as session:
        await add_workers(session, [NewWorker(point=km_north(BANDRA, 1)) for _ in range(5)])
        employer_id = await add_employer(session)
    async with database.read() as session:
        usual = await forecast_job(session, employer_id, TEXT, NOW)
    async with database.begin() as session:
        await session.execute(insert(ResponseCurves), {"id": 1, "values": eager, "learned_at": NOW})
    async with database.read() as session:
        learned = await forecast_job(session, employer_id, TEXT, NOW)
    assert (usual.from_history, learned.from_history) == (False, True)
    assert learned.chance_to_fill > usual.chance_to_fill + 0.2
