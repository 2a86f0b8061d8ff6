"""In which time zone a company is: by its place on the map, else by its city, else the one of most people at home."""

from app.catalogue import places
from app.employers.tax_place import place_of


def time_zone_of(city: str | None, at: tuple[float, float] | None) -> str:
    """Return the IANA name; `at` is latitude and longitude, in degrees."""
    if at is not None:
        return places.time_zone_at(*at)
    place = place_of(city)
    return place.time_zone if place is not None else places.main_time_zone(places.HOME)
