"""What may be a sign of abuse by an employer, for administrators to judge."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.employers import shared_identifiers
from app.employers.models import Employer
from app.employers.shared_identifiers import AccountInCommon
from app.jobs import publish_limits
from app.payments import unlock_limits
from app.policy import policy


@dataclass(frozen=True)
class AbuseSignals:
    """An employer's accounts in common, and what happened in the last 24 hours."""

    shared: Sequence[AccountInCommon]
    workers_unlocked_today: int
    unlocks_fast: bool
    jobs_taken_back_today: int
    jobs_taken_back_often: bool


async def abuse_signals(
    session: AsyncSession, employer: Employer, *, now: dt.datetime
) -> AbuseSignals:
    """Return the signals of an employer."""
    limits = (await policy.current(session)).limits
    workers = await unlock_limits.workers_lately(session, employer.id, now)
    cancelled = await publish_limits.cancelled_lately(session, employer.id, now)
    is_new = employer.created_at > now - dt.timedelta(days=limits.new_account_days)
    return AbuseSignals(
        shared=await shared_identifiers.list_accounts_in_common(session, employer.id),
        workers_unlocked_today=workers,
        unlocks_fast=is_new and workers >= limits.new_account_unlocks,
        jobs_taken_back_today=cancelled,
        jobs_taken_back_often=cancelled >= limits.published_jobs_cancelled_per_day,
    )
