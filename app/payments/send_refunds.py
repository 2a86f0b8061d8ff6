"""Send the refunds that are requested: each outside any transaction, with a key of its own."""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work, ask_due
from app.core.clocks import Clock
from app.core.ids import new_id
from app.core.money import Money
from app.database.due import Due
from app.database.session import Database
from app.database.statements import rows_changed
from app.payments import charges, disputes, refunds, rules, top_up_returns
from app.payments.models import Order, Payment, PaymentAttempt, Refund
from app.payments.provider import (
    PaymentProvider,
    PaymentsUnavailable,
    ProviderBroke,
    ProviderDisputes,
    ProviderRefund,
    ProviderRefused,
    RefundState,
)
from app.payments.rules import AttemptStatus, RefundStatus

AT_ONCE: Final = 8
"""Refunds that are asked for side by side: providers allow tens of requests a second."""
_LEASE = dt.timedelta(minutes=2)
_LONGEST_WAIT = dt.timedelta(hours=1)
_DOUBLINGS = 5
"""Of the lease, until it is longer than the longest wait."""
_MOST_TRIES: Final = 24
"""After so many, about a day, whoever is refused again waits for an administrator."""

REFUNDS_DUE: Final = Due(
    Refund.status == RefundStatus.REQUESTED.value, Refund.due_at <= bindparam("now")
)
REFUNDS: Final = Work(Kind.REFUND, "refunds", Refund.id, Refund.due_at, REFUNDS_DUE)
_TO_SEND: Final = (
    select(Refund, PaymentAttempt.intent_id)
    .outerjoin(Payment, Payment.id == Refund.payment_id)
    .outerjoin(
        PaymentAttempt,
        or_(
            PaymentAttempt.id == Payment.captured_by,
            and_(
                PaymentAttempt.order_id == Refund.order_id,
                PaymentAttempt.status == AttemptStatus.PAID.value,
            ),
        ),
    )
    .where(Refund.id == bindparam("refund_id"), *REFUNDS_DUE.conditions)
    .with_for_update(of=Refund, skip_locked=True)
)


async def send_due(
    database: Database,
    provider: PaymentProvider,
    clock: Clock,
    limit: int,
) -> int:
    """Send the refunds that are due, those that wait longest first; return how many were tried."""

    async def send(refund_id: UUID) -> bool:
        return await _send(database, provider, refund_id, clock)

    return await ask_due(database, clock, limit, REFUNDS, send, at_once=AT_ONCE)


async def _send(
    database: Database,
    provider: PaymentProvider,
    refund_id: UUID,
    clock: Clock,
) -> bool:
    """Send one refund and note what came of it; False if the provider was not there."""
    async with database.begin() as session:
        now = clock()
        found = await session.execute(_TO_SEND, {"refund_id": refund_id, "now": now})
        claimed = found.one_or_none()
        if claimed is None:
            return True  # another process has it, or the provider's event came first
        refund, intent_id = claimed
        if refund.order_id is None and await _went_to_balance(session, refund, now):
            return True
        refund.due_at = now + _LEASE
        refund.attempts += 1
    # Bounded before it is multiplied: after a month without the provider the power is no duration.
    later = clock() + min(_LEASE * 2 ** min(refund.attempts, _DOUBLINGS), _LONGEST_WAIT)
    try:
        if intent_id is None:
            raise ProviderRefused("no_payment_intent")
        made = await _give_back(provider, refund, intent_id)
    except PaymentsUnavailable:
        async with database.begin() as session:
            await session.execute(update(Refund).where(Refund.id == refund.id).values(due_at=later))
        return False
    except ProviderBroke:
        async with database.begin() as session:
            await _replace(session, refund.id, "provider_error", later, clock())
    except ProviderDisputes as refusal:
        async with database.begin() as session:
            await _replace(session, refund.id, refusal.code, later, clock())
        await _learn_of_disputes(database, provider, str(intent_id), clock)
    except ProviderRefused as refusal:
        async with database.begin() as session:
            await _refused(session, refund, refusal.code, clock())
    else:
        async with database.begin() as session:
            if refund.order_id is None:
                await refunds.record_state(session, refund.id, made, clock())
            else:
                await top_up_returns.record_refund(session, made, str(intent_id), clock())
    return True


async def _went_to_balance(session: AsyncSession, refund: Refund, now: dt.datetime) -> bool:
    """Give back into the balance what waited for a second administrator, or for the end of a dispute."""
    payment = await session.get_one(Payment, refund.of_payment)
    if not await refunds.goes_to_balance(session, payment, refund):
        return False
    await session.refresh(payment, with_for_update=True)
    await refunds.to_balance(session, payment, refund, now)
    return True


async def _give_back(provider: PaymentProvider, refund: Refund, intent_id: str) -> ProviderRefund:
    """Send a refund; should the provider fail at work, look whether it was made all the same."""
    try:
        return await provider.refund(
            intent_id,
            Money(refund.amount, refund.currency),
            str(refund.id),
            f"refund:{refund.id}",
        )
    except ProviderBroke:
        for made in await provider.refunds_of(intent_id):
            if made.refund_id == str(refund.id):
                return made
        raise


async def _learn_of_disputes(
    database: Database, provider: PaymentProvider, intent_id: str, clock: Clock
) -> None:
    """Ask for the dispute that no event has told us of; the refund waits for its end from now on."""
    try:
        found = await provider.disputes_of(intent_id)
    except (PaymentsUnavailable, ProviderRefused):
        return  # the refund is tried again, and this with it
    async with database.begin() as session:
        for dispute in found:
            await disputes.record_dispute(session, dispute, clock(), asked=True)


async def _replace(
    session: AsyncSession, refund_id: UUID, code: str, due_at: dt.datetime, now: dt.datetime
) -> None:
    """Put another refund in the place of one whose key the provider answers by the same failure for ever.

    It waits if the payment is disputed; if no event has told us so yet, it is tried again later, for about a day.
    Nothing takes its place where a bank has taken the money meanwhile, nor for money of a top-up: that is in the
    balance again, and the employer asks anew.
    """
    if await _is_of_top_up(session, refund_id):
        await _keep_in_balance(session, refund_id, code, now)
        return
    its_payment = select(Payment).join(Refund, Refund.payment_id == Payment.id)
    locked = its_payment.where(Refund.id == refund_id).with_for_update(of=Payment)
    payment = (await session.scalars(locked.execution_options(populate_existing=True))).one()
    if not await _fail(session, refund_id, code, now):
        return
    refund = await session.get_one(Refund, refund_id, populate_existing=True)
    left = payment.amount - await charges.given_up(session, payment.id)
    if left <= 0:
        refund.status, refund.failure_code = RefundStatus.CANCELLED, rules.TAKEN_BY_BANK
        return
    if refund.attempts >= _MOST_TRIES:
        await refunds.alert_failed(session, refund, code, now)
        return
    disputed = await charges.is_disputed(session, refund.of_payment)
    session.add(
        Refund(
            id=new_id(),
            payment_id=refund.payment_id,
            status=RefundStatus.WAITING if disputed else RefundStatus.REQUESTED,
            amount=min(refund.amount, left),
            currency=refund.currency,
            reason=refund.reason,
            requested_by=refund.requested_by,
            attempts=refund.attempts,
            due_at=None if disputed else due_at,
            created_at=now,
            updated_at=now,
        )
    )


async def _is_of_top_up(session: AsyncSession, refund_id: UUID) -> bool:
    query = select(Refund.order_id).where(Refund.id == refund_id)
    return await session.scalar(query) is not None


async def _keep_in_balance(
    session: AsyncSession, refund_id: UUID, code: str, now: dt.datetime
) -> None:
    of_it = select(Order).join(Refund, Refund.order_id == Order.id).where(Refund.id == refund_id)
    order = (await session.scalars(of_it.with_for_update(of=Order))).one()
    if await _fail(session, refund_id, code, now):
        refund = await session.get_one(Refund, refund_id, populate_existing=True)
        await top_up_returns.keep_in_balance(session, order.employer_id, refund, now)


async def _refused(session: AsyncSession, refund: Refund, code: str, now: dt.datetime) -> None:
    if refund.order_id is not None:
        await _keep_in_balance(session, refund.id, code, now)
        return
    if await _fail(session, refund.id, code, now):
        await refunds.alert_failed(session, refund, code, now)


async def _fail(session: AsyncSession, refund_id: UUID, code: str, now: dt.datetime) -> bool:
    """Note that a refund was not made; False if the provider's event came first."""
    statement = (
        update(Refund)
        .where(Refund.id == refund_id, Refund.status.in_(rules.TO_SEND))
        .values(status=RefundState.FAILED, failure_code=code[:64], due_at=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    return await rows_changed(session, statement) == 1
