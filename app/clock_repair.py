"""Repair timestamps that a clock running ahead left in the database, so that nothing waits for them.

`BOUNDS` has one row for each column that delays work, with the longest delay that it can mean. A timestamp
further ahead was written by a wrong clock and becomes due now. Columns that one statement reads check
themselves by `app.core.clocks`; a test holds both lists against every table.
"""

import datetime as dt
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.models import WorkAttempt
from app.attempts.rules import LONGEST_PAUSE
from app.core.clocks import SKEW
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.due import DueQuery
from app.database.session import Database
from app.database.statements import is_one_of, rows_changed, table
from app.identity.models import OneTimeCode, SignInTries
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.messaging.models import (
    ChatPerson,
    InboxItem,
    OutboxMessage,
    WebhookEvent,
    WebhookState,
)
from app.messaging.outbox.enqueue import OPEN
from app.messaging.quiet_hours import LONGEST_REST
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.payments.models import CardTap, Dispute, LeadReport, Payment, PaymentAttempt, Refund

_SET_BACK: Final = 2 * LONGEST_PAUSE
_LEASED: Final = dt.timedelta(hours=2)
"""A lease begins with minutes and grows each time its process is lost."""
_WEEK: Final = dt.timedelta(days=8)
"""Workers have at most seven days to answer; the next wave and the reminder come within them."""


class Bound(NamedTuple):
    """A column, and how far ahead its timestamps may lie.

    `where` selects the rows that wait, and an index has them. `ahead` is an indexed column that the same clock
    wrote, so it lies in the future too.
    """

    column: Any
    longest: dt.timedelta
    where: ColumnElement[bool] | None = None
    ahead: Any = None

    def is_wrong(self, now: dt.datetime) -> ColumnElement[bool]:
        """Return the condition of the rows whose timestamp lies too far ahead."""
        return self.is_beyond(now + self.longest, now)

    def is_beyond(self, latest: Any, now: Any) -> ColumnElement[bool]:
        """Return that condition with both instants given, or bound by name."""
        conditions = [self.column > latest]
        if self.where is not None:
            conditions.append(self.where)
        if self.ahead is not None:
            conditions.append(self.ahead > now)
        return and_(*conditions)


_EVENT_WAITS: Final = is_one_of(table(WebhookEvent).c.state, [WebhookState.WAITING])
_ITEM_WAITS: Final = is_one_of(table(InboxItem).c.state, [WebhookState.WAITING])
_JOB_ASKS: Final = is_one_of(table(Job).c.status, [JobStatus.PUBLISHED])
_IS_OFFERED: Final = is_one_of(table(JobMatch).c.status, [OfferStatus.OFFERED])
_MESSAGE_WAITS: Final = is_one_of(table(OutboxMessage).c.state, OPEN)

BOUNDS: Final = (
    Bound(WebhookEvent.due_at, _SET_BACK, _EVENT_WAITS),
    Bound(WebhookEvent.lease_until, _LEASED, _EVENT_WAITS),
    Bound(InboxItem.due_at, _SET_BACK, _ITEM_WAITS),
    Bound(InboxItem.lease_until, _LEASED, _ITEM_WAITS),
    # No index: a row is deleted when its work succeeds, so there are few.
    Bound(WorkAttempt.due_at, _SET_BACK),
    Bound(WorkAttempt.lease_until, _LEASED),
    # Quiet hours last less than a day.
    Bound(OutboxMessage.due_at, dt.timedelta(hours=26), _MESSAGE_WAITS),
    Bound(Job.next_wave_at, _WEEK + LONGEST_REST, _JOB_ASKS),
    Bound(JobMatch.remind_at, _WEEK + LONGEST_REST, _IS_OFFERED),
    Bound(PaymentAttempt.check_at, dt.timedelta(days=2)),
    Bound(Payment.check_at, dt.timedelta(days=2)),
    Bound(CardTap.due_at, dt.timedelta(days=2)),
    Bound(Refund.due_at, dt.timedelta(days=2)),
    Bound(Refund.check_at, dt.timedelta(days=2)),
    Bound(Dispute.check_at, dt.timedelta(days=2)),
    Bound(LeadReport.decides_by, dt.timedelta(days=4)),
    # Codes count against the limits of an hour and a day; they last minutes, links a day.
    Bound(OneTimeCode.created_at, SKEW, ahead=OneTimeCode.expires_at),
    Bound(OneTimeCode.expires_at, dt.timedelta(days=8)),
    # The wait after wrong tries grows to an hour.
    Bound(SignInTries.waits_until, _LEASED, ahead=SignInTries.updated_at),
    Bound(ChatPerson.held_at, SKEW, ChatPerson.paused_at.is_not(None)),
)


_ANY_WRONG: Final = DueQuery(
    or_(
        *(
            exists().where(bound.is_beyond(bindparam(f"latest_{number}"), bindparam("now")))
            for number, bound in enumerate(BOUNDS)
        )
    )
)


async def is_needed(database: Database, now: dt.datetime) -> bool:
    """Whether any timestamp lies too far ahead: one SELECT that waits for no writer, as nearly always none does."""
    latest = {f"latest_{number}": now + bound.longest for number, bound in enumerate(BOUNDS)}
    return await _ANY_WRONG.any_due(database, now, **latest)


async def repair(session: AsyncSession, now: dt.datetime, _limit: int) -> int:
    """Set the timestamps that lie too far ahead to now; return the number of rows."""
    changed = 0
    for bound in BOUNDS:
        column = bound.column
        wrong = update(column.class_).where(bound.is_wrong(now)).values({column.key: now})
        found = await rows_changed(session, wrong.execution_options(synchronize_session=False))
        if found:
            ALERTS.labels("instants_set_right").inc()
            logger().error(
                "instants_set_right",
                name=f"{column.class_.__tablename__}.{column.key}",
                count=found,
            )
        changed += found
    return changed
