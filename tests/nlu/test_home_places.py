"""Where a worker lives: saved only on certainty, else proposed, and never an everyday word."""

import pytest

from app.nlu.fact import Confidence
from app.nlu.home_place import find_home


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("400050", "Bandra West"),
        ("Mumbai", "Mumbai"),
        ("andheri mumbai", "Andheri"),
        ("Viman Nagar in Pune", "Viman nagar"),
        ("I am from Bihar but I live in Noida", "Noida"),
        ("अंधेरी ईस्ट मुंबई", "Andheri East"),
        ("मेरा घर जयपुर में है", "Jaipur"),
        ("इंदौर", "Indore"),
        ("no, Dadar Mumbai", "Dadar"),
    ],
)
def test_a_place_that_is_said_whole_is_certain(text: str, name: str) -> None:
    found = find_home(text)
    assert found is not None
    assert found.confidence is Confidence.CERTAIN
    assert [place.name for place in found.value] == [name]


@pytest.mark.parametrize("text", ["Rampur", "Salem", "Sagar", "Andheri", "T Nagar", "kormangla"])
def test_namesakes_and_what_only_sounds_so_are_proposals(text: str) -> None:
    found = find_home(text)
    assert found is None or found.confidence < Confidence.CERTAIN or found.value[0].people > 500_000


@pytest.mark.parametrize(
    "text", ["baad mein", "metro ke paas", "later", "city", "ruko", "kya?", "घर", "गाँव", "market"]
)
def test_an_everyday_word_is_no_place(text: str) -> None:
    assert find_home(text) is None


def test_of_namesakes_the_one_in_the_own_city_goes_first() -> None:
    found = find_home("Gandhi Nagar", "Jaipur")
    assert found is not None
    assert found.value[0].state == "Rajasthan"


@pytest.mark.parametrize(
    ("text", "name"),
    [("hyd", "Hyderabad"), ("blr", "Bengaluru"), ("main gurgao me rehta hu", "Gurugram")],
)
def test_a_city_in_short_is_that_city(text: str, name: str) -> None:
    found = find_home(text)
    assert found is not None
    assert (found.certain, found.value[0].name) == (True, name)


def test_quarters_of_one_name_far_apart_are_proposed() -> None:
    found = find_home("Garia, Kolkata")
    assert found is not None
    assert not found.certain


@pytest.mark.parametrize("text", ["upar hai", "Krishna river", "Dr. Sharma's clinic"])
def test_a_word_a_river_and_somebodys_clinic_are_no_certain_home(text: str) -> None:
    found = find_home(text)
    assert found is None or not found.certain
