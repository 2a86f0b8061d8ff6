"""What may be a sign of abuse, as administrators see it beside an employer."""

import datetime as dt
from typing import Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.schema import Instant, ResponseModel
from app.employers import shared_identifiers
from app.employers.models import Employer
from app.identity.models import UserStatus
from app.jobs import publish_limits as jobs_pace
from app.payments import unlock_limits
from app.policy import policy


class SharedMark(ResponseModel):
    """Another account with the same phone, mailbox, company, address or tax number."""

    kind: Literal["phone", "mailbox", "company", "address", "tax_id"] = Field(
        description="What the two accounts have in common."
    )
    employer_id: UUID = Field(description="Id of the other account.")
    status: UserStatus = Field(description="Where the other account stands.")
    created_at: Instant = Field(description="When the other account was made (UTC).")


class EmployerSignals(ResponseModel):
    """What may be a sign of abuse, for a person to judge."""

    shared: list[SharedMark] = Field(description="Other accounts with something in common.")
    workers_unlocked_today: int = Field(
        description="Different workers whose contacts were unlocked in the last 24 hours."
    )
    unlocks_fast: bool = Field(
        description="Whether so many, by an account so new, are worth a look."
    )
    jobs_taken_back_today: int = Field(
        description="Published jobs that were cancelled in the last 24 hours."
    )
    jobs_taken_back_often: bool = Field(
        description="Whether so many that nothing more is published; each tells who lives near it."
    )


async def signals_of(
    session: AsyncSession, employer: Employer, now: dt.datetime
) -> EmployerSignals:
    """Return what an administrator should know of an employer."""
    limits = (await policy.current(session)).limits
    workers = await unlock_limits.workers_lately(session, employer.id, now)
    taken_back = await jobs_pace.cancelled_lately(session, employer.id, now)
    is_new = employer.created_at > now - dt.timedelta(days=limits.new_account_days)
    return EmployerSignals(
        shared=[
            SharedMark(
                kind=one.kind,  # type: ignore[arg-type]
                employer_id=one.user_id,
                status=UserStatus(one.status),
                created_at=one.created_at,
            )
            for one in await shared_identifiers.list_accounts_in_common(session, employer.id)
        ],
        workers_unlocked_today=workers,
        unlocks_fast=is_new and workers >= limits.new_account_unlocks,
        jobs_taken_back_today=taken_back,
        jobs_taken_back_often=taken_back >= limits.published_jobs_cancelled_per_day,
    )
