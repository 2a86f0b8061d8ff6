"""Supply and demand of a city by cells of about a kilometre: an SVG without tiles, never a point for a person."""

import math
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup

from app.api.admin.market import MapCell, MarketMap
from app.reporting.market import CELL_DEGREES

_SIZE: Final = 480
_AROUND_DEGREES: Final = 0.12
_MOST_SUPPLY: Final = 220
_MOST_DEMAND: Final = 60
"""Cells that are drawn, the fullest first, so that the picture stays under 8 KB."""
_STEPS: Final = (5, 15, 40)
"""From so many workers on a cell is drawn darker."""


def draw_market(found: MarketMap, label: str) -> Markup:
    """Return the map as SVG; `label` is its words for who can't see it. The table beneath has the numbers."""
    scale = _SIZE / (2 * _AROUND_DEGREES)
    shrink = math.cos(math.radians(found.latitude))
    side = CELL_DEGREES * scale

    def at(cell: MapCell) -> tuple[float, float]:
        east = (cell.longitude - found.longitude) * shrink * scale + _SIZE / 2
        north = _SIZE / 2 - (cell.latitude - found.latitude) * scale
        return east, north - side

    people = [cell for cell in found.cells if cell.workers is not None][:_MOST_SUPPLY]
    parts = Markup()
    for number, least in enumerate(_STEPS):
        most = _STEPS[number + 1] if number + 1 < len(_STEPS) else math.inf
        inside = [cell for cell in people if least <= (cell.workers or 0) < most]
        parts += _path(f"supply s{number}", (_square(*at(cell), side, shrink) for cell in inside))
    wanted = sorted(
        (cell for cell in found.cells if cell.open_positions), key=lambda cell: -cell.open_positions
    )
    parts += _path("demand", (_ring(*at(cell), side, shrink) for cell in wanted[:_MOST_DEMAND]))
    parts += Markup('<text x="{x}" y="{x}" text-anchor="middle">{city}</text>').format(
        x=_SIZE // 2, city=found.city
    )
    return Markup(
        '<svg class="map market" viewBox="0 0 {s} {s}" role="img" aria-label="{label}">{parts}</svg>'
    ).format(s=_SIZE, label=label, parts=parts)


def _path(name: str, shapes: Iterable[str]) -> Markup:
    drawn = "".join(shapes)
    return Markup('<path class="{}" d="{}"/>').format(name, drawn) if drawn else Markup()


def _square(x: float, y: float, side: float, shrink: float) -> str:
    wide, high = round(side * shrink - 1), round(side - 1)
    return f"M{round(x)} {round(y)}h{wide}v{high}h-{wide}z"


def _ring(x: float, y: float, side: float, shrink: float) -> str:
    middle_x, middle_y = round(x + side * shrink / 2), round(y + side / 2)
    return f"M{middle_x - 4} {middle_y}a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"
