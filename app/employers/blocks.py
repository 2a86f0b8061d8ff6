"""Workers whom an employer wants offered no more."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.database.statements import insert_if_absent
from app.employers.models import EmployerBlock


class BlockNotFound(NotFound):
    """This worker is not blocked."""

    code = "block_not_found"
    detail = "You have not blocked this worker."


async def add(
    session: AsyncSession, employer_id: UUID, worker_id: UUID, match_id: UUID, now: dt.datetime
) -> EmployerBlock:
    """Block the worker behind a match; blocking twice changes nothing.

    Open offers are closed by `offers.closing.close_between`, which the caller runs before.
    """
    ids = {"employer_id": employer_id, "worker_id": worker_id, "match_id": match_id}
    await insert_if_absent(session, EmployerBlock, {**ids, "created_at": now})
    query = select(EmployerBlock).where(
        EmployerBlock.employer_id == employer_id, EmployerBlock.worker_id == worker_id
    )
    return (await session.scalars(query)).one()


async def remove(session: AsyncSession, employer_id: UUID, match_id: UUID) -> None:
    """Lift the block that was set by this match. Raises `BlockNotFound`."""
    gone = await session.scalar(
        delete(EmployerBlock)
        .where(EmployerBlock.employer_id == employer_id, EmployerBlock.match_id == match_id)
        .returning(EmployerBlock.match_id)
    )
    if gone is None:
        raise BlockNotFound


async def of(session: AsyncSession, employer_id: UUID) -> Sequence[EmployerBlock]:
    """Return whom the employer has blocked, newest first."""
    query = (
        select(EmployerBlock)
        .where(EmployerBlock.employer_id == employer_id)
        .order_by(EmployerBlock.created_at.desc(), EmployerBlock.match_id)
    )
    return (await session.scalars(query)).all()
