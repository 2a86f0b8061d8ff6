"""What became of jobs corrects what is forecast of the next."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.matching.forecast_calibration import Calibration, calibrated
from app.matching.forecast_history import NOT_MATCHABLE, compare_due
from app.matching.forecast_job import forecast_job
from app.matching.models import JobForecastRecord
from tests.matching.test_forecast import TEXT
from tests.support.factories import (
    BANDRA,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    km_north,
)

chances = st.floats(0, 1)
outcomes = st.lists(st.tuples(chances, st.booleans()), max_size=200)


def fitted(pairs):
    said = np.array([chance for chance, _ in pairs], dtype=np.float64)
    return calibrated(said, np.array([came for _, came in pairs], dtype=np.float64))


@given(outcomes, chances, chances)
def test_whatever_happened_a_likelier_job_stays_likelier(pairs, one, other):
    line = fitted(pairs)
    low, high = sorted((one, other))
    assert 0 <= line.of(low) <= line.of(high) + 1e-12 <= 1 + 1e-9


def test_of_no_history_a_chance_is_what_it_is_and_what_cannot_be_stays_so():
    assert fitted([]) == Calibration()
    assert fitted([]).of(0.3) == 0.3
    assert fitted([(0.0, False)] * 30).of(0.3) == 0.3
    assert fitted([(0.9, False)] * 30).of(0.0) == 0.0


@pytest.mark.parametrize(
    ("said", "share"), [(0.99, 0.9), (0.9, 0.6), (0.5, 0.5), (0.3, 0.6), (1.0, 0.8)]
)
def test_with_much_history_a_chance_is_how_often_it_came(said, share):
    pairs = [(said, number < share * 1_000) for number in range(1_000)]
    assert fitted(pairs).of(said) == pytest.approx(share, abs=0.02)


def test_a_few_outcomes_move_a_chance_a_little():
    assert 0.8 < fitted([(0.9, False)] * 2).of(0.9) < 0.9


def test_chances_far_apart_and_very_sure_do_not_lead_astray():
    """Whole steps of Newton's led beyond the best line here, and each next one farther."""
    sure = [(0.9999, number % 10 > 0) for number in range(500)]
    doubtful = [(0.2, number % 20 == 0) for number in range(60)]
    line = fitted([*sure, *doubtful])
    assert line.of(0.9999) == pytest.approx(0.9, abs=0.03)
    assert line.of(0.2) < 0.2
    assert abs(line.shift) < 3


async def records(database):
    async with database.read() as session:
        rows = (await session.scalars(select(JobForecastRecord))).all()
    return {row.job_id: (row.chance, row.filled) for row in rows}


async def test_a_published_job_is_forecast_once_and_its_outcome_noted(database):
    async with database.begin() as session:
        await add_workers(session, [NewWorker(point=km_north(BANDRA, 1)) for _ in range(6)])
        employer_id = await add_employer(session)
        ids = [await add_job(session, employer_id) for _ in range(4)]
        draft = await add_job(session, employer_id, status=JobStatus.DRAFT)
        await session.execute(update(Job).where(Job.id.in_(ids)).values(published_at=NOW))
        old = NOW - dt.timedelta(days=2)
        await session.execute(update(Job).where(Job.id == ids[3]).values(published_at=old))
    later = NOW + dt.timedelta(minutes=9)
    assert await compare_due(database, lambda: later) == 3
    assert await compare_due(database, lambda: later) == 0
    noted = await records(database)
    assert set(noted) == set(ids[:3])
    assert draft not in noted
    assert all(0 < chance < 1 and filled is None for chance, filled in noted.values())
    async with database.begin() as session:
        await session.execute(update(Job).where(Job.id == ids[0]).values(accepted=1))
        cancelled = {"status": JobStatus.CANCELLED.value}
        await session.execute(update(Job).where(Job.id == ids[2]).values(cancelled))
    over = NOW + dt.timedelta(days=8)
    assert await compare_due(database, lambda: over) == 3
    assert {job_id: filled for job_id, (_, filled) in (await records(database)).items()} == {
        ids[0]: True,
        ids[1]: False,
    }
    assert await compare_due(database, lambda: over) == 0


async def test_a_job_that_cannot_be_forecast_keeps_no_other_from_it(database, quiet_log):
    async with database.begin() as session:
        employer_id = await add_employer(session)
        ids = [await add_job(session, employer_id) for _ in range(2)]
        await session.execute(update(Job).where(Job.id.in_(ids)).values(published_at=NOW))
        first = {
            "starts_on": dt.date.max,
            "ends_on": None,
            "published_at": NOW - dt.timedelta(0, 9),
        }
        await session.execute(update(Job).where(Job.id == ids[0]).values(first))
    assert await compare_due(database, lambda: NOW + dt.timedelta(minutes=9)) == 2
    assert set(await records(database)) == {ids[1]}


async def test_jobs_that_cannot_be_read_do_not_fill_the_batch(database):
    """A round forecasts twenty jobs at most: those that can't be forecast are left alone for an hour."""
    async with database.begin() as session:
        employer_id = await add_employer(session)
        ids = [await add_job(session, employer_id) for _ in range(21)]
        published = {"published_at": NOW - dt.timedelta(minutes=9)}
        gone = (
            update(Job).where(Job.id.in_(ids)).values(**published, required_skills=["lamplighter"])
        )
        await session.execute(gone)
        good = {"published_at": NOW, "required_skills": ["waiter"]}
        await session.execute(update(Job).where(Job.id == ids[-1]).values(good))
    await compare_due(database, lambda: NOW)
    await compare_due(database, lambda: NOW)
    assert set(await records(database)) == {ids[-1]}
    mended = update(Job).where(Job.id == ids[0]).values(required_skills=["waiter"])
    async with database.begin() as session:
        await session.execute(mended)
    assert await compare_due(database, lambda: NOW + dt.timedelta(minutes=59)) == 0
    await compare_due(database, lambda: NOW + NOT_MATCHABLE)
    assert set(await records(database)) == {ids[0], ids[-1]}


async def test_jobs_that_did_not_fill_lower_the_chances_that_are_told(database):
    async with database.begin() as session:
        await add_workers(session, [NewWorker(point=km_north(BANDRA, 1)) for _ in range(24)])
        employer_id = await add_employer(session)
    async with database.read() as session:
        before = await forecast_job(session, employer_id, TEXT, NOW)
    assert before.chance_to_fill > 0.8
    assert before.fill is not None
    async with database.begin() as session:
        for number in range(60):
            job_id = await add_job(session, employer_id)
            row = {"job_id": job_id, "published_at": NOW, "chance": before.chance_to_fill}
            await session.execute(insert(JobForecastRecord), row | {"filled": number % 5 == 0})
    async with database.read() as session:
        after = await forecast_job(session, employer_id, TEXT, NOW)
    assert 0.15 < after.chance_to_fill < 0.4
    assert after.fill is None
    assert after.workers_that_fit == before.workers_that_fit
    assert all(lever.chance_to_fill >= 0 for lever in after.levers)
