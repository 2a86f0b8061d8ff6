"""Lists of employers in the address: which rows, in which order, and the way to the next page."""

import unicodedata
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request

MOST_CHARACTERS: Final = 100
"""Of what is searched for; the rest is left out."""


class Listing:
    """What the address of a list asks for; what it cannot mean is as if it were not there."""

    def __init__(self, request: Request, orders: type[StrEnum] | None = None) -> None:
        self.path = request.url.path
        self._asked = request.query_params
        text = unicodedata.normalize("NFC", self._asked.get("q", "").replace("\0", ""))
        self.q = text.strip()[:MOST_CHARACTERS]
        self.orders = list(orders) if orders is not None else []
        self.order = self.chosen("sort", orders) if orders is not None else None

    @property
    def text(self) -> str | None:
        """Return what is searched for, None for nothing."""
        return self.q or None

    def chosen[Choice: StrEnum](self, name: str, choices: type[Choice]) -> Choice | None:
        """Return the choice that the address names, None for none of them."""
        given = self._asked.get(name, "")
        return choices(given) if given in set(choices) else None

    def address(self, **changes: Any) -> str:
        """Return the address of this list with other values; an empty one is left out."""
        kept = {
            name: self._asked[name]
            for name in ("status", "kind", "q", "sort")
            if name in self._asked
        }
        values = {name: str(value) for name, value in (kept | changes).items() if value}
        return f"{self.path}?{urlencode(values)}" if values else self.path
