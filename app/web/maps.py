"""A map without tiles: the place in the middle, rings of distance around it, the nearest city by name."""

import math
from typing import Final

from markupsafe import Markup

from app.catalogue import places
from app.core.schema import Location
from app.web.site import words

RINGS_KM: Final = (2, 5, 10)
_SIZE: Final = 320
_KM: Final = 12.0
"""From the middle to an edge."""
_KM_PER_DEGREE: Final = 111.2


def draw_map(middle: Location, language: str) -> Markup:
    """Return the map as SVG, with its words for who can't see it."""
    half = _SIZE / 2
    scale = half / _KM
    parts = [
        Markup('<circle class="ring" cx="{}" cy="{}" r="{}"/>').format(
            half, half, round(km * scale)
        )
        for km in RINGS_KM
    ]
    parts += [
        Markup('<text x="{}" y="{}">{} km</text>').format(
            round(half + 3), round(half - km * scale + 12), km
        )
        for km in RINGS_KM
    ]
    for name, latitude, longitude in _city_near(middle):
        x, y = _at(middle, latitude, longitude, scale)
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(x, y, name))
    parts.append(Markup('<circle class="job" cx="{}" cy="{}" r="6"/>').format(half, half))
    said = words(language, "map.label")
    return Markup(
        '<svg class="map" viewBox="0 0 {s} {s}" role="img" aria-label="{said}">{parts}</svg>'
    ).format(s=_SIZE, said=said, parts=Markup().join(parts))


def _at(middle: Location, latitude: float, longitude: float, scale: float) -> tuple[float, float]:
    east = (longitude - middle.longitude) * math.cos(math.radians(middle.latitude))
    north = latitude - middle.latitude
    half = _SIZE / 2
    return (
        round(half + east * _KM_PER_DEGREE * scale, 1),
        round(half - north * _KM_PER_DEGREE * scale, 1),
    )


def _city_near(middle: Location) -> list[tuple[str, float, float]]:
    """Return the nearest city with its latitude and longitude, nothing where it is off the map."""
    city = places.nearest_city(middle.latitude, middle.longitude)
    if city is None:
        return []
    far = math.dist(
        (city.latitude, city.longitude * math.cos(math.radians(middle.latitude))),
        (middle.latitude, middle.longitude * math.cos(math.radians(middle.latitude))),
    )
    within = far * _KM_PER_DEGREE < _KM * 0.9
    return [(city.name, city.latitude, city.longitude)] if within else []
