"""Invariants of the data; each domain declares its own, and `app.invariants` checks them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence about rows; `about` counts the rows, `broken` those that break it."""

    says: str
    about: Select[Any]
    broken: Select[Any]


def always(
    says: str, of: Any, broken: ColumnElement[bool], *which: ColumnElement[bool]
) -> Invariant:
    """Return the invariant that `broken` is true of no row of `of` which meets `which`."""
    rows = select(func.count()).select_from(of).where(*which)
    return Invariant(says, rows, rows.where(broken))
