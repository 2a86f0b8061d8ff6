"""Places are called in a language as people call them there, and stay as on the map where nobody knows."""

import tomllib
from importlib.resources import files

import pytest

from app.catalogue import phonetic_search, places
from app.catalogue.place_names import place_in
from app.core.languages import languages

NAMES = tomllib.loads(
    files("app.catalogue").joinpath("data/place_names.toml").read_text(encoding="utf-8")
)
MANY = 500_000


@pytest.mark.parametrize(
    ("name", "hindi"),
    [
        ("Mumbai", "मुंबई"),
        ("Andheri West, Mumbai", "अंधेरी वेस्ट, मुंबई"),
        ("Mumbai, Maharashtra", "मुंबई, महाराष्ट्र"),
        ("Shivaji Nagar", "शिवाजी नगर"),
        ("Noida Sector 62", "नोएडा सेक्टर 62"),
        ("mumbai", "मुंबई"),
        ("DM Colony", "DM Colony"),
        ("DM Colony, Mumbai", "DM Colony, मुंबई"),
        ("400050", "400050"),
        ("", ""),
        ("19.06, 72.83", "19.06, 72.83"),
    ],
)
def test_a_place_is_called_in_hindi_as_people_call_it(name: str, hindi: str) -> None:
    assert place_in(name, "hi") == hindi
    assert place_in(name, "en") == name
    assert place_in(name, "xx") == name


def test_every_large_city_and_every_state_has_a_hindi_name() -> None:
    cities = [city for city in places._load().cities if city.country == places.HOME]
    large = [city for city in cities if city.people >= MANY]
    assert len(large) > 70
    unnamed = {city.name for city in large if place_in(city.name, "hi").isascii()}
    assert unnamed <= {"Bhatpara", "Maheshtala", "Ramgundam", "Rajpur Sonarpur"}
    states = {city.state for city in cities if city.state}
    assert [state for state in states if place_in(state, "hi").isascii()] == []


def test_each_hindi_name_of_a_place_is_understood_when_it_is_written() -> None:
    """Whoever types the name that we say finds the same place."""
    for latin in ("Mumbai", "Pune", "Delhi", "Andheri", "Bandra", "Juhu", "Kothrud", "Thane"):
        found = phonetic_search.search(place_in(latin, "hi"))
        assert latin in {place.name for place in found}, latin


def test_names_are_of_languages_we_speak_and_fit_into_a_row() -> None:
    assert set(NAMES) <= set(languages())
    for lists in NAMES.values():
        for part in lists.values():
            for latin, said in part.items():
                assert (latin.strip(), said.strip()) == (latin, said)
                assert not said.isascii()
                assert "," not in latin + said
