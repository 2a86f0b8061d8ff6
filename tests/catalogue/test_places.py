"""Places are found by PIN code, city and locality, in the names people use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import places
from app.core.geo import Point, haversine_km


@pytest.mark.parametrize(
    ("pin", "name", "latitude", "longitude"),
    [
        ("400050", "Bandra", 19.06, 72.83),
        ("110001", "New Delhi", 28.63, 77.22),
        ("560001", "Bengaluru", 12.98, 77.59),
        ("560 001", "Bengaluru", 12.98, 77.59),
        ("४०००५०", "Bandra", 19.06, 72.83),
        ("201301", "Noida", 28.57, 77.32),
    ],
)
def test_a_pin_code_is_a_point_with_a_name(
    pin: str, name: str, latitude: float, longitude: float
) -> None:
    place = places.by_pin(pin)
    assert place is not None
    assert place.name.startswith(name)
    distance = haversine_km(Point(place.latitude, place.longitude), Point(latitude, longitude))
    assert distance < 5


def test_a_pin_code_that_does_not_exist_is_no_place() -> None:
    assert places.by_pin("000000") is None
    assert places.by_pin("") is None


@pytest.mark.parametrize("name", ["Mumbai", "bombay", "मुंबई", "MUMBAI "])
def test_a_city_goes_by_all_its_names(name: str) -> None:
    place = places.by_city(name)
    assert place is not None
    assert (place.name, place.country) == ("Mumbai", "IN")


@pytest.mark.parametrize(
    ("name", "city", "state"),
    [
        ("बेंगलुरु", "Bengaluru", "Karnataka"),
        ("गुड़गाँव", "Gurugram", "Haryana"),
        ("Baroda", "Vadodara", "Gujarat"),
        ("Bijapur", "Vijayapura", "Karnataka"),
        ("Gorakhpur", "Gorakhpur", "Uttar Pradesh"),
        ("Jeypore", "Jeypore", "Odisha"),  # not Jaipur, once spelt so
        ("New Delhi", "New Delhi", "Delhi"),
    ],
)
def test_a_name_means_the_city_that_people_mean_by_it(name: str, city: str, state: str) -> None:
    place = places.by_city(name)
    assert place is not None
    assert (place.name, place.state) == (city, state)


def test_no_name_is_no_city() -> None:
    assert places.by_city("") is None
    assert places.by_city(" - ") is None


def test_of_cities_with_one_name_the_largest_is_meant_unless_the_country_is_said() -> None:
    delhi = places.by_city("Delhi")
    assert delhi is not None
    assert delhi.country == "IN"
    assert places.by_city("Mumbai", country="FR") is None


def test_a_locality_is_found_alone_and_within_its_city() -> None:
    found = places.search("Bandra West, Mumbai")
    assert found[0].name == "Bandra West"
    assert found[0].pin == "400050"
    assert any(p.name == "Andheri East" for p in places.search("andheri east"))


@pytest.mark.parametrize(
    ("text", "name", "pin"),
    [
        ("bandra west mumbai", "Bandra West", "400050"),
        ("Whitefield", "Whitefield", "560066"),
        ("koramangala, Bangalore, Karnataka", "Koramangala", "560034"),
        ("Connaught Place Delhi", "Connaught Place", "110001"),
        ("Noida Sector 62", "Sector 62 Noida", "201309"),
        ("bandra east", "Bandra East", "400051"),
        ("Andheri West, Mumbai", "Andheri West", "400058"),
        ("andheri west", "Andheri West", "400058"),
        ("bandra w", "Bandra West", "400050"),
        ("Koregaon Park", "Koregaon Park", "411001"),
    ],
)
def test_a_locality_is_found_however_its_city_is_said(text: str, name: str, pin: str) -> None:
    found = places.search(text)[0]
    assert (found.name, found.kind, found.pin) == (name, "area", pin)


def test_of_an_unknown_locality_its_city_is_found() -> None:
    assert places.search("Bandra, Pune")[0].name == "Pune"
    assert places.search("Nowhere Colony, Pune")[0].name == "Pune"
    assert places.search("my house near the school") == []


def test_the_beginning_of_a_word_too_short_to_mean_anything_finds_nothing() -> None:
    assert places.search("a") == []


def test_digits_are_a_pin_code() -> None:
    assert [p.name for p in places.search("400050")] == ["Bandra West"]
    assert places.search("12") == []


@given(st.text(max_size=40))
def test_no_text_breaks_the_search(text: str) -> None:
    assert len(places.search(text, limit=5)) <= 5
    places.by_city(text)
    places.by_pin(text)


def test_a_point_belongs_to_the_city_that_attracts_it() -> None:
    bandra = places.nearest_city(19.0596, 72.8295)
    thane = places.nearest_city(19.2183, 72.978)
    # A quarter to which the source gives the people of the whole city attracts no more than a quarter.
    beach = places.nearest_city(17.715, 83.32)
    assert bandra is not None
    assert thane is not None
    assert beach is not None
    assert (bandra.name, thane.name, beach.name) == ("Mumbai", "Thane", "Visakhapatnam")


def test_the_middle_of_the_ocean_is_in_no_city() -> None:
    assert places.nearest_city(0.0, -150.0) is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        (19.06, 72.83, "Asia/Kolkata"),
        (40.71, -74.0, "America/New_York"),
        (51.5, -0.12, "Europe/London"),
        (-18.14, 178.44, "Pacific/Fiji"),
    ],
)
def test_the_time_zone_of_a_point_is_that_of_the_city_nearby(
    latitude: float, longitude: float, zone: str
) -> None:
    assert places.time_zone_at(latitude, longitude) == zone


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_point_has_a_time_zone(latitude: float, longitude: float) -> None:
    assert "/" in places.time_zone_at(latitude, longitude)


def test_a_country_has_a_main_time_zone() -> None:
    assert places.main_time_zone("IN") == "Asia/Kolkata"
    assert places.main_time_zone("ZZ") == "UTC"
