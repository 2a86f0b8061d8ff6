"""What must hold at any moment, said once by each domain; `app.invariants` looks whether it does."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence about rows, and the two queries that count: those it is about, and those that break it."""

    says: str
    about: Select[Any]
    broken: Select[Any]


def always(
    says: str, of: Any, broken: ColumnElement[bool], *which: ColumnElement[bool]
) -> Invariant:
    """Say something of the rows of table `of` (those of `which`); `broken` is true of none of them."""
    rows = select(func.count()).select_from(of).where(*which)
    return Invariant(says, rows, rows.where(broken))
