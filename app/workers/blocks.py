"""Employers from whom a worker wants no further offers."""

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
from app.workers.models import Block


class EmployerNotFound(NotFound):
    """There is no such employer to block."""

    code = "employer_not_found"
    detail = "There is no such employer."


class BlockNotFound(NotFound):
    """This employer is not blocked."""

    code = "block_not_found"
    detail = "You have not blocked this employer."


@dataclass(frozen=True, slots=True)
class Blocked:
    """A block; `made` tells whether this call made it."""

    employer_id: UUID
    created_at: dt.datetime
    made: bool = False


async def add(
    session: AsyncSession, worker_id: UUID, employer_id: UUID, now: dt.datetime
) -> Blocked:
    """Block an employer; blocking twice changes nothing. Raises `EmployerNotFound`.

    What is open between them is ended by `offers.respond.break_with`, which the caller runs before.
    """
    known = select(User.id).where(User.id == employer_id, User.role == Role.EMPLOYER)
    if await session.scalar(known) is None:
        raise EmployerNotFound
    block = {"worker_id": worker_id, "employer_id": employer_id, "created_at": now}
    if await insert_if_absent(session, Block, block):
        changed(session, "worker", worker_id)
        return Blocked(employer_id, now, made=True)
    since = await session.scalar(
        select(Block.created_at).where(
            Block.worker_id == worker_id, Block.employer_id == employer_id
        )
    )
    return Blocked(employer_id, since or now)


async def remove(session: AsyncSession, worker_id: UUID, employer_id: UUID) -> None:
    """Lift a block. Raises `BlockNotFound`."""
    gone = await session.scalar(
        delete(Block)
        .where(Block.worker_id == worker_id, Block.employer_id == employer_id)
        .returning(Block.employer_id)
    )
    if gone is None:
        raise BlockNotFound
    changed(session, "worker", worker_id)


async def of(session: AsyncSession, worker_id: UUID) -> Sequence[Blocked]:
    """Return whom the worker has blocked, newest first."""
    query = (
        select(Block.employer_id, Block.created_at)
        .where(Block.worker_id == worker_id)
        .order_by(Block.created_at.desc(), Block.employer_id)
    )
    return [Blocked(*row) for row in await session.execute(query)]
