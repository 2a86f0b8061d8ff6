"""Time zones, by their IANA names."""

import zoneinfo
from functools import cache
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

from app.core.find_zone import LONGEST

_NOT_PLACES: Final = frozenset({"Factory", "localtime", "posixrules"})
"""Names of the database that are no place and no offset."""


@cache
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NOT_PLACES


def _known(value: str) -> str:
    if value not in _names():
        raise ValueError("must be an IANA time zone, such as Asia/Kolkata")
    return value


TimeZone = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=LONGEST), AfterValidator(_known)
]
"""The IANA name of an existing time zone."""
