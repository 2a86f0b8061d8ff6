"""The map on which the place of a job is picked: drawn anew around what is typed, or what was picked."""

from typing import Final

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from app.api.http.dependencies import Rt
from app.catalogue import phonetic_search, places
from app.core.schema import Location
from app.web.job_form import PlaceChoice, finite
from app.web.maps import draw_map
from app.web.routes import PageRoute
from app.web.site import fragment
from app.web.visitors import Guest, Poster

router = APIRouter(prefix="/jobs", route_class=PageRoute, include_in_schema=False)

REACHES_KM: Final = (1.5, 3.0, 6.0, 12.0, 30.0)
"""Scales of the map, from its middle to an edge."""
_USUAL_REACH: Final = 1
_MOST_CHOICES: Final = 6
_MOST_CHARACTERS: Final = 100


@router.get("/place")
async def show_place(
    request: Request,
    visitor: Guest,
    _actor: Poster,
    rt: Rt,
    q: str = "",
    latitude: str = "",
    longitude: str = "",
    zoom: str = "",
) -> Response:
    """Return the map around two numbers, else around the place that `q` names, with others that may be meant."""
    found = [] if not q else phonetic_search.search(q[:_MOST_CHARACTERS], limit=_MOST_CHOICES)
    at = _point(latitude, longitude)
    if at is None and found:
        at = Location(latitude=found[0].latitude, longitude=found[0].longitude)
    step = int(zoom) if zoom.isdecimal() and len(zoom) == 1 else _USUAL_REACH
    step = min(step, len(REACHES_KM) - 1)
    drawn = Markup()
    if at is not None:
        tiles = rt.settings.map_tile_url
        drawn = draw_map(at, visitor.language, tiles, reach_km=REACHES_KM[step])
    html = fragment(
        request,
        visitor,
        "parts/place_map.html",
        drawn=drawn,
        zoom=step,
        furthest=len(REACHES_KM) - 1,
        choices=[PlaceChoice.of(place) for place in found] if len(found) > 1 else [],
        near=places.nearest_city(at.latitude, at.longitude) if at is not None else None,
    )
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


def _point(latitude: str, longitude: str) -> Location | None:
    """Return the point of two numbers as they were typed, None where they are none of this world."""
    try:
        return Location(latitude=finite(latitude), longitude=finite(longitude))
    except ValueError:  # pydantic's is one, too
        return None
