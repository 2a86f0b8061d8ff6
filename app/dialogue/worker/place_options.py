"""Places to choose from, as a draft keeps them. Pure."""

from typing import Any, Final

from app.catalogue import places
from app.dialogue.worker.questions import place_area
from app.nlu.home_place import HomeFact

_LARGE_PEOPLE: Final = 300_000
"""In a city of so many people, we suggest to name a quarter, for nearer work."""


def place_options(found: HomeFact) -> list[dict[str, Any]]:
    """Return the places of a fact as a draft keeps them; of several that look the same, the likeliest."""
    options: list[dict[str, Any]] = []
    for option in map(as_option, found.value):
        if not any(place_area(option) == place_area(other) for other in options):
            options.append(option)
    return options


def as_option(place: places.Place) -> dict[str, Any]:
    """Return a place as a draft keeps it."""
    # A PIN code's own city is only its district.
    nearest = None if place.kind == "city" else places.nearest_city(place.latitude, place.longitude)
    return {
        "name": place.name,
        "city": nearest.name if nearest else place.city,
        "state": place.state,
        "at": [place.latitude, place.longitude],
        "large": place.people >= _LARGE_PEOPLE,
    }
