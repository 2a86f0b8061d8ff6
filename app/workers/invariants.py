"""Invariants of workers."""

from typing import Final

from sqlalchemy import ColumnElement, func, or_

from app.core.geo import GRID_DEGREES
from app.core.invariants import always
from app.database.statements import table
from app.workers.models import Worker

_W: Final = table(Worker).c
_ROUNDING: Final = 1e-6


def _off_grid(degrees: ColumnElement[float | None]) -> ColumnElement[bool]:
    lines = degrees / GRID_DEGREES
    return func.abs(lines - func.round(lines)) > _ROUNDING


INVARIANTS: Final = (
    always(
        "no worker's place is kept more exactly than the grid",
        Worker,
        or_(_off_grid(_W.latitude), _off_grid(_W.longitude)),
        Worker.latitude.is_not(None),
    ),
)
