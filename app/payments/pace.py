"""How fast an employer may buy contacts, and when that is something a person should look at.

Contacts are what a fake employer comes for. One who was checked may buy many, but not a city's worth in an
hour; one who is new and buys several at once is shown to administrators, and refused nothing by it.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.log import record
from app.core.errors import TooMany
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.employers.models import Employer
from app.payments import rules
from app.payments.models import Payment, Unlock
from app.policy.policy import current

HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)


class UnlocksTooFast(TooMany):
    """More contacts in an hour or a day than anybody hires for."""

    code = "unlock_limit_reached"
    detail = "You have unlocked as many contacts as one may in this time. Try again later."


async def require(
    session: AsyncSession, employer_id: UUID, match_id: UUID, now: dt.datetime
) -> None:
    """Raise `UnlocksTooFast` if this lead would be one too many in the last hour or day.

    What was unlocked counts, and what is being paid. The caller holds the employer's row: parallel
    unlocks count too.
    """
    limits = (await current(session)).limits
    for span, most in ((HOUR, limits.unlocks_per_hour), (DAY, limits.unlocks_per_day)):
        bought = select(Unlock.unlocked_at.label("at")).where(
            Unlock.employer_id == employer_id, Unlock.unlocked_at > now - span
        )
        buying = select(Payment.created_at.label("at")).where(
            Payment.employer_id == employer_id,
            Payment.match_id != match_id,
            Payment.status.in_(rules.OPEN),
            Payment.created_at > now - span,
        )
        # In one statement: between two, a purchase that succeeds would be seen by neither.
        begun = union_all(bought, buying).subquery()
        latest = select(begun.c.at).order_by(begun.c.at.desc()).limit(most)
        times = (await session.scalars(latest)).all()
        if len(times) >= most:
            free_at = times[-1] + span if times else now + span
            raise UnlocksTooFast(int((free_at - now).total_seconds()) + 1)


async def note(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Call for a person when a new employer has just reached the number that is a sign."""
    limits = (await current(session)).limits
    new_since = now - dt.timedelta(days=limits.new_account_days)
    created_at = await session.scalar(select(Employer.created_at).where(Employer.id == employer_id))
    if created_at is None or created_at <= new_since:
        return
    workers = await workers_lately(session, employer_id, now)
    if workers != limits.new_account_unlocks:
        return
    ALERTS.labels("fast_unlocks").inc()
    logger().warning("fast_unlocks", user_id=str(employer_id), count=workers)
    record(
        session,
        actor=None,
        action="employer.fast_unlocks",
        target_type="employer",
        target_id=employer_id,
        now=now,
        after={"workers_in_a_day": workers},
    )


async def workers_lately(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> int:
    """Return how many different workers' contacts an employer unlocked in the last 24 hours."""
    query = select(func.count(Unlock.worker_id.distinct())).where(
        Unlock.employer_id == employer_id, Unlock.unlocked_at > now - DAY
    )
    return (await session.scalar(query)) or 0
