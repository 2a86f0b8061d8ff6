"""Ask the provider about payments whose events did not come, so that a lost event costs no lead."""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, update

from app.attempts.work import Kind, Work, ask_due
from app.core.clocks import Clock
from app.core.logging import logger
from app.database.due import Due
from app.database.session import Database
from app.payments import orders
from app.payments.checkout import find_charge
from app.payments.models import PaymentAttempt
from app.payments.provider import (
    Checkout,
    CheckoutState,
    PaymentProvider,
    PaymentsUnavailable,
    ProviderHasNot,
    ProviderRefused,
)
from app.payments.rules import AttemptStatus, PaymentAction
from app.payments.settle import settle

ASK_EVERY = dt.timedelta(minutes=5)
"""How often at least a payment is asked about in the hours in which somebody may wait for it."""
LONGEST: Final = dt.timedelta(hours=6)
"""Between two questions about an old one: a slow payment takes days."""
AT_ONCE: Final = 8
"""Payments that are asked about side by side: providers allow tens of requests a second."""
PAYMENTS_DUE: Final = Due(PaymentAttempt.check_at <= bindparam("now"))
CHECKS: Final = Work(
    Kind.PAYMENT_CHECK,
    "reconcile_payments",
    PaymentAttempt.id,
    PaymentAttempt.check_at,
    PAYMENTS_DUE,
)
NEWEST_CHECKS: Final = Work(
    Kind.PAYMENT_CHECK,
    "reconcile_payments",
    PaymentAttempt.id,
    PaymentAttempt.created_at.desc(),
    PAYMENTS_DUE,
)
"""The same payments, newest first: somebody waits for those, and a backlog never keeps them waiting."""
_TO_ASK: Final = (
    select(PaymentAttempt)
    .where(PaymentAttempt.id == bindparam("attempt_id"), *PAYMENTS_DUE.conditions)
    .with_for_update(skip_locked=True)
)


async def check_due(
    database: Database,
    provider: PaymentProvider,
    clock: Clock,
    limit: int,
) -> int:
    """Ask about the payments that are due and settle what is learnt: half of them the newest, then who waits longest.

    Returns how many were asked about.
    """

    async def check(attempt_id: UUID) -> bool:
        return await _check(database, provider, attempt_id, clock)

    newest = (limit + 1) // 2
    asked = await ask_due(database, clock, newest, NEWEST_CHECKS, check, at_once=AT_ONCE)
    if asked < newest:
        return asked
    return asked + await ask_due(database, clock, limit - asked, CHECKS, check, at_once=AT_ONCE)


async def _check(
    database: Database,
    provider: PaymentProvider,
    attempt_id: UUID,
    clock: Clock,
) -> bool:
    """Ask about one attempt and settle what is learnt; False if the provider was not there."""
    async with database.begin() as session:
        now = clock()
        attempt = await session.scalar(_TO_ASK, {"attempt_id": attempt_id, "now": now})
        if attempt is None:
            return True  # another process asks, or there is nothing to ask any more
        attempt.check_at = now + min(max((now - attempt.created_at) / 4, ASK_EVERY), LONGEST)
    try:
        checkout = await _ask(provider, attempt)
    except (PaymentsUnavailable, ProviderRefused) as error:
        logger().warning(
            "payment_not_reconciled", order_id=str(attempt.order_id), exc_type=type(error).__name__
        )
        return not isinstance(error, PaymentsUnavailable)
    async with database.begin() as session:
        if checkout is not None:
            await settle(session, checkout, clock(), livemode=provider.livemode)
        elif (
            attempt.status == AttemptStatus.OPEN
            and attempt.expires_at is not None
            and attempt.expires_at <= now
        ):
            await orders.move(session, attempt.order_id, PaymentAction.EXPIRE, now)
        if attempt.status != AttemptStatus.OPEN and not _still_moving(checkout):
            stop = update(PaymentAttempt).where(PaymentAttempt.id == attempt.id)
            await session.execute(stop.values(check_at=None))
    return True


def _still_moving(checkout: Checkout | None) -> bool:
    """Whether money may yet come, although we have given the attempt up."""
    return checkout is not None and checkout.state is CheckoutState.PROCESSING


async def _ask(provider: PaymentProvider, attempt: PaymentAttempt) -> Checkout | None:
    """Return the state of the page, or None if the provider says that there is none.

    An open one that we have given up is closed: it must not be paid any more.
    """
    if attempt.session_id is None:
        return await find_charge(provider, attempt)
    try:
        checkout = await provider.checkout(attempt.session_id)
    except ProviderHasNot:
        return None
    if attempt.status != AttemptStatus.OPEN and checkout.state is CheckoutState.OPEN:
        await provider.expire_checkout(attempt.session_id)
    return checkout
