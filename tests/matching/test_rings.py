"""Cells from near to far: nobody in a cell can reach more than the cell's bound."""

import math
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from app.catalogue.skills import SKILLS
from app.core.geo import (
    TIERS,
    Point,
    geo_key,
    haversine_km,
    key_for_worker,
    keys_around,
    skill_keys,
)
from app.matching.hours import Availability
from app.matching.models import WorkerMatch, WorkerSkillMatch
from app.matching.rings import NOBODY, bounds_of, rings
from app.matching.rules import DEFAULT_WEIGHTS, Weights, fit_of, score
from tests.infra.sweeps import examples
from tests.matching.test_cells import away, points, radii, travels
from tests.matching.test_matching_candidates import best, found_for
from tests.matching.test_score import JOB, WEIGHT, WORKER
from tests.support.factories import (
    BANDRA,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    km_north,
)

pytestmark = pytest.mark.both_databases  # people are found by other statements on each

weights = st.lists(WEIGHT, min_size=5, max_size=5).filter(any).map(lambda w: Weights(*w))


@given(points, travels, radii, st.floats(0, 1), st.floats(0, 2 * math.pi), weights)
@settings(max_examples=examples(1_000), deadline=None)
def test_nobody_scores_more_than_their_cell_allows(at, travel, radius, share, bearing, by):
    job = replace(JOB, point=at, radius_km=radius)
    limit = travel if radius is None else min(travel, radius)
    home = away(at, limit * share, bearing)
    if haversine_km(home, at) > limit:
        return
    perfect = replace(
        WORKER,
        point=home,
        max_distance_km=travel,
        availability=Availability(JOB.schedule.slots, JOB.schedule.time_zone),
        skills=JOB.required_skills | JOB.preferred_skills,
        experience_years=20,
        reliability=100.0,
    )
    keys, bounds = bounds_of(job, by)
    bound = dict(zip(keys.tolist(), bounds.tolist(), strict=True))[key_for_worker(home, travel)]
    assert score(perfect, job, by, fit_of(perfect, job)).total <= bound + 0.2


@given(points, radii, weights)
@settings(max_examples=examples(200), deadline=None)
def test_rings_hold_every_cell_once_and_their_bounds_fall(at, radius, by):
    found = [*rings(replace(JOB, point=at, radius_km=radius), by)]
    keys = [key for ring in found for key in ring.keys]
    assert sorted(keys) == keys_around(at, radius)
    beyond = [ring.beyond for ring in found]
    assert beyond == sorted(beyond, reverse=True)
    assert (beyond[-1], found[-1].rest) == (NOBODY, [])
    assert all(ring.beyond >= 0 for ring in found[:-1])


async def test_cells_in_which_nobody_can_be_among_the_best_are_not_read(database):
    async with database.begin() as session:
        near = [NewWorker(point=km_north(BANDRA, 0.2 + i / 400), years=20) for i in range(100)]
        far = [NewWorker(point=km_north(BANDRA, 8.5), years=20) for _ in range(30)]
        ids = await add_workers(session, [*near, *far])
        job_id = await add_job(session, await add_employer(session), required=())
    async with database.read() as session:
        known = await best(session, job_id, wanted=3)
        counted = (await found_for(session, job_id, wanted=3)).eligible
    assert known == ids[:3]
    assert counted == 130
    async with database.begin() as session:
        # What is in the far cells could not be scored; it is never asked for.
        await session.execute(
            update(WorkerMatch)
            .where(WorkerMatch.worker_id.in_(ids[100:]))
            .values(latitude=BANDRA.latitude)
        )
    async with database.read() as session:
        assert await best(session, job_id, wanted=3) == known


async def test_rows_in_the_cells_of_older_versions_are_found(database):
    """Until `reindex` has written them anew, and while an older version still writes."""
    async with database.begin() as session:
        ids = await add_workers(session, [NewWorker(max_km=km) for km in (4, 9, 20, 45)])
        employer_id = await add_employer(session)
        job_ids = [await add_job(session, employer_id, required=r) for r in ((), ("waiter",))]
    async with database.begin() as session:
        for worker_id, tier in zip(ids, range(4), strict=True):
            home = NewWorker().point
            assert home is not None
            cells = TIERS[tier].cells_per_degree
            row = int((home.latitude + 90) * cells)
            south = abs(row / cells - 90)
            columns = math.floor(360 * cells * math.cos(math.radians(south)) + 1e-9)
            column = math.floor((home.longitude + 180) / 360 * columns)
            key = geo_key(tier, row, column)
            await session.execute(
                update(WorkerMatch).where(WorkerMatch.worker_id == worker_id).values(geo_key=key)
            )
            [waiter] = skill_keys(SKILLS["waiter"].bit, [key])
            await session.execute(
                update(WorkerSkillMatch)
                .where(WorkerSkillMatch.worker_id == worker_id)
                .values(skill_key=waiter)
            )
        for job_id in job_ids:
            assert sorted(await best(session, job_id)) == sorted(ids)
        await session.execute(delete(WorkerMatch))
        await session.execute(delete(WorkerSkillMatch))
        for job_id in job_ids:
            assert await best(session, job_id) == []


@pytest.mark.parametrize("at", [Point(90, 0), Point(-90, 0), Point(0, 180), Point(0, -180)])
def test_the_ends_of_the_earth_have_rings_too(at):
    job = replace(JOB, point=at, radius_km=None, id=UUID(int=7))
    assert sum(len(ring.keys) for ring in rings(job, DEFAULT_WEIGHTS)) == len(keys_around(at, None))
