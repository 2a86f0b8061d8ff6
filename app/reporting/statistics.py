"""Totals of the whole system and of its last days, for administrators."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, cast, func, select
from sqlalchemy import Date as SqlDate
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.database.statements import is_postgresql
from app.employers import members
from app.identity.models import Role, User, UserStatus
from app.jobs.models import Job
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.payments import contacts
from app.payments.models import Unlock
from app.workers.models import Worker

DAYS: Final = 30


@dataclass(frozen=True)
class DayTotals:
    """What happened on one day (UTC)."""

    day: dt.date
    workers: int
    employers: int
    jobs: int
    offers: int
    accepted: int
    unlocked: int


async def accounts(session: AsyncSession) -> dict[str, dict[str, int]]:
    """Return how many accounts there are, by role, then by status; employers are companies, whoever is in their team."""
    totals = {role.value: dict.fromkeys(map(str, UserStatus), 0) for role in Role}
    query = select(User.role, User.status, func.count()).where(members.stands_for_itself())
    query = query.group_by(User.role, User.status)
    for role, status, count in await session.execute(query):
        totals[role][status] = count
    return totals


async def by_status(session: AsyncSession, column: Any, states: type[StrEnum]) -> dict[str, int]:
    """Return how many rows have each status, 0 where there is none."""
    rows = await session.execute(select(column, func.count()).group_by(column))
    return dict.fromkeys(map(str, states), 0) | {row[0]: row[1] for row in rows}


async def revenue(session: AsyncSession) -> list[Money]:
    """Return what was paid for leads and is still ours, one amount a currency, by its code."""
    return await contacts.kept(session)


async def last_days(session: AsyncSession, now: dt.datetime) -> list[DayTotals]:
    """Return the totals of the last `DAYS` days, the oldest first."""
    first = now.date() - dt.timedelta(days=DAYS - 1)
    accepted = JobMatch.status == OfferStatus.ACCEPTED
    registered = await _registered(session, first)
    counted = {
        "workers": registered[Role.WORKER],
        "employers": registered[Role.EMPLOYER],
        "jobs": await _per_day(session, Job.published_at, first),
        "offers": await _per_day(session, JobMatch.offered_at, first),
        "accepted": await _per_day(session, JobMatch.responded_at, first, accepted),
        "unlocked": await _per_day(session, Unlock.unlocked_at, first),
    }
    return [
        DayTotals(day, **{name: counts.get(day, 0) for name, counts in counted.items()})
        for day in (first + dt.timedelta(days=number) for number in range(DAYS))
    ]


async def _registered(session: AsyncSession, first: dt.date) -> dict[str, dict[dt.date, int]]:
    """Return who registered on each day, by role: accounts have no index on that, and are read once."""
    day = _day_of(session, User.created_at)
    query = select(User.role, day, func.count()).where(
        User.created_at >= _start_of(first), members.stands_for_itself()
    )
    found: dict[str, dict[dt.date, int]] = {role.value: {} for role in Role}
    for role, on, count in await session.execute(query.group_by(User.role, day)):
        found[role][_date(on)] = count
    return found


async def _per_day(
    session: AsyncSession, column: Any, first: dt.date, *where: ColumnElement[bool]
) -> dict[dt.date, int]:
    day = _day_of(session, column)
    query = select(day, func.count()).where(column >= _start_of(first), *where).group_by(day)
    return {_date(row[0]): row[1] for row in await session.execute(query)}


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _day_of(session: AsyncSession, column: Any) -> Any:
    """Return the day (UTC) of an instant, as the database tells it."""
    if is_postgresql(session):
        return cast(func.timezone("UTC", column), SqlDate)
    return func.date(column)


def _date(value: Any) -> dt.date:
    """Return a day as the database gives it: SQLite gives text."""
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


async def has_more_workers_than(session: AsyncSession, number: int) -> bool:
    """Whether there are more workers than that; reads no more of them."""
    one_more = select(Worker.id).offset(number).limit(1)
    return await session.scalar(one_more) is not None
