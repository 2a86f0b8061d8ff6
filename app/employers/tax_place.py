"""Where a company is for the tax office, as far as its profile tells."""

from app.catalogue import places
from app.catalogue.places import Place


def place_of(city: str | None) -> Place | None:
    """Return the place that a company's city names: of one name, a city that all know before one at home.

    Profiles hold a city as it was written: None where the catalogue knows no such place.
    """
    place = places.city_named(city) if city else None
    if city is None or place is None or place.people >= places.KNOWN_TO_ALL_PEOPLE:
        return place
    return places.by_city(city, places.HOME) or place if place.country != places.HOME else place
