"""Look a stored time zone up; pure, without the validation that `app.core.zones` has for what is sent."""

import zoneinfo
from functools import lru_cache
from typing import Final

LONGEST: Final = 64
"""Characters of a name; the longest that there is has 32."""


@lru_cache(maxsize=1_024)
def find_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """Return the zone of that name; None for an unknown one: a stored name may outlive its zone."""
    if len(name) > LONGEST:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, no such name, a folder
        return None
