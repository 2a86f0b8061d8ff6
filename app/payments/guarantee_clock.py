"""The clock of the lead guarantee: until when each bought lead can be reported, and when its report decides itself."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.payments.models import LeadReport, Unlock
from app.payments.rules import ReportStatus
from app.policy import policy


@dataclass(frozen=True, slots=True)
class GuaranteeClock:
    """Where the guarantee of one bought lead stands at a moment."""

    report_by: dt.datetime
    """The last moment in which the lead can be reported."""
    no_answer_from: dt.datetime
    """From when on it can be reported that nobody answers."""
    is_over: bool
    """Whether the time to report has passed."""
    is_too_early_for_no_answer: bool
    """Whether it can't be reported yet that nobody answers."""
    report: ReportStatus | None
    """Where its report stands, None for a lead that was not reported."""
    decides_by: dt.datetime | None
    """When the report decides itself: the money goes back unless the worker answers. None where a person decides."""


async def clocks_of(
    session: AsyncSession, employer_id: UUID, match_ids: Collection[UUID], now: dt.datetime
) -> dict[UUID, GuaranteeClock]:
    """Return, by match, the clocks of those among these leads that the employer has bought."""
    if not match_ids:
        return {}
    deadlines = (await policy.current(session)).deadlines
    reportable = dt.timedelta(hours=deadlines.guarantee_hours)
    answerable = dt.timedelta(hours=deadlines.no_answer_from)
    query = (
        select(Unlock.match_id, Unlock.unlocked_at, LeadReport.status, LeadReport.decides_by)
        .outerjoin(LeadReport, LeadReport.match_id == Unlock.match_id)
        .where(Unlock.employer_id == employer_id, Unlock.match_id.in_(match_ids))
    )
    return {
        row.match_id: GuaranteeClock(
            report_by=row.unlocked_at + reportable,
            no_answer_from=row.unlocked_at + answerable,
            is_over=now > row.unlocked_at + reportable,
            is_too_early_for_no_answer=now < row.unlocked_at + answerable,
            report=None if row.status is None else ReportStatus(row.status),
            decides_by=row.decides_by if row.status == ReportStatus.CHECKING else None,
        )
        for row in await session.execute(query)
    }
