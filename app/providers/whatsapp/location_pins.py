"""Location pins in a webhook: moved to the grid before anything of the webhook is stored.

A pin is accurate to a metre, and mostly of somebody's home. Nothing needs it so exactly
(`core.geo.on_grid`), and what is not stored can't be found in a backup, nor in a webhook that waits for an
administrator because it could not be read.
"""

import json
from typing import Any, Final

from app.core.geo import Point, on_grid

_MARK: Final = b"latitude"
_ESCAPE: Final = b"\\u"


def without_exact_pins(body: bytes) -> bytes:
    """Return the webhook with every pin on the grid and without the place's name and address.

    A body without a pin, or that is no JSON, comes back as it is. The same body gives the same bytes, so
    that a redelivered webhook is still known by its hash.
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
