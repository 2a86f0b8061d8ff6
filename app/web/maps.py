"""A map: the place in the middle, rings of distance around it, places nearby by name.

It needs nobody. Where MAP_TILE_URL names tiles of the web (Web Mercator, 256 pixels), they lie beneath.
"""

import math
from typing import Final

from markupsafe import Markup

from app.catalogue import places
from app.core.schema import Location
from app.web.site import words

RINGS_KM: Final = (1, 2, 5, 10, 25, 50)
_MOST_RINGS: Final = 3
_SIZE: Final = 320
REACH_KM: Final = 12.0
"""From the middle to an edge."""
_MOST_NAMES: Final = 8
_SEARCHED_NAMES: Final = 40
_NAME_HEIGHT: Final = 15
_LETTER_WIDTH: Final = 6.2
"""Pixels of the map: names that would lie over each other are left out, the smaller place's first."""
_KM_PER_DEGREE: Final = 111.2
_EQUATOR_KM: Final = 40_075.0
_TILE: Final = 256
"""Pixels of a tile's side."""
_DEEPEST: Final = 18
"""Finer tiles not every provider has."""


def draw_map(
    middle: Location, language: str, tiles: str = "", *, reach_km: float = REACH_KM
) -> Markup:
    """Return the map as SVG, with its words for who can't see it; `tiles` is the address of the tiles, if any."""
    half = _SIZE / 2
    scale = half / reach_km
    rings = [km for km in RINGS_KM if km < reach_km][-_MOST_RINGS:]
    parts = _tiles(middle, scale, tiles) if tiles else []
    parts += [
        Markup('<circle class="ring" cx="{}" cy="{}" r="{}"/>').format(
            half, half, round(km * scale)
        )
        for km in rings
    ]
    parts += [
        Markup('<text x="{}" y="{}">{} km</text>').format(
            round(half + 3), round(half - km * scale + 12), km
        )
        for km in rings
    ]
    parts += [
        Markup('<text class="name" x="{}" y="{}">{}</text>').format(x, y, name)
        for name, x, y in _names(middle, scale, reach_km)
    ]
    parts.append(Markup('<circle class="job" cx="{}" cy="{}" r="6"/>').format(half, half))
    said = words(language, "map.label", rings=", ".join(map(str, rings)))
    return Markup(
        '<svg class="map" viewBox="0 0 {s} {s}" role="img" aria-label="{said}" data-latitude="{latitude}" '
        'data-longitude="{longitude}" data-reach="{reach}">{parts}</svg>'
    ).format(
        s=_SIZE,
        said=said,
        parts=Markup().join(parts),
        latitude=middle.latitude,
        longitude=middle.longitude,
        reach=reach_km,
    )


def _tiles(middle: Location, scale: float, address: str) -> list[Markup]:
    """Return the tiles that cover the map, each as large as the map's scale makes it."""
    # Both poles lie outside Web Mercator.
    latitude = max(-85.0, min(85.0, middle.latitude))
    across = _EQUATOR_KM * math.cos(math.radians(latitude)) * scale / _TILE
    zoom = max(0, min(_DEEPEST, round(math.log2(across))))
    count = 2**zoom
    column = (middle.longitude + 180) / 360 * count
    turned = math.asinh(math.tan(math.radians(latitude)))
    row = (1 - turned / math.pi) / 2 * count
    side = across * _TILE / count
    reach = math.ceil(_SIZE / 2 / side)
    return [
        Markup('<image href="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
            address.replace("{z}", str(zoom)).replace("{x}", str(x % count)).replace("{y}", str(y)),
            round(_SIZE / 2 + (x - column) * side, 1),
            round(_SIZE / 2 + (y - row) * side, 1),
            # A little more than its share, so that no line shows between two.
            round(side + 0.5, 1),
            round(side + 0.5, 1),
        )
        for y in range(max(0, int(row) - reach), min(count, int(row) + reach + 1))
        for x in range(int(column) - reach, int(column) + reach + 1)
        if abs((x + 0.5 - column) * side) < (_SIZE + side) / 2
        if abs((y + 0.5 - row) * side) < (_SIZE + side) / 2
    ]


def _at(middle: Location, latitude: float, longitude: float, scale: float) -> tuple[float, float]:
    east = (longitude - middle.longitude) * math.cos(math.radians(middle.latitude))
    north = latitude - middle.latitude
    half = _SIZE / 2
    return (
        round(half + east * _KM_PER_DEGREE * scale, 1),
        round(half - north * _KM_PER_DEGREE * scale, 1),
    )


def _names(middle: Location, scale: float, reach_km: float) -> list[tuple[str, float, float]]:
    """Return names of places on the map with where each stands, none over another or over the rings' numbers."""
    kept: list[tuple[str, float, float]] = []
    taken: list[tuple[float, float, float]] = [(_SIZE / 2, _SIZE / 2, 30.0)]
    # The corners are further away than the edges.
    around = (middle.latitude, middle.longitude, reach_km * math.sqrt(2), _SEARCHED_NAMES)
    for place in (*places.cities_around(*around), *places.localities_around(*around)):
        x, y = _at(middle, place.latitude, place.longitude, scale)
        wide = len(place.name) * _LETTER_WIDTH
        inside = bool(place.name) and 0 < x < _SIZE - wide and _NAME_HEIGHT < y < _SIZE - 4
        if inside and not any(
            x < x_taken + wide_taken and x_taken < x + wide and abs(y - y_taken) < _NAME_HEIGHT
            for x_taken, y_taken, wide_taken in taken
        ):
            kept.append((place.name, x, y))
            taken.append((x, y, wide))
        if len(kept) == _MOST_NAMES:
            break
    return kept
