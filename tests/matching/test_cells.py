import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.geo import (
    KM_PER_DEGREE,
    MAX_TRAVEL_KM,
    TIERS,
    Point,
    geo_key,
    haversine_km,
    key_for_worker,
    keys_around,
    tier_of,
)

# Anywhere, and often where the arithmetic is hardest: the poles, the antimeridian, edges of cells.
latitudes = st.one_of(
    st.floats(-90, 90), st.sampled_from([90.0, -90.0, 89.99, -89.97, 0.0, 0.05, 19.05])
)
longitudes = st.one_of(
    st.floats(-180, 180), st.sampled_from([180.0, -180.0, 179.99, -179.98, 0.0, 72.85])
)
points = st.builds(Point, latitudes, longitudes)
travels = st.one_of(
    st.floats(0, MAX_TRAVEL_KM),
    st.sampled_from([float(tier.max_km) for tier in TIERS]),
)
radii = st.one_of(st.none(), st.floats(0.1, 500))


def away(start: Point, km: float, bearing: float) -> Point:
    """The place so far from the start in that direction, by the spherical direct formula."""
    lat, lon = math.radians(start.latitude), math.radians(start.longitude)
    angle = km / (KM_PER_DEGREE * 180 / math.pi)
    sine = math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(bearing)
    there = math.asin(max(-1.0, min(1.0, sine)))
    east = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(lat),
        math.cos(angle) - math.sin(lat) * math.sin(there),
    )
    longitude = (math.degrees(lon + east) + 540) % 360 - 180
    return Point(math.degrees(there), max(-180.0, min(180.0, longitude)))


@given(
    job=points,
    travel=travels,
    radius=radii,
    share=st.floats(0, 1),
    bearing=st.floats(0, 2 * math.pi),
)
@example(job=Point(0, 179.999), travel=5.0, radius=None, share=1.0, bearing=math.pi / 2)
@example(job=Point(89.99, 0), travel=500.0, radius=None, share=1.0, bearing=0.0)
@example(job=Point(-90, 0), travel=3.0, radius=1.0, share=1.0, bearing=1.0)
@example(job=Point(64.1, -21.9), travel=200.0, radius=None, share=1.0, bearing=math.pi / 2)
def test_nobody_who_would_come_is_missed(job, travel, radius, share, bearing):
    limit = travel if radius is None else min(travel, radius)
    worker = away(job, limit * share, bearing)
    if haversine_km(worker, job) <= limit:
        assert key_for_worker(worker, travel) in keys_around(job, radius)


@given(job=points, worker=points, travel=travels, radius=radii)
def test_far_apart_or_not_the_cells_agree_with_the_distance(job, worker, travel, radius):
    limit = travel if radius is None else min(travel, radius)
    if haversine_km(worker, job) <= limit:
        assert key_for_worker(worker, travel) in keys_around(job, radius)


@given(job=points, radius=radii)
def test_a_search_stays_small_everywhere(job, radius):
    keys = keys_around(job, radius)
    assert keys == sorted(set(keys))
    assert 0 < len(keys) <= 60 * len(TIERS)
    assert all(0 <= key < 2**63 for key in keys)


def test_in_a_metro_a_short_radius_asks_for_few_cells():
    assert len(keys_around(Point(19.06, 72.84), 3)) <= 5 * len(TIERS)


def test_people_across_the_antimeridian_are_neighbours():
    taveuni, across = Point(-16.85, 179.99), Point(-16.85, -179.99)
    assert key_for_worker(across, 5) in keys_around(taveuni, 5)


def test_the_two_names_of_the_antimeridian_are_one_place():
    assert key_for_worker(Point(10, 180), 25) == key_for_worker(Point(10, -180), 25)


@given(worker=points, travel=travels)
def test_a_key_tells_tier_row_and_column(worker, travel):
    key = key_for_worker(worker, travel)
    tier, row, col = key >> 48, key >> 24 & 0xFFFFFF, key & 0xFFFFFF
    assert key == geo_key(tier, row, col)
    assert tier == tier_of(travel)
    height = 1 / TIERS[tier].cells_per_degree
    assert row * height - 1e-9 <= worker.latitude + 90 <= (row + 1) * height + 1e-9


def test_a_worker_is_filed_by_their_own_travel():
    here = Point(19.06, 72.84)
    kms = (0, 5, 5.1, 10, 25, 26, 100, 200, 201, 500)
    assert [tier_of(km) for km in kms] == [7, 7, 8, 8, 9, 10, 4, 5, 6, 6]
    assert key_for_worker(here, 5) != key_for_worker(here, 6)


@pytest.mark.parametrize("km", [-1, 500.5, math.inf, math.nan])
def test_travel_out_of_range_is_refused(km):
    with pytest.raises(ValueError, match="travel must lie"):
        key_for_worker(Point(0, 0), km)
