"""Moves location pins in a webhook to the grid (`core.geo.on_grid`) before it is stored.

A pin is accurate to a metre and mostly of a person's home. An exact pin that is never stored is in no backup and
in no webhook that could not be read.
"""

import json
from typing import Any, Final

from app.core.geo import Point, on_grid

_MARK: Final = b"latitude"
_ESCAPE: Final = b"\\u"


def without_exact_pins(body: bytes) -> bytes:
    """Return the webhook with every pin on the grid, without name and address of the place.

    A body without a pin, or that is not JSON, stays as it is. The result is deterministic, so a redelivered
    webhook has the same hash.
    """
    if _MARK not in body and _ESCAPE not in body:
        return body
    found = False

    def coarse(item: dict[str, Any]) -> dict[str, Any]:
        nonlocal found
        if "latitude" not in item or "longitude" not in item:
            return item
        found = True
        try:
            place = on_grid(Point(float(item["latitude"]), float(item["longitude"])))
        except (TypeError, ValueError, OverflowError):
            return {"latitude": None, "longitude": None}
        return {"latitude": place.latitude, "longitude": place.longitude}

    try:
        event = json.loads(body, object_hook=coarse)
        return json.dumps(event, separators=(",", ":")).encode() if found else body
    except (ValueError, RecursionError):
        return body
