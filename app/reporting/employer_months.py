"""An employer's figures by calendar month: what was spent, how many places were filled, how soon the first one said yes."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places
from app.core.money import Money
from app.jobs.models import Job
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.payments.models import Payment
from app.payments.rules import CAPTURED
from app.policy import policy

MONTHS: Final = 6
"""This one and those before it."""


@dataclass(slots=True)
class EmployerMonth:
    """One month, by the calendar of the installation's country; jobs count in the month they were published in."""

    begins: dt.date
    spend: Money
    """Paid for leads less refunds, in the currency of today's prices."""
    places: int = 0
    """How many people were wanted."""
    filled: int = 0
    """Of these places, those with a contact."""
    first_yes: list[float] = field(default_factory=list)
    """Minutes from publishing to the first acceptance, of each job that had one."""

    @property
    def fill_rate(self) -> float | None:
        """Filled of all places, 0 to 1; None where none was wanted."""
        return self.filled / self.places if self.places else None

    @property
    def median_minutes_to_first_accept(self) -> float | None:
        """From publishing to the first acceptance; None where no job had one."""
        return round(median(self.first_yes), 1) if self.first_yes else None


async def months_of(
    session: AsyncSession, employer_id: UUID, now: dt.datetime
) -> list[EmployerMonth]:
    """Return the last `MONTHS` months, the oldest first, by two queries."""
    zone = ZoneInfo(places.main_time_zone(places.HOME))
    currency = (await policy.current(session)).lead_prices.currency
    first = now.astimezone(zone).date().replace(day=1)
    begins = [first]
    while len(begins) < MONTHS:
        begins.insert(0, (begins[0] - dt.timedelta(days=1)).replace(day=1))
    months = {each: EmployerMonth(each, Money(0, currency)) for each in begins}
    since = dt.datetime.combine(begins[0], dt.time(), zone)

    paid = select(Payment.paid_at, Payment.amount - Payment.refunded_amount).where(
        Payment.employer_id == employer_id,
        Payment.paid_at >= since,
        Payment.status.in_(CAPTURED),
        Payment.currency == currency,
    )
    spent: defaultdict[dt.date, int] = defaultdict(int)
    for at, amount in await session.execute(paid):
        if at is not None:
            spent[at.astimezone(zone).date().replace(day=1)] += amount
    for begin, month in months.items():
        month.spend = Money(spent[begin], currency)

    # An acceptance that was withdrawn later counts: the job had found a worker then.
    said_yes = JobMatch.status.in_((OfferStatus.ACCEPTED, OfferStatus.WITHDRAWN))
    in_time = said_yes & (JobMatch.responded_at >= Job.published_at)
    published = (
        select(
            Job.published_at,
            Job.positions,
            func.count(JobMatch.unlocked_at),
            func.min(case((in_time, JobMatch.responded_at))),
        )
        .outerjoin(JobMatch, JobMatch.job_id == Job.id)
        .where(Job.employer_id == employer_id, Job.published_at >= since)
        .group_by(Job.id, Job.published_at, Job.positions)
    )
    for at, positions, unlocked, accepted in await session.execute(published):
        month = months[at.astimezone(zone).date().replace(day=1)]
        month.places += positions
        month.filled += min(positions, unlocked)
        if accepted is not None:
            month.first_yes.append((accepted - at).total_seconds() / 60)
    return list(months.values())
