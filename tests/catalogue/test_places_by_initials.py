"""Places that people name by initials: "T Nagar", "k r puram", "CP", "MG Road" of the city that is meant."""

import datetime as dt

import pytest

from app.catalogue import places
from app.nlu import job_request
from app.nlu.common_words import is_common

MONDAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("said", "name", "city"),
    [
        ("T Nagar, Chennai", "T Nagar", "Chennai"),
        ("T.Nagar Chennai", "T Nagar", "Chennai"),
        ("tnagar", "T Nagar", "Chennai"),
        ("J P Nagar", "JP Nagar", "Bengaluru"),
        ("jp nagar", "JP Nagar", "Bengaluru"),
        ("HSR", "HSR Layout", "Bengaluru"),
        ("btm", "BTM Layout", "Bengaluru"),
        ("K.R. Puram", "K R Puram", "Bengaluru"),
        ("mg road gurgaon", "MG Road", "Gurugram"),
        ("MG Road, Kochi", "MG Road", "Kochi"),
        ("cp", "Connaught Place", "Delhi"),
        ("सीपी", "Connaught Place", "Delhi"),
        ("CSMT", "CST", "Mumbai"),
        ("vt", "CST", "Mumbai"),
        ("gk 2", "Greater Kailash", "Delhi"),
        ("lb nagar", "LB Nagar", "Hyderabad"),
        ("pgi lucknow", "PGI", "Lucknow"),
    ],
)
def test_a_place_is_found_by_its_initials(said: str, name: str, city: str) -> None:
    first = places.search(said)[0]
    assert (first.name, first.city, first.sure) == (name, city, True)


@pytest.mark.parametrize(
    ("text", "city", "place"),
    [
        ("waiter T Nagar me kal 6 se 10", "Chennai", "T Nagar"),
        ("need cook at T. Nagar, Chennai", "Mumbai", "T Nagar"),
        ("cook cp me", "Delhi", "Connaught Place"),
        ("2 helpers in BKC tomorrow", "Mumbai", "BKC"),
        ("waiter mg road saturday", "Bengaluru", "MG Road"),
    ],
)
def test_a_job_is_where_its_initials_say(text: str, city: str, place: str) -> None:
    found = job_request.read(text, MONDAY, city=city).place
    assert found is not None
    assert found["name"] == place


def test_initials_of_several_cities_are_asked_about_where_none_of_them_is_near() -> None:
    found = job_request.read("waiter mg road saturday", MONDAY, city="Chennai")
    assert found.place is None
    assert {"Bengaluru", "Pune", "Gurugram"} <= {str(place["city"]) for place in found.places}


def test_no_everyday_word_is_a_place_by_initials() -> None:
    known = [name for name in ("me", "do", "so", "ac", "tv", "pm", "am", "hai") if is_common(name)]
    assert known
    assert not any(map(places.is_initials, known))
    assert job_request.read("cook me do so pm", MONDAY, city="Delhi").place is None


def test_initials_alone_are_no_beginning_of_a_name() -> None:
    # "skp" is a slip of "skip", and not the temple of that name.
    assert all(place.name != "S.K.P.Temple" for place in places.search("skp"))
    assert places.search("s k p temple")[0].name == "S.K.P.Temple"
