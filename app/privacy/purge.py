"""What is deleted by age: sessions, codes and sign-in attempts, and registrations without a proven phone.

Messages are purged by `messaging.retention`, idempotency keys by `api.http.idempotency`.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work
from app.database.due import Due
from app.database.statements import is_one_of, table
from app.identity import codes, sessions, sign_in_throttle
from app.identity.models import OneTimeCode, Role, Session, SignInTries, User, UserStatus
from app.privacy.erase import erase_worker

UNPROVEN_KEPT: Final = dt.timedelta(days=30)
"""How long a registration waits for its phone to be proven: it may be somebody else's phone."""
UNPROVEN_AT_ONCE: Final = 20
"""Workers erased in one transaction: an erasure takes a dozen statements, and SQLite has one writer."""

IDENTITY_DUE: Final = (
    Due(Session.expires_at <= bindparam("now")),
    Due(OneTimeCode.expires_at < bindparam("now"), delay=codes.KEPT),
    Due(
        SignInTries.updated_at < bindparam("now"),
        SignInTries.good_at.is_(None),
        delay=sign_in_throttle.FORGOTTEN_AFTER,
    ),
    Due(SignInTries.updated_at < bindparam("now"), delay=sign_in_throttle.KNOWN_FOR),
)

UNPROVEN_DUE: Final = Due(
    is_one_of(table(User).c.role, [Role.WORKER]),
    is_one_of(table(User).c.status, [UserStatus.PENDING]),
    User.updated_at < bindparam("since"),
)
ERASURES: Final = Work(
    Kind.ERASURE, "forget_unproven", User.id, User.id, UNPROVEN_DUE, age=UNPROVEN_KEPT
)
_UNPROVEN: Final = (
    select(User.id)
    .where(*UNPROVEN_DUE.conditions)
    .order_by(User.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)


async def purge_identity(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete at most `limit` of each kind; return how many of the most plentiful kind were deleted."""
    expired = await sessions.purge_expired(session, now, limit)
    tried = await sign_in_throttle.purge(session, now, limit)
    return max(expired, tried, await codes.purge(session, now, limit))


async def purge_unproven(
    session: AsyncSession, now: dt.datetime, limit: int, only: Sequence[UUID] | None = None
) -> int:
    """Erase at most `limit` workers who never proved their phone, among `only` or all; return how many.

    SKIP LOCKED leaves alone whoever proves it at this moment.
    """
    query = _UNPROVEN if only is None else _UNPROVEN.where(User.id.in_(only))
    worker_ids = (
        await session.scalars(query, {"since": now - UNPROVEN_KEPT, "limit": limit})
    ).all()
    for worker_id in worker_ids:
        await erase_worker(session, worker_id, None, now=now)
    return len(worker_ids)
