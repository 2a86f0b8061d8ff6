"""Time zones, by their IANA names."""

import zoneinfo
from functools import cache, lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

_NOT_PLACES: Final = frozenset({"Factory", "localtime", "posixrules"})
"""Names of the database that are no place and no offset."""
_LONGEST: Final = 64
"""Characters of a name; the longest that there is has 32."""


@cache
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NOT_PLACES


def _known(value: str) -> str:
    if value not in _names():
        raise ValueError("must be an IANA time zone, such as Asia/Kolkata")
    return value


TimeZone = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=_LONGEST), AfterValidator(_known)
]
"""The IANA name of an existing time zone."""


@lru_cache(maxsize=1_024)
def find_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """Return the zone of that name; None where there is none any more: a stored name may outlive it."""
    if len(name) > _LONGEST:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, no such name, a folder
        return None
