"""Find people whose rows of skills were left behind by a process of an older version, and file them anew.

While two versions run side by side, the older one writes `worker_match` alone: what it wrote is not found by skill. Rows
of skills are written from that table's row, with its values, and never without it, so a difference shows it.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import SKILL_SHIFT
from app.database.session import Database
from app.database.statements import table
from app.matching import index
from app.matching.models import WorkerMatch, WorkerSkillMatch
from app.workers.models import Worker

AT_ONCE: Final = 1_000
"""Workers of one statement: a few milliseconds, for which SQLite answers nobody else."""
LAP_SECONDS: Final = 600
"""How often everybody is looked at. A million take about five seconds of the database, which is a hundredth of it."""

_W, _M, _S = (table(model) for model in (Worker, WorkerMatch, WorkerSkillMatch))
_NOBODY: Final = UUID(int=0)


def _is_stale() -> ColumnElement[bool]:
    """Return the condition that a worker's rows of skills are not those that belong to their own row."""
    shared = [column.key for column in _S.c if column.key not in ("worker_id", "skill_key")]
    geo_key = _S.c.skill_key.bitwise_and((1 << SKILL_SHIFT) - 1)
    theirs = _S.c.worker_id == _W.c.id
    wrong = exists().where(
        theirs,
        or_(
            _M.c.worker_id.is_(None),
            ~_M.c.active,
            geo_key != _M.c.geo_key,
            *(_S.c[name] != _M.c[name] for name in shared),
        ),
    )
    # All rows of one worker are written together: that there are some is enough to know.
    missing = _M.c.active & or_(_M.c.skills_0 != 0, _M.c.skills_1 != 0) & ~exists().where(theirs)
    return or_(wrong, missing)


_NEXT: Final = (
    select(_W.c.id, _is_stale().label("stale"))
    .outerjoin(_M, _M.c.worker_id == _W.c.id)
    .where(_W.c.id > bindparam("after", type_=Uuid()))
    .order_by(_W.c.id)
    .limit(bindparam("rows", type_=Integer))
)


async def find_stale(
    session: AsyncSession, after: UUID | None = None, limit: int = AT_ONCE
) -> tuple[Sequence[UUID], UUID | None]:
    """Return who of the next `limit` workers is filed wrongly, and the last one looked at; None after the end."""
    asked = {"after": after or _NOBODY, "rows": limit}
    rows = (await session.execute(_NEXT, asked)).all()
    return [row.id for row in rows if row.stale], rows[-1].id if len(rows) == limit else None


async def refile_stale(database: Database, at_once: int = AT_ONCE) -> int:
    """Look at every worker once, and file anew whoever is filed wrongly; return how many were.

    No transaction is open between two steps, and where all is right nothing is written.
    """
    corrected = 0
    after: UUID | None = None
    while True:
        async with database.read() as session:
            found, after = await find_stale(session, after, at_once)
        if found:
            async with database.begin() as session:
                corrected += await index.refile(session, found)
        if after is None:
            return corrected
