"""Ask the provider about refunds and disputes that stay open, so that a lost event leaves none open for ever."""

import datetime as dt
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work, ask_due
from app.core.clocks import Clock
from app.core.logging import logger
from app.database.due import Due
from app.database.session import Database
from app.payments import charges, disputes, refunds
from app.payments.models import Dispute, Payment, PaymentAttempt, Refund
from app.payments.provider import PaymentProvider, PaymentsUnavailable, ProviderRefused
from app.payments.rules import DECIDED, AttemptStatus, RefundStatus

AT_ONCE: Final = 4
"""Asked about side by side; less urgent than payments, and than refunds that are to be sent."""
LONGEST: Final = dt.timedelta(hours=12)
"""Between two questions about a refund, whose bank may take weeks."""

REFUND_CHECKS_DUE: Final = Due(
    Refund.status == RefundStatus.PENDING.value, Refund.check_at <= bindparam("now")
)
REFUND_CHECKS: Final = Work(
    Kind.REFUND_CHECK, "reconcile_returns", Refund.id, Refund.check_at, REFUND_CHECKS_DUE
)
DISPUTE_CHECKS_DUE: Final = Due(Dispute.check_at <= bindparam("now"))
DISPUTE_CHECKS: Final = Work(
    Kind.DISPUTE_CHECK, "reconcile_returns", Dispute.id, Dispute.check_at, DISPUTE_CHECKS_DUE
)


def _paid(top_up_id: Any) -> ColumnElement[bool]:
    """Return which attempt paid the payment of a row, or its top-up."""
    of_top_up = and_(
        PaymentAttempt.order_id == top_up_id, PaymentAttempt.status == AttemptStatus.PAID
    )
    return or_(PaymentAttempt.id == Payment.captured_by, of_top_up)


async def check_due(database: Database, provider: PaymentProvider, clock: Clock, limit: int) -> int:
    """Ask about up to `limit` refunds and as many disputes, those that wait longest first.

    Returns the larger of the two numbers.
    """
    refund = partial(_check_refund, database, provider, clock)
    dispute = partial(_check_dispute, database, provider, clock)
    return max(
        await ask_due(database, clock, limit, REFUND_CHECKS, refund, at_once=AT_ONCE),
        await ask_due(database, clock, limit, DISPUTE_CHECKS, dispute, at_once=AT_ONCE),
    )


async def _check_refund(
    database: Database, provider: PaymentProvider, clock: Clock, refund_id: UUID
) -> bool:
    """Ask about one refund and record what is learnt; False if the provider was not there."""
    async with database.begin() as session:
        now = clock()
        claimed = await _claim(session, Refund, refund_id, REFUND_CHECKS_DUE, now)
        if claimed is None:
            return True  # another process asks, or the event came
        refund, intent_id = claimed
        refund.check_at = now + _pause(refund.created_at, now)
    try:
        found = await provider.refunds_of(intent_id)
    except (PaymentsUnavailable, ProviderRefused) as error:
        return _not_asked("refund_not_reconciled", refund_id, error)
    async with database.begin() as session:
        for made in found:
            if charges.is_part(refund.provider_id, made.provider_id):
                await refunds.record_refund(session, made, intent_id, clock())
    return True


async def _check_dispute(
    database: Database, provider: PaymentProvider, clock: Clock, dispute_id: UUID
) -> bool:
    """Ask about one dispute and record what is learnt; False if the provider was not there."""
    async with database.begin() as session:
        now = clock()
        claimed = await _claim(session, Dispute, dispute_id, DISPUTE_CHECKS_DUE, now)
        if claimed is None:
            return True
        dispute, intent_id = claimed
        decided = dispute.status in DECIDED
        dispute.check_at = None if decided else now + disputes.ASK_EVERY
    try:
        found = await provider.disputes_of(intent_id)
    except (PaymentsUnavailable, ProviderRefused) as error:
        async with database.begin() as session:
            again = await session.get_one(Dispute, dispute_id, with_for_update=True)
            again.check_at = clock() + disputes.ASK_EVERY
        return _not_asked("dispute_not_reconciled", dispute_id, error)
    async with database.begin() as session:
        for change in found:
            await disputes.record_dispute(session, change, clock(), asked=True)
    return True


async def _claim[Returned: (Refund, Dispute)](
    session: AsyncSession, table: type[Returned], id_: UUID, due: Due, now: dt.datetime
) -> tuple[Returned, str] | None:
    """Lock a row that is due and return it with the provider's id of its payment; None if another process has it."""
    claim = (
        select(table, func.coalesce(PaymentAttempt.intent_id, ""))
        .outerjoin(Payment, Payment.id == table.payment_id)
        .outerjoin(PaymentAttempt, _paid(table.order_id))
        .where(table.id == id_, *due.conditions)
        .with_for_update(of=table, skip_locked=True)
    )
    claimed = (await session.execute(claim, {"now": now})).one_or_none()
    return None if claimed is None else (claimed[0], claimed[1])


def _pause(since: dt.datetime, now: dt.datetime) -> dt.timedelta:
    """Return when to ask again: the older a refund, the less often."""
    return min(max((now - since) / 4, refunds.CHECK_AFTER), LONGEST)


def _not_asked(what: str, item_id: UUID, error: Exception) -> bool:
    logger().warning(what, item_id=str(item_id), exc_type=type(error).__name__)
    return not isinstance(error, PaymentsUnavailable)
