"""How many contacts an employer may buy in an hour and a day, and when administrators are alerted.

Fake employers come for contacts. A new employer who buys several at once is shown to administrators, and may
still buy.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import TooMany
from app.database.statements import table
from app.database.types import UtcDateTime
from app.employers import velocity
from app.payments import rules
from app.payments.models import Payment, Unlock
from app.policy import policy

HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)


class UnlocksTooFast(TooMany):
    """More contacts in an hour or a day than anybody hires for."""

    code = "unlock_limit_reached"
    detail = "You have unlocked as many contacts as one may in this time. Try again later."


async def require(
    session: AsyncSession, employer_id: UUID, match_ids: Sequence[UUID], now: dt.datetime
) -> None:
    """Raise `UnlocksTooFast` if these leads would be too many in the last hour or day.

    What was unlocked counts, and what is being paid. The caller has locked the employer's row: parallel
    unlocks count too.
    """
    limits = (await policy.current(session)).limits
    spans = ((HOUR, limits.unlocks_per_hour), (DAY, limits.unlocks_per_day))
    limited = [(span, velocity.too_many_before(most, len(match_ids))) for span, most in spans]
    bought = select(Unlock.unlocked_at.label("at")).where(
        Unlock.employer_id == employer_id, velocity.within(Unlock.unlocked_at, DAY, now)
    )
    buying = select(Payment.created_at.label("at")).where(
        Payment.employer_id == employer_id,
        Payment.match_id.not_in(match_ids),
        Payment.status.in_(rules.OPEN),
        velocity.within(Payment.created_at, DAY, now),
    )
    # In one statement: between two, a purchase that succeeds would be seen by neither.
    begun = union_all(bought, buying).subquery()
    times = await velocity.latest(session, begun, max(count for _, count in limited))
    for span, too_many in limited:
        velocity.require_fewer_times(times, too_many, span, now=now, refusal=UnlocksTooFast)


async def note(
    session: AsyncSession,
    employer_id: UUID,
    since: dt.datetime,
    workers: Collection[UUID],
    now: dt.datetime,
) -> None:
    """Call for a person when a new employer reaches the number that is a sign, by unlocking these workers' contacts.

    `since` is when the account was made. It is called before the unlocks are written.
    """
    limits = (await policy.current(session)).limits
    if since <= now - dt.timedelta(days=limits.new_account_days):
        return
    before, known = await _workers_lately(session, employer_id, workers, now)
    with_these = before + len(set(workers)) - known
    if before < limits.new_account_unlocks <= with_these:
        velocity.alert_team(
            session, employer_id, "fast_unlocks", "workers_in_a_day", with_these, now=now
        )


async def workers_lately(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> int:
    """Return how many different workers' contacts an employer unlocked in the last 24 hours."""
    return (await _workers_lately(session, employer_id, (), now))[0]


_UNLOCK: Final = table(Unlock).c
_LATELY: Final = select(
    func.count(_UNLOCK.worker_id.distinct()),
    func.count(_UNLOCK.worker_id.distinct()).filter(
        _UNLOCK.worker_id.in_(bindparam("workers", type_=Uuid(), expanding=True))
    ),
).where(
    _UNLOCK.employer_id == bindparam("employer_id", type_=Uuid()),
    _UNLOCK.unlocked_at > bindparam("since", type_=UtcDateTime()),
    _UNLOCK.unlocked_at <= bindparam("until", type_=UtcDateTime()),
)


async def _workers_lately(
    session: AsyncSession, employer_id: UUID, workers: Collection[UUID], now: dt.datetime
) -> tuple[int, int]:
    """Return how many workers it were in the last 24 hours, and how many of these were among them."""
    asked = {"employer_id": employer_id, "workers": list(workers), "since": now - DAY, "until": now}
    lately, known = (await session.execute(_LATELY, asked)).one()
    return lately, known
