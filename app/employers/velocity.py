"""Velocity limits of employers: counting what they did lately, and alerting the team."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.clocks import SKEW
from app.core.errors import TooMany
from app.core.logging import logger
from app.core.metrics import ALERTS


def within(at: Any, span: dt.timedelta, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition that `at` lies in the last `span`, and not ahead of our clock."""
    return and_(at > now - span, at <= now + SKEW)


async def require_fewer(
    session: AsyncSession,
    done: FromClause,
    most: int,
    span: dt.timedelta,
    *,
    now: dt.datetime,
    refusal: type[TooMany],
    more: int = 1,
) -> None:
    """Raise `refusal`, with the seconds to wait, if `more` on top of the rows of `done` are over `most`.

    Their `at` is within `span`. More than `most` at once are never allowed.
    """
    room = max(0, most - more + 1)
    latest = select(done.c.at).order_by(done.c.at.desc()).limit(room)
    times = (await session.scalars(latest)).all()
    if len(times) >= room:
        free_at = times[-1] + span if times else now + span
        raise refusal(int((free_at - now).total_seconds()) + 1)


def alert_team(
    session: AsyncSession,
    employer_id: UUID,
    kind: str,
    counted: str,
    count: int,
    *,
    now: dt.datetime,
) -> None:
    """Alert as `kind`, and record in the audit log that the employer's `counted` is `count`."""
    ALERTS.labels(kind).inc()
    logger().warning(kind, user_id=str(employer_id), count=count)
    audit.record(session, f"employer.{kind}", employer_id, None, now, after={counted: count})
