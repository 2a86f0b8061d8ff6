"""What a change of the policy would do to what is there now, before it is saved. Reads only."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.jobs.models import Job, JobStatus
from app.policy.policy import Policy

MOST_GROUPS = 200
"""Kinds of open jobs that are looked at, the most plentiful first."""


class PriceMove(NamedTuple):
    """Leads of one category in one city, and what one costs before and after."""

    category: str
    city: str | None
    open_jobs: int
    before: Money
    after: Money


class PolicyEffect(NamedTuple):
    """What is open now, and which prices move."""

    open_jobs: int
    prices: list[PriceMove]


async def effect_of(session: AsyncSession, before: Policy, after: Policy) -> PolicyEffect:
    """Return what the change from `before` to `after` does to jobs that are open now.

    Offers that are out keep their price and deadline; these are the prices of offers from now on.
    """
    counted = func.count()
    query = (
        select(Job.category, Job.city, counted)
        .where(Job.status == JobStatus.PUBLISHED)
        .group_by(Job.category, Job.city)
        .order_by(counted.desc(), Job.category, Job.city)
        .limit(MOST_GROUPS)
    )
    groups = (await session.execute(query)).all()
    moves = [
        PriceMove(
            category,
            city,
            number,
            before.lead_price(category, city),
            after.lead_price(category, city),
        )
        for category, city, number in groups
    ]
    return PolicyEffect(
        open_jobs=sum(number for *_, number in groups),
        prices=[move for move in moves if move.before != move.after],
    )
