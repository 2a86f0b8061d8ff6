"""Velocity limits of employers: counting what they did lately, and alerting the team."""

import datetime as dt
from collections.abc import Sequence
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
) -> None:
    """Raise `refusal`, with the seconds to wait, if one more on top of the rows of `done` is over `most`.

    Their `at` is within `span`.
    """
    full = too_many_before(most, 1)
    require_fewer_times(await latest(session, done, full), full, span, now=now, refusal=refusal)


def too_many_before(most: int, more: int) -> int:
    """Return the least number done before with which `more` would be over `most`.

    Of ten, three more are too many once eight were done. It is 0 where `more` alone is over `most`.
    """
    return max(0, most - more + 1)


async def latest(session: AsyncSession, done: FromClause, count: int) -> list[dt.datetime]:
    """Return when the last `count` rows of `done` were done (their `at`), newest first."""
    query = select(done.c.at).order_by(done.c.at.desc()).limit(count)
    return list(await session.scalars(query))


def require_fewer_times(
    latest_times: Sequence[dt.datetime],
    too_many: int,
    span: dt.timedelta,
    *,
    now: dt.datetime,
    refusal: type[TooMany],
) -> None:
    """Raise `refusal`, with the seconds to wait, if `too_many` of these times, newest first, are in the last `span`.

    If `too_many` is 0 it is always raised: what is wanted at once is more than is ever allowed.
    """
    times = [at for at in latest_times if at > now - span][:too_many]
    if len(times) >= too_many:
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
