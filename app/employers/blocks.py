"""Workers whom an employer has blocked: they are offered none of its jobs."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.database.statements import insert_if_absent
from app.employers.models import BlockByEmployer


class WorkerNotBlocked(NotFound):
    """This worker is not blocked."""

    code = "block_not_found"
    detail = "You have not blocked this worker."


async def block_worker(
    session: AsyncSession, employer_id: UUID, worker_id: UUID, match_id: UUID, *, now: dt.datetime
) -> BlockByEmployer:
    """Block a match's worker; a second call changes nothing.

    The caller first closes their open offers (`offers.closing.close_between`).
    """
    ids = {"employer_id": employer_id, "worker_id": worker_id, "match_id": match_id}
    await insert_if_absent(session, BlockByEmployer, {**ids, "created_at": now})
    query = select(BlockByEmployer).where(
        BlockByEmployer.employer_id == employer_id, BlockByEmployer.worker_id == worker_id
    )
    return (await session.scalars(query)).one()


async def unblock_worker(session: AsyncSession, employer_id: UUID, match_id: UUID) -> None:
    """Lift the block that this match set. Raises `WorkerNotBlocked`."""
    gone = await session.scalar(
        delete(BlockByEmployer)
        .where(BlockByEmployer.employer_id == employer_id, BlockByEmployer.match_id == match_id)
        .returning(BlockByEmployer.match_id)
    )
    if gone is None:
        raise WorkerNotBlocked


async def list_blocked_workers(
    session: AsyncSession, employer_id: UUID
) -> Sequence[BlockByEmployer]:
    """Return the employer's blocks, newest first."""
    query = (
        select(BlockByEmployer)
        .where(BlockByEmployer.employer_id == employer_id)
        .order_by(BlockByEmployer.created_at.desc(), BlockByEmployer.match_id)
    )
    return (await session.scalars(query)).all()
