"""Answers to requests with an Idempotency-Key, as far as they are to or about somebody who is erased.

A kept answer holds for a day what was shown. `app.api.http.idempotency` writes and replays them.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.database.session import keyring
from app.identity.models import IdempotencyKey, Role, TeamMember, User

CONTEXT: Final = "idempotency"
"""The sealing context of a kept answer."""
OF_ADDRESS: Final = "address:"
"""What the owner of a key begins with that came before anybody had signed in: a network address follows."""
ERASED: Final = ""
"""What stands for a kept answer once whom it was about is erased: the request was done, and no more is known."""
_SAME_REQUEST: Final = dt.timedelta(minutes=1)


async def forget(session: AsyncSession, user: User) -> None:
    """Delete the answers to a user, and empty those to others that are about them.

    Those are answers to administrators and to the rest of a company's team, and the one to the registration, which
    stands under a network address. Of an emptied answer the key stays: sent again, the request is refused, for it
    was done.
    """
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.owner == str(user.id)))
    others = await _list_others(session, user.id)
    of_registration = (
        IdempotencyKey.owner.startswith(OF_ADDRESS, autoescape=True)
        & (IdempotencyKey.created_at >= user.created_at - _SAME_REQUEST)
        & (IdempotencyKey.created_at <= user.created_at + _SAME_REQUEST)
    )
    readable = or_(IdempotencyKey.owner.in_([str(other) for other in others]), of_registration)
    for row in await _list_naming(session, readable, str(user.id)):
        await session.execute(
            update(IdempotencyKey)
            .where(IdempotencyKey.owner == row.owner, IdempotencyKey.key == row.key)
            .values(answer_sealed=keyring(session).seal(ERASED, CONTEXT))
        )


async def _list_others(session: AsyncSession, user_id: UUID) -> Collection[UUID]:
    """Return who is shown accounts of others: administrators, and who is in a team with this user."""
    own, same = aliased(TeamMember), aliased(TeamMember)
    administrators = select(User.id).where(User.role == Role.ADMIN)
    team = (
        select(same.user_id)
        .join(own, own.employer_id == same.employer_id)
        .where(own.user_id == user_id)
    )
    return set(await session.scalars(administrators.union(team)))


async def _list_naming(
    session: AsyncSession, which: ColumnElement[bool], needle: str
) -> Sequence[IdempotencyKey]:
    """Return those of these rows whose answer holds `needle`."""
    keys = keyring(session)
    query = select(IdempotencyKey).where(which, IdempotencyKey.answer_sealed.is_not(None))
    return [
        row
        for row in await session.scalars(query)
        if needle in keys.open(row.answer_sealed or b"", CONTEXT)
    ]
