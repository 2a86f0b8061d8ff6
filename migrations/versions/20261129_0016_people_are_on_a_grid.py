"""people are on a grid

Revision: 0016
Follows: 0015

Every kept place of a worker moves to the grid of 0.005 degrees, the match index with it. Distances of offers
that were measured from the exact place are rounded to half a kilometre: many of one worker's would find it.
Going back can't bring the exact places back, and needs not: the older version takes any place.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

# Not written out again: the index has to hold the cells that the code asks for.
from app.core.geo import Point, key_for_worker, on_grid

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_BATCH = 1_000

_WORKERS = sa.table(
    "workers",
    sa.column("id", sa.Uuid()),
    sa.column("latitude", sa.Float()),
    sa.column("longitude", sa.Float()),
)
_INDEX = sa.table(
    "worker_match",
    sa.column("worker_id", sa.Uuid()),
    sa.column("geo_key", sa.BigInteger()),
    sa.column("latitude", sa.Float()),
    sa.column("longitude", sa.Float()),
    sa.column("max_km", sa.Float()),
)
_MATCHES = sa.table(
    "job_matches",
    sa.column("id", sa.Uuid()),
    sa.column("distance_km", sa.Float()),
    sa.column("why", _JSON),
)
_PEOPLE = sa.table("chat_people", sa.column("id", sa.Uuid()), sa.column("state", _JSON))


def upgrade() -> None:
    """Make the change."""
    for row in _rows(_WORKERS, _WORKERS.c.id, _WORKERS.c.latitude.is_not(None)):
        place = on_grid(Point(row.latitude, row.longitude))
        _update(_WORKERS, row.id, latitude=place.latitude, longitude=place.longitude)
    for row in _rows(_INDEX, _INDEX.c.worker_id):
        place = on_grid(Point(row.latitude, row.longitude))
        _update(
            _INDEX,
            row.worker_id,
            geo_key=key_for_worker(place, row.max_km),
            latitude=place.latitude,
            longitude=place.longitude,
        )
    for row in _rows(_MATCHES, _MATCHES.c.id):
        why = [_coarse(reason) for reason in row.why or []]
        _update(_MATCHES, row.id, distance_km=_half(row.distance_km), why=why)
    for row in _rows(_PEOPLE, _PEOPLE.c.id, _PEOPLE.c.state.is_not(None)):
        state = row.state
        at = (state.get("draft") or {}).get("at") if state.get("ask") == "new_place" else None
        if at:
            place = on_grid(Point(*at))
            draft = {**state["draft"], "at": [place.latitude, place.longitude]}
            _update(_PEOPLE, row.id, state={**state, "draft": draft})


def downgrade() -> None:
    """Take the change back: nothing, for the exact places are gone."""


def _rows(
    table: sa.TableClause, key: sa.ColumnElement[Any], *which: sa.ColumnElement[bool]
) -> Iterator[Any]:
    """All rows, read in steps: a table may be larger than the memory."""
    connection = op.get_bind()
    step = sa.select(table).where(*which).order_by(key).limit(_BATCH)
    rows = connection.execute(step).all()
    while rows:
        yield from rows
        rows = connection.execute(step.where(key > rows[-1][0])).all()


def _update(table: sa.TableClause, key: Any, **values: Any) -> None:
    first = next(iter(table.c))
    op.get_bind().execute(sa.update(table).where(first == key).values(values))


def _coarse(reason: dict[str, Any]) -> dict[str, Any]:
    return {**reason, "km": _half(reason["km"])} if "km" in reason else reason


def _half(km: float) -> float:
    return round(2 * km) / 2
