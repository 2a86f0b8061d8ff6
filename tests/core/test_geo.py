import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.geo import EARTH_RADIUS_KM, Point, haversine_km

latitudes = st.floats(-90, 90, allow_nan=False)
longitudes = st.floats(-180, 180, allow_nan=False)
points = st.builds(Point, latitudes, longitudes)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (90.0001, 0),
        (-91, 0),
        (0, 180.5),
        (0, -181),
        (math.nan, 0),
        (0, math.nan),
        (math.inf, 0),
        (0, -math.inf),
    ],
)
def test_a_place_off_the_map_is_refused(latitude, longitude):
    with pytest.raises(ValueError, match="must lie between"):
        Point(latitude, longitude)


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        # One degree of a great circle is pi / 180 of the radius.
        (Point(0, 0), Point(0, 1), 111.195),
        (Point(0, 179.5), Point(0, -179.5), 111.195),
        (Point(90, 0), Point(-90, 0), math.pi * EARTH_RADIUS_KM),
        (Point(90, 12), Point(90, -100), 0),
        # Nashville to Los Angeles, the usual worked example, here with the mean radius.
        (Point(36.12, -86.67), Point(33.94, -118.40), 2886.45),
    ],
)
def test_known_distances(a, b, km):
    assert haversine_km(a, b) == pytest.approx(km, abs=0.01)


@given(points, points)
def test_distance_is_the_same_both_ways_and_at_most_half_way_round(a, b):
    there = haversine_km(a, b)
    assert there == pytest.approx(haversine_km(b, a), abs=1e-6)
    assert 0 <= there <= math.pi * EARTH_RADIUS_KM + 1e-6


@given(points)
def test_a_place_is_no_distance_from_itself(a):
    assert haversine_km(a, a) == 0


@given(points, points, points)
def test_a_detour_is_never_shorter(a, b, c):
    assert haversine_km(a, c) <= haversine_km(a, b) + haversine_km(b, c) + 1e-6
