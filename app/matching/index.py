"""Maintain `worker_match`: one narrow row for each worker with a location.

A row is written only when its values change, so that index-only scans stay index-only.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import time
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Executable,
    Row,
    Uuid,
    bindparam,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import NullType, TypeEngine

from app.catalogue.skills import masks
from app.core.geo import Point, key_for_worker
from app.core.week import Slot, bits
from app.database.session import Database
from app.database.statements import insert_of, is_postgresql, table
from app.identity.models import User, UserStatus
from app.matching.models import WorkerMatch
from app.workers.models import Worker, WorkerAvailability

_BATCH: Final = 500
"""Workers a round: each takes 18 bound parameters, and SQLite takes 32,766 in one statement."""

_REBUILT_AT_ONCE: Final = 1_000
"""Workers a transaction of a rebuild, a tenth of a second: nobody waits longer for one of them."""

_COLUMNS: Final = tuple(column.key for column in WorkerMatch.__table__.columns)

type _Values = tuple[Any, ...]
"""A row of the table, in the order of `_COLUMNS`."""

# Put together once: every change of a profile asks them, and building them takes as long as the answer.
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_W, _U, _M, _A = (table(model) for model in (Worker, User, WorkerMatch, WorkerAvailability))
_LOCKED: Final = (
    select(_W.c.id).where(_W.c.id.in_(_IDS)).order_by(_W.c.id).with_for_update(key_share=True)
)
_PRESENT: Final = "present_"
_PEOPLE: Final = (
    select(
        _W.c.id,
        _W.c.latitude,
        _W.c.longitude,
        _W.c.max_distance_km,
        _W.c.skills,
        _W.c.experience_years,
        _W.c.time_zone,
        _W.c.stopped_at,
        _U.c.status,
        *(column.label(f"{_PRESENT}{column.key}") for column in _M.c),
    )
    .join(_U, _U.c.id == _W.c.id)
    .outerjoin(_M, _M.c.worker_id == _W.c.id)
    .where(_W.c.id.in_(_IDS))
)
_SLOTS: Final = select(_A.c.worker_id, _A.c.weekday, _A.c.starts, _A.c.ends).where(
    _A.c.worker_id.in_(_IDS)
)


async def reindex_workers(session: AsyncSession, ids: Collection[UUID]) -> int:
    """Make the rows of these workers true again; returns how many had to be written or removed.

    Runs in the transaction that changed them. The workers' own rows are locked first, so that of two
    changes at once the later one sees the earlier one's slots and cannot overwrite it with old ones.
    """
    written = 0
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        written += await _reindex(session, ordered[start : start + _BATCH])
    return written


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """How far a rebuild is."""

    checked: int
    corrected: int
    """Rows that were wrong, missing or superfluous."""
    total: int
    """Workers there were at the beginning."""


async def rebuild(
    database: Database, batch: int = _REBUILT_AT_ONCE
) -> AsyncIterator[RebuildProgress]:
    """Check every worker's row and correct it, in a transaction for each `batch` workers; yield after each.

    It may run while the system serves: no step locks more than its workers, nor longer than they take.
    Whoever is added meanwhile has a right row. An interrupted rebuild is simply begun again.
    """
    checked = corrected = 0
    async with database.read() as session:
        total = (await session.scalars(select(func.count()).select_from(_W))).one()
    query = select(_W.c.id).order_by(_W.c.id).limit(batch)
    ids: Sequence[UUID] = []
    while True:
        async with database.begin() as session:
            await _plan_by_index(session)
            rest = query.where(_W.c.id > ids[-1]) if ids else query
            ids = (await session.scalars(rest)).all()
            corrected += await _reindex(session, ids) if ids else 0
        if not ids:
            return
        checked += len(ids)
        yield RebuildProgress(checked, corrected, total)


async def _reindex(session: AsyncSession, ids: Collection[UUID]) -> int:
    asked = {"ids": list(ids)}
    if is_postgresql(session):  # SQLite has one writer, which we are
        await session.execute(_LOCKED, asked)
    # Asked only now: under PostgreSQL's READ COMMITTED a statement sees what was committed before it.
    people = (await session.execute(_PEOPLE, asked)).all()
    weeks = await slots_of(session, ids)
    stale: list[_Values] = []
    superfluous: list[UUID] = []
    for person in people:
        present = tuple(person[-len(_COLUMNS) :])
        if person.latitude is None or person.longitude is None:
            if present[0] is not None:
                superfluous.append(person.id)
        elif present != (row := _row(person, weeks.get(person.id, []))):
            stale.append(row)
    if stale:
        await _upsert(session, stale)
    if superfluous:
        await session.execute(delete(WorkerMatch).where(WorkerMatch.worker_id.in_(superfluous)))
    return len(stale) + len(superfluous)


_BY_INDEX: Final = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)"
)


async def _plan_by_index(session: AsyncSession) -> None:
    """Have PostgreSQL look workers up by their ids in this transaction, whatever it counted before.

    A rebuild fills the very table that it reads. While that was planned for when it was empty, each step read all of
    it again: a million rows took eight times as long each as ten thousand.
    """
    if is_postgresql(session):
        await session.execute(_BY_INDEX)


def _row(person: Row[*tuple[Any, ...]], week: list[Slot]) -> _Values:
    point = Point(person.latitude, person.longitude)
    skills_0, skills_1 = masks(person.skills)
    reachable = person.status == UserStatus.ACTIVE and person.stopped_at is None
    return (
        person.id,
        key_for_worker(point, person.max_distance_km),
        reachable and bool(week),
        person.experience_years,
        skills_0,
        skills_1,
        point.latitude,
        point.longitude,
        float(person.max_distance_km),
        *bits(week),
        person.time_zone,
    )


async def slots_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[Slot]]:
    """The weekly slots of these workers; a worker without any is left out."""
    rows = await session.execute(_SLOTS, {"ids": list(ids)})
    weeks: defaultdict[UUID, list[Slot]] = defaultdict(list)
    for worker_id, weekday, starts, ends in rows:
        weeks[worker_id].append(_slot(weekday, starts, ends))
    return dict(weeks)


@lru_cache(maxsize=8_192)
def _slot(weekday: int, starts: time, ends: time) -> Slot:
    """Kept, because most people are free at full hours."""
    return Slot.between(weekday, starts, ends)


async def _upsert(session: AsyncSession, rows: Sequence[_Values]) -> None:
    if not is_postgresql(session):
        await session.execute(
            _written_over(postgresql=False), [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        )
        return
    # One array a column: a row by itself takes PostgreSQL and its driver three times as long.
    columns = zip(*rows, strict=True)
    arrays = {name: list(values) for name, values in zip(_COLUMNS, columns, strict=True)}
    await session.execute(_written_over(postgresql=True), arrays)


@cache
def _written_over(*, postgresql: bool) -> Executable:
    statement = insert_of(WorkerMatch, postgresql=postgresql)
    if postgresql:
        arrays = [
            bindparam(column.key, type_=ARRAY(_plain(column.type))).label(column.key)
            for column in _M.c
        ]
        rows = func.unnest(*arrays).table_valued(*_COLUMNS).render_derived()
        statement = statement.from_select(list(_COLUMNS), select(*(rows.c[n] for n in _COLUMNS)))
    return statement.on_conflict_do_update(
        index_elements=["worker_id"],
        set_={name: statement.excluded[name] for name in _COLUMNS if name != "worker_id"},
    )


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type of a column that refers to another, which has none before that one's table is loaded."""
    return Uuid() if isinstance(kind, NullType) else kind
