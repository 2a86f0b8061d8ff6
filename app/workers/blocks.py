"""Employers whom a worker has blocked: they are offered none of their jobs."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.database.session import changed
from app.database.statements import insert_if_absent
from app.identity.models import Role, User
from app.workers.models import BlockByWorker


class BlockedEmployerNotFound(NotFound):
    """There is no such employer to block."""

    code = "employer_not_found"
    detail = "There is no such employer."


class EmployerNotBlocked(NotFound):
    """This employer is not blocked."""

    code = "block_not_found"
    detail = "You have not blocked this employer."


@dataclass(frozen=True, slots=True)
class BlockedEmployer:
    """A block; `made` is whether this call made it."""

    employer_id: UUID
    created_at: dt.datetime
    made: bool = False


async def block_employer(
    session: AsyncSession, worker_id: UUID, employer_id: UUID, *, now: dt.datetime
) -> BlockedEmployer:
    """Block an employer; a second call changes nothing. Raises `BlockedEmployerNotFound`.

    The caller first ends their open offers (`offers.respond.break_with`).
    """
    known = select(User.id).where(User.id == employer_id, User.role == Role.EMPLOYER)
    if await session.scalar(known) is None:
        raise BlockedEmployerNotFound
    block = {"worker_id": worker_id, "employer_id": employer_id, "created_at": now}
    if await insert_if_absent(session, BlockByWorker, block):
        changed(session, "worker", worker_id)
        return BlockedEmployer(employer_id, now, made=True)
    since = await session.scalar(
        select(BlockByWorker.created_at).where(
            BlockByWorker.worker_id == worker_id, BlockByWorker.employer_id == employer_id
        )
    )
    return BlockedEmployer(employer_id, since or now)


async def unblock_employer(session: AsyncSession, worker_id: UUID, employer_id: UUID) -> None:
    """Lift a block. Raises `EmployerNotBlocked`."""
    gone = await session.scalar(
        delete(BlockByWorker)
        .where(BlockByWorker.worker_id == worker_id, BlockByWorker.employer_id == employer_id)
        .returning(BlockByWorker.employer_id)
    )
    if gone is None:
        raise EmployerNotBlocked
    changed(session, "worker", worker_id)


async def list_blocked_employers(
    session: AsyncSession, worker_id: UUID
) -> Sequence[BlockedEmployer]:
    """Return the employers whom the worker has blocked, newest first."""
    query = (
        select(BlockByWorker.employer_id, BlockByWorker.created_at)
        .where(BlockByWorker.worker_id == worker_id)
        .order_by(BlockByWorker.created_at.desc(), BlockByWorker.employer_id)
    )
    return [BlockedEmployer(*row) for row in await session.execute(query)]
