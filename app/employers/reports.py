"""A worker reports an employer whose offer they got; our team reads the report in the audit log."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.audit.models import AdminActionLog
from app.core.metrics import ALERTS
from app.identity.actor import Actor
from app.masking.mask import mask

_ACTION = "employer.report"


class EmployerReportReason(StrEnum):
    """What a worker says is wrong with an employer."""

    ASKED_FOR_MONEY = "asked_for_money"
    NOT_THE_JOB = "not_the_job"
    UNSAFE = "unsafe"
    NOT_PAID = "not_paid"
    OTHER = "other"


@dataclass(frozen=True)
class StoredReport:
    """A report made with a reason."""

    reason: EmployerReportReason
    reported_at: dt.datetime


def report_employer(
    session: AsyncSession,
    employer_id: UUID,
    match_id: UUID,
    words: str | None,
    actor: Actor,
    *,
    reason: EmployerReportReason | None = None,
    now: dt.datetime,
) -> None:
    """Log a worker's (`actor`) report of the employer of a match, and alert the team.

    Contacts in `words` are masked. `offers.queries.employer_of_offer` finds the employer.
    """
    audit.record(
        session,
        _ACTION,
        employer_id,
        actor,
        now,
        reason=None if words is None else mask(words),
        after={"match_id": str(match_id)} | ({"reason": reason} if reason else {}),
    )
    ALERTS.labels("employer_reported").inc()


async def report_employer_once(
    session: AsyncSession,
    employer_id: UUID,
    match_id: UUID,
    reason: EmployerReportReason,
    note: str | None,
    actor: Actor,
    *,
    now: dt.datetime,
) -> StoredReport:
    """Report an employer with a reason; a second report of the same match returns the first.

    The caller has locked the match, so that of two reports at once one is the first.
    """
    query = select(AdminActionLog.after, AdminActionLog.at).where(
        AdminActionLog.target_type == "employer",
        AdminActionLog.target_id == str(employer_id),
        AdminActionLog.action == _ACTION,
        AdminActionLog.actor_id == actor.user_id,
    )
    for after, at in await session.execute(query.order_by(AdminActionLog.number)):
        if after["match_id"] == str(match_id) and "reason" in after:
            return StoredReport(EmployerReportReason(after["reason"]), at)
    report_employer(session, employer_id, match_id, note, actor, reason=reason, now=now)
    return StoredReport(reason, now)
