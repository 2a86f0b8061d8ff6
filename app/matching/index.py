"""Maintain `worker_match`, one narrow row for each worker with a location, and `worker_skill_match`, one for each skill.

Rows are written only when their values change, so that index-only scans stay index-only.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import time
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Insert,
    Uuid,
    bindparam,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.skills import SKILLS, masks
from app.core.geo import SKILL_SHIFT, Point, key_for_worker, skill_keys
from app.core.week import Slot, bits
from app.database.many_rows import with_arrays
from app.database.session import Database
from app.database.statements import insert_of, is_among, is_postgresql, table
from app.identity.models import User, UserStatus
from app.matching.models import WorkerMatch, WorkerSkillMatch
from app.workers.models import Worker, WorkerAvailability

_BATCH: Final = 500
"""Workers a round: each takes 18 bound parameters, and SQLite takes 32,766 in one statement."""

_REBUILT_AT_ONCE: Final = 1_000
"""Workers a transaction of a rebuild, a tenth of a second: nobody waits longer for one of them."""

_COLUMNS: Final = tuple(column.key for column in WorkerMatch.__table__.columns)

type _Values = tuple[Any, ...]
"""A row of the table, in the order of `_COLUMNS`."""

# Put together once: every change of a profile asks them, and building them takes as long as the answer.
_W, _U, _M, _A = (table(model) for model in (Worker, User, WorkerMatch, WorkerAvailability))
_S: Final = table(WorkerSkillMatch)
_LOCKED: Final = (
    select(_W.c.id)
    .where(is_among(_W.c.id, "ids", Uuid))
    .order_by(_W.c.id)
    .with_for_update(key_share=True)
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
    .where(is_among(_W.c.id, "ids", Uuid))
)
_SLOTS: Final = select(_A.c.worker_id, _A.c.weekday, _A.c.starts, _A.c.ends).where(
    is_among(_A.c.worker_id, "ids", Uuid)
)


async def reindex_workers(session: AsyncSession, ids: Collection[UUID]) -> int:
    """Make the rows of these workers true again; returns how many had to be written or removed.

    Runs in the transaction that changed them. The workers' own rows are locked first, so that of two
    changes at once the later one sees the earlier one's slots and cannot overwrite it with old ones.
    """
    written = 0
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        written += await _reindex(session, ordered[start : start + _BATCH], with_skills=False)
    return written


async def refile(session: AsyncSession, ids: Collection[UUID]) -> int:
    """Do as `reindex_workers`, with the rows of skills compared too."""
    written = 0
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        written += await _reindex(session, ordered[start : start + _BATCH], with_skills=True)
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
            corrected += await _reindex(session, ids, with_skills=True) if ids else 0
        if not ids:
            return
        checked += len(ids)
        yield RebuildProgress(checked, corrected, total)


async def _reindex(session: AsyncSession, ids: Collection[UUID], *, with_skills: bool) -> int:
    """Correct these workers' rows; with `with_skills` the rows of skills are compared too.

    They are written whenever a worker's own row is, so only a version that knew nothing of them leaves other ones. Once
    the catalogue has skills that no mask of that row holds, it can stay the same and they not: they are always compared.
    """
    with_skills = with_skills or any(not any(masks([slug])) for slug in SKILLS)
    asked = {"ids": list(ids)}
    if is_postgresql(session):  # SQLite has one writer, which we are
        await session.execute(_LOCKED, asked)
    # Asked only now: under PostgreSQL's READ COMMITTED a statement sees what was committed before it.
    people = (await session.execute(_PEOPLE, asked)).all()
    weeks = await slots_of(session, ids)
    filed = await _filed_skills(session, ids) if with_skills else None
    stale: list[_Values] = []
    superfluous: list[UUID] = []
    skills: list[tuple[UUID, int]] = []
    refiled: list[UUID] = []
    for person in people:
        present = tuple(person[-len(_COLUMNS) :])
        if person.latitude is None or person.longitude is None:
            if present[0] is not None:
                superfluous.append(person.id)
                refiled.append(person.id)
            continue
        row = row_of(person, weeks.get(person.id, []))
        if is_stale := present != row:
            stale.append(row)
        if is_stale or (filed is not None and filed[person.id] != _skill_rows(row, person.skills)):
            refiled.append(person.id)
            if row[_ACTIVE]:
                skills += [(person.id, _bit(slug)) for slug in person.skills]
    if stale:
        await _upsert(session, stale)
    if superfluous:
        await session.execute(_FORGOTTEN, {"ids": superfluous})
    if refiled:
        await _file_skills(session, refiled, skills)
    return len({row[0] for row in stale}.union(refiled))


_ACTIVE: Final = _COLUMNS.index("active")
_GEO_KEY: Final = _COLUMNS.index("geo_key")
_COPIED: Final = tuple(column.key for column in _S.c if column.key in _M.c)
"""What a skill's row says as the worker's own does."""
_FORGOTTEN: Final = delete(_M).where(is_among(_M.c.worker_id, "ids", Uuid))
_UNFILED: Final = delete(_S).where(is_among(_S.c.worker_id, "ids", Uuid))
_FILED: Final = select(_S).where(is_among(_S.c.worker_id, "ids", Uuid))


async def _filed_skills(
    session: AsyncSession, ids: Collection[UUID]
) -> defaultdict[UUID, set[_Values]]:
    """Return the rows of skills that these workers have."""
    filed: defaultdict[UUID, set[_Values]] = defaultdict(set)
    for row in await session.execute(_FILED, {"ids": list(ids)}):
        filed[row[0]].add(tuple(row))
    return filed


def _skill_rows(row: _Values, skills: Collection[str]) -> set[_Values]:
    """Return the rows of skills that belong to a worker's own row."""
    if not row[_ACTIVE]:
        return set()
    worker_id, shared = row[0], row[_ACTIVE + 1 :]
    keys = (skill_keys(_bit(slug), [row[_GEO_KEY]])[0] for slug in skills)
    return {(worker_id, key, *shared) for key in keys}


def _bit(slug: str) -> int:
    return SKILLS[slug].bit


async def _file_skills(
    session: AsyncSession, workers: Sequence[UUID], skills: Sequence[tuple[UUID, int]]
) -> None:
    """Write the rows of these skills anew, out of the workers' own rows; of `workers` nothing else stays."""
    await session.execute(_UNFILED, {"ids": list(workers)})
    if not skills:
        return
    if is_postgresql(session):
        ids, bits_of = (list(column) for column in zip(*skills, strict=True))
        await session.execute(_filing(postgresql=True), {"workers": ids, "bits": bits_of})
    else:
        pairs = [{"worker": worker_id, "bit": bit} for worker_id, bit in skills]
        await session.execute(_filing(postgresql=False), pairs)


@cache
def _filing(*, postgresql: bool) -> Executable:
    if postgresql:
        arrays = (
            bindparam("workers", type_=ARRAY(Uuid())).label("worker_id"),
            bindparam("bits", type_=ARRAY(BigInteger())).label("bit"),
        )
        pairs = func.unnest(*arrays).table_valued("worker_id", "bit").render_derived()
        bit, source = pairs.c.bit, pairs.join(_M, _M.c.worker_id == pairs.c.worker_id)
        rows = select(*_filed_columns(bit)).select_from(source)
    else:
        rows = select(*_filed_columns(bindparam("bit", type_=BigInteger))).where(
            _M.c.worker_id == bindparam("worker", type_=Uuid())
        )
    return insert_of(WorkerSkillMatch, postgresql=postgresql).from_select(
        ["skill_key", *_COPIED], rows
    )


def _filed_columns(bit: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    key = (bit + 1).bitwise_lshift(SKILL_SHIFT).bitwise_or(_M.c.geo_key)
    return [key, *(_M.c[name] for name in _COPIED)]


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


def row_of(person: Any, week: Sequence[Slot]) -> _Values:
    """Return the row of a worker who has a location, in the order of the table's columns.

    `person` has the columns of `_PEOPLE` as attributes.
    """
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
    named = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    if is_postgresql(session):
        statement, arrays = with_arrays(_written_over(postgresql=True), named)
        await session.execute(statement, arrays)
    else:
        await session.execute(_written_over(postgresql=False), named)


@cache
def _written_over(*, postgresql: bool) -> Insert:
    statement = insert_of(WorkerMatch, postgresql=postgresql)
    return statement.on_conflict_do_update(
        index_elements=["worker_id"],
        set_={name: statement.excluded[name] for name in _COLUMNS if name != "worker_id"},
    )
