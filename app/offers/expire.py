"""Mark overdue offers as expired. The deadline counts without this too; see `effective_status`."""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.attempts.work import Kind, Work
from app.database.due import Due
from app.database.statements import is_one_of, table, transition_update
from app.messaging.models import OutboxMessage, OutboxState
from app.messaging.outbox.enqueue import notify_many, suppress
from app.offers import reliability
from app.offers.job_lock import lock_jobs, request_wave
from app.offers.models import JobMatch
from app.offers.rules import TABLE, Action

_EXPIRE_OFFER: Final = TABLE.only(Action.EXPIRE)
_MATCH: Final = table(JobMatch).c
OFFERS_DUE: Final = Due(
    is_one_of(_MATCH.status, _EXPIRE_OFFER.sources),
    *_EXPIRE_OFFER.guard_conditions(_MATCH, bindparam("now")),
)
EXPIRIES: Final = Work(
    Kind.OFFER_EXPIRY, "expire_offers", JobMatch.id, JobMatch.respond_by, OFFERS_DUE
)
_OVERDUE: Final = (
    select(JobMatch.id, JobMatch.job_id)
    .where(*OFFERS_DUE.conditions)
    .order_by(JobMatch.respond_by)
    .limit(bindparam("limit", type_=Integer))
)
_EXPIRE: Final = transition_update(
    JobMatch,
    _EXPIRE_OFFER,
    bindparam("now"),
    JobMatch.id.in_(bindparam("ids", expanding=True)),
    remind_at=None,
).returning(JobMatch.id, JobMatch.job_id, JobMatch.worker_id)

_DELIVERED: Final = select(OutboxMessage.subject_id).where(
    OutboxMessage.subject_id.in_(bindparam("ids", expanding=True)),
    OutboxMessage.kind.in_(["job_offer", "offer_reminder", "offer_open_again"]),
    OutboxMessage.state.in_([OutboxState.DELIVERED, OutboxState.READ]),
)
_NOTE_UNDELIVERED: Final = (
    update(JobMatch)
    .where(JobMatch.id.in_(bindparam("ids", expanding=True)))
    .values(undelivered=True)
    .execution_options(synchronize_session=False)
)


async def expire_due(
    session: AsyncSession, now: dt.datetime, limit: int, only: Sequence[UUID] | None = None
) -> int:
    """Expire up to `limit` unanswered offers past their deadline, of these or of all; return how many.

    Each worker gets one message, and the offer counts as missed, unless it was never delivered. A job without open
    offers gets its next wave at once. Offers of a job that another transaction has locked are left for the next call.
    """
    query = _OVERDUE if only is None else _OVERDUE.where(JobMatch.id.in_(only))
    due = (await session.execute(query, {"now": now, "limit": limit})).all()
    jobs = await lock_jobs(session, {row.job_id for row in due}, skip_locked=True)
    ids = [row.id for row in due if row.job_id in jobs]
    if not ids:
        return 0
    expired = (await session.execute(_EXPIRE, {"ids": ids, "now": now})).all()
    heard = await _delivered(session, [row.id for row in expired])
    unheard = [row.id for row in expired if row.id not in heard]
    if unheard:
        await session.execute(_NOTE_UNDELIVERED, {"ids": unheard})
    await reliability.count(session, [row.id for row in expired if row.id in heard], now)
    await suppress(session, [row.id for row in expired], now)
    await notify_many(
        session,
        [jobs[row.job_id].worker_notice(row.worker_id, "offer_expired", row.id) for row in expired],
        now,
    )
    await request_wave(session, {row.job_id for row in expired}, now)
    for row in expired:
        audit.record(
            session,
            "offer.expire",
            row.id,
            None,
            now,
            before={"status": _EXPIRE_OFFER.source.value},
            after={"status": _EXPIRE_OFFER.target.value},
        )
    return len(expired)


async def _delivered(session: AsyncSession, offer_ids: Sequence[UUID]) -> set[UUID | None]:
    """Return the offers of which a message reached the worker's phone: nobody misses what never came."""
    return set(await session.scalars(_DELIVERED, {"ids": list(offer_ids)}))
