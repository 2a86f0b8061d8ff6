import math
from uuid import UUID

import pytest

from app.core.geo import KM_PER_DEGREE, Point, keys_around
from app.jobs.models import Job
from app.matching.load import job_facts
from app.matching.rules import DEFAULT_WEIGHTS
from app.matching.search import best_near_and_able
from tests.support.factories import NOW, NewWorker, add_employer, add_job, add_workers

pytestmark = pytest.mark.both_databases  # people are found by other statements on each

PLACES = (
    Point(0.0, 0.0),
    Point(19.06, 72.83),
    Point(58.0, 10.0),
    Point(64.1, -21.9),
    Point(78.2, 15.6),
    Point(-89.9, 40.0),
    Point(-16.85, 179.99),
    Point(66.0, -179.97),
)
TRAVELS_KM = (2, 5, 7, 25, 40, 90, 180, 500)


def away(start: Point, km: float, bearing: float) -> Point:
    """The place so far from the start in that direction, by the spherical direct formula."""
    lat, lon = math.radians(start.latitude), math.radians(start.longitude)
    angle = math.radians(km / KM_PER_DEGREE)
    there = math.asin(
        math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(bearing)
    )
    east = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(lat),
        math.cos(angle) - math.sin(lat) * math.sin(there),
    )
    return Point(math.degrees(there), (math.degrees(lon + east) + 540) % 360 - 180)


async def found(session, job_id):
    facts = await job_facts(session, await session.get_one(Job, job_id), NOW)
    cells = keys_around(facts.point, facts.radius_km)
    best = await best_near_and_able(session, facts, cells, DEFAULT_WEIGHTS, 0.0, 1_000)
    return {UUID(str(worker_id)) for _, worker_id in best.people}


@pytest.mark.parametrize("place", PLACES, ids=str)
async def test_whoever_lives_just_within_reach_is_found_in_every_direction(database, place):
    bearings = [math.pi * step / 6 for step in range(12)]
    async with database.begin() as session:
        edge = [
            NewWorker(point=away(place, km * 0.9999, bearing), max_km=km)
            for km in TRAVELS_KM
            for bearing in bearings
        ]
        await add_workers(session, edge)
        employer_id = await add_employer(session)
        anywhere = await add_job(session, employer_id, point=place, radius_km=None)
        nearby = await add_job(session, employer_id, point=place, radius_km=30)
    async with database.read() as session:
        assert await found(session, anywhere) >= {worker.id for worker in edge}
        assert await found(session, nearby) >= {w.id for w in edge if w.max_km <= 30}


@pytest.mark.parametrize("place", [Point(19.06, 72.83), Point(-16.85, 179.99)], ids=str)
async def test_hardly_anybody_out_of_reach_gets_through(database, place):
    bearings = [math.pi * step / 6 for step in range(12)]
    async with database.begin() as session:
        beyond = [
            NewWorker(point=away(place, km * 1.03, bearing), max_km=km)
            for km in (5, 10, 25)
            for bearing in bearings
        ]
        await add_workers(session, beyond)
        job_id = await add_job(session, await add_employer(session), point=place, radius_km=30)
    async with database.read() as session:
        assert await found(session, job_id) == set()
