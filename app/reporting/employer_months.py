"""An employer's figures by calendar month: what was spent, how many places were filled, how soon the first one said yes."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select
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
LATEST: Final = 200
"""Jobs of a month whose first yes is looked at, the newest: more would tell no other median."""


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
    """Minutes from publishing to the first acceptance, of each of the newest jobs that had one."""

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
    """Return the last `MONTHS` months, the oldest first, by three queries."""
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

    await _add_places(session, employer_id, months, zone)
    await _add_first_yes(session, employer_id, months, zone)
    return list(months.values())


def _month(months: Mapping[dt.date, EmployerMonth], zone: ZoneInfo) -> ColumnElement[int]:
    """Return in which of the months a job was published, counted from the oldest."""
    starts = [dt.datetime.combine(begins, dt.time(), zone) for begins in months]
    latest_first = reversed(list(enumerate(starts)))
    return case(*((Job.published_at >= at, number) for number, at in latest_first))


def _published(employer_id: UUID, months: Mapping[dt.date, EmployerMonth], zone: ZoneInfo) -> Any:
    return and_(
        Job.employer_id == employer_id,
        Job.published_at >= dt.datetime.combine(next(iter(months)), dt.time(), zone),
    )


async def _add_places(
    session: AsyncSession,
    employer_id: UUID,
    months: Mapping[dt.date, EmployerMonth],
    zone: ZoneInfo,
) -> None:
    filled = case((Job.unlocked < Job.positions, Job.unlocked), else_=Job.positions)
    month = _month(months, zone).label("month")
    query = select(month, func.sum(Job.positions), func.sum(filled))
    rows = await session.execute(
        query.where(_published(employer_id, months, zone)).group_by(literal_column("1"))
    )
    each = list(months.values())
    for number, wanted, found in rows:
        each[number].places, each[number].filled = int(wanted), int(found)


async def _add_first_yes(
    session: AsyncSession,
    employer_id: UUID,
    months: Mapping[dt.date, EmployerMonth],
    zone: ZoneInfo,
) -> None:
    month = _month(months, zone)
    place = func.row_number().over(partition_by=month, order_by=Job.id.desc())
    ranked = (
        select(Job.id, Job.published_at, month.label("month"), place.label("place"))
        .where(_published(employer_id, months, zone))
        .subquery()
    )
    # An acceptance that was withdrawn later counts: the job had found a worker then.
    first = (
        select(ranked.c.month, ranked.c.published_at, func.min(JobMatch.responded_at))
        .join(JobMatch, JobMatch.job_id == ranked.c.id)
        .where(
            ranked.c.place <= LATEST,
            JobMatch.status.in_((OfferStatus.ACCEPTED, OfferStatus.WITHDRAWN)),
            JobMatch.responded_at >= ranked.c.published_at,
        )
        .group_by(ranked.c.id, ranked.c.month, ranked.c.published_at)
    )
    each = list(months.values())
    for number, at, accepted in await session.execute(first):
        each[number].first_yes.append((accepted - at).total_seconds() / 60)
