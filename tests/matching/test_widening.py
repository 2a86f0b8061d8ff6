"""Near its deadline a job asks people a little beyond what it wrote down, where its employer allows it."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from app.core.geo import MAX_TRAVEL_KM
from app.core.ids import new_id
from app.core.week import Slot
from app.jobs.job_text import JobText, Widenable
from app.jobs.models import Job
from app.jobs.queries import get_job
from app.matching.explain import explain_worker
from app.matching.hours import Schedule
from app.matching.rules import Exclusion, JobFacts
from app.matching.waves import send_wave
from app.matching.widening import NEAR_MINUTES, minutes_until, widened
from app.offers.models import JobMatch
from app.policy.policy import Policy
from app.texts import catalogue
from tests.support.database import offered
from tests.support.factories import (
    BANDRA,
    MONDAY,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    km_north,
)

TONIGHT = NOW + dt.timedelta(hours=4)  # 19:00 there
SUNDAY = MONDAY - dt.timedelta(days=1)
"""The day of `NOW`."""
BOTH = [each.value for each in Widenable]


async def market(database, may_widen, closes_at=TONIGHT, near=0, positions=2):
    """A job for this evening within 3 km by people with 3 years, and who lives within it or 5 and 7 km away."""
    evening = [Slot(6, 19 * 60, 23 * 60)]
    async with database.begin() as session:
        people = [
            *(NewWorker(point=km_north(BANDRA, 1), years=4, slots=evening) for _ in range(near)),
            NewWorker(point=km_north(BANDRA, 5), years=4, slots=evening),
            NewWorker(point=km_north(BANDRA, 1), years=1, slots=evening),
            NewWorker(point=km_north(BANDRA, 5), years=4, slots=evening, max_km=4),
            NewWorker(point=km_north(BANDRA, 7), years=4, slots=evening),
        ]
        ids = await add_workers(session, people)
        job_id = await add_job(
            session,
            await add_employer(session),
            closes_at=closes_at,
            starts_on=SUNDAY,
            ends_on=SUNDAY,
            slots=evening,
            radius_km=3,
            years=3,
            positions=positions,
        )
        allowed = update(Job).where(Job.id == job_id).values(may_widen=may_widen)
        await session.execute(allowed)
    return job_id, ids


async def asked(database, job_id, now=NOW):
    async with database.begin() as session:
        await send_wave(session, await get_job(session, job_id, lock=True), now)
    async with database.read() as session:
        return set(await offered(session, job_id))


async def reasons(database, worker_id):
    async with database.read() as session:
        match = await session.scalar(select(JobMatch).where(JobMatch.worker_id == worker_id))
    return [each["kind"] for each in match.why]


async def test_nobody_beyond_is_asked_where_nobody_allowed_it(database):
    job_id, _ = await market(database, [])
    assert await asked(database, job_id) == set()


async def test_near_the_deadline_people_a_little_beyond_are_asked_and_both_sides_read_it(database):
    """Twice the radius, and less experience; nobody travels farther than they want to."""
    job_id, [far, new, _homebody, _too_far] = await market(database, BOTH)
    assert await asked(database, job_id) == {far, new}
    assert (await reasons(database, far))[-1] == "wider_radius"
    assert (await reasons(database, new))[-1] == "less_experience"


@pytest.mark.parametrize(("may_widen", "number"), [(["radius_km"], 0), (BOTH[1:], 1)])
async def test_only_what_was_allowed_is_widened(database, may_widen, number):
    job_id, ids = await market(database, may_widen)
    assert await asked(database, job_id) == {ids[number]}


async def test_with_time_left_only_who_fits_is_asked(database):
    job_id, _ = await market(database, BOTH)
    near = TONIGHT - dt.timedelta(minutes=NEAR_MINUTES)
    assert await asked(database, job_id, near - dt.timedelta(minutes=1)) == set()
    assert await asked(database, job_id, near) != set()


async def test_who_fits_comes_first_and_may_be_enough(database):
    job_id, ids = await market(database, BOTH, near=40, positions=1)
    assert await asked(database, job_id) <= set(ids[:40])
    for _ in range(4):
        await asked(database, job_id)
    async with database.read() as session:
        every = await session.scalar(select(func.count()).select_from(JobMatch))
    assert 0 < every <= 40


async def test_the_few_who_fit_are_asked_and_then_others_for_the_rest(database):
    job_id, ids = await market(database, BOTH, near=1)
    assert await asked(database, job_id) == set(ids[:3])
    assert "wider_radius" not in await reasons(database, ids[0])


@pytest.mark.both_databases
async def test_with_time_left_who_fits_comes_before_others_however_unlikely(database):
    """For speed alone somebody far away is passed over, but not for somebody who is farther still."""
    evening = [Slot(6, 19 * 60, 23 * 60)]
    async with database.begin() as session:
        people = [
            NewWorker(point=km_north(BANDRA, km), max_km=50, slots=evening) for km in (0.5, 25, 29)
        ]
        near, far, _beyond = await add_workers(session, people)
        job_id = await add_job(
            session,
            await add_employer(session),
            closes_at=TONIGHT,
            starts_on=SUNDAY,
            ends_on=SUNDAY,
            slots=evening,
            radius_km=26,
            positions=1,
        )
        allowed = update(Job).where(Job.id == job_id).values(may_widen=["radius_km"])
        await session.execute(allowed)
    early = TONIGHT - dt.timedelta(minutes=NEAR_MINUTES)
    assert far in await asked(database, job_id, early)
    async with database.read() as session:
        first = await session.scalars(select(JobMatch.worker_id).order_by(JobMatch.id))
    assert list(first)[:2] == [near, far]


async def test_an_administrator_reads_why_not_by_the_rules_as_they_are_now(database):
    job_id, ids = await market(database, BOTH)
    async with database.read() as session:
        job = await session.get_one(Job, job_id)
        soon = [await explain_worker(session, job, each, NOW, Policy()) for each in ids]
        early = NOW - dt.timedelta(days=2)
        before = await explain_worker(session, job, ids[0], early, Policy())
    told = [[each.rule for each in one.excluded] for one in soon]
    assert told == [[], [], [Exclusion.DISTANCE], [Exclusion.DISTANCE]]
    assert [each.rule for each in before.excluded] == [Exclusion.DISTANCE]


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("kind", ["wider_radius", "less_experience"])
def test_each_side_has_words_for_it(language, kind):
    for_employer = catalogue.format_lead_reason(language, {"kind": kind})
    assert for_employer
    assert "{" not in for_employer


def test_a_job_without_limits_has_nothing_to_widen():
    job = JobFacts(
        id=new_id(),
        employer_id=new_id(),
        point=BANDRA,
        radius_km=None,
        schedule=Schedule((), SUNDAY, SUNDAY, "Asia/Kolkata"),
        required_skills=frozenset(),
        preferred_skills=frozenset(),
        min_experience_years=0,
    )
    assert widened(job, BOTH, 0.0) is None
    wide = widened(replace(job, radius_km=400.0), BOTH, 0.0)
    assert wide is not None
    assert wide.radius_km == MAX_TRAVEL_KM


def test_a_job_without_a_last_day_is_never_near_its_deadline():
    assert minutes_until(None, "Asia/Kolkata", NOW) == float("inf")


def test_what_cannot_be_widened_is_not_kept():
    text = JobText(
        title="Waiter",
        description="Serve.",
        category="hospitality",
        location=BANDRA,
        starts_on=MONDAY,
        slots=(Slot(0, 600, 700),),
        positions=1,
        may_widen=("min_experience_years", "pay", "radius_km", "radius_km"),
    )
    assert text.normalized().may_widen == ("radius_km", "min_experience_years")
