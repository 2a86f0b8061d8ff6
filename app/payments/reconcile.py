"""Asking the provider about payments whose events did not come: a lost one costs minutes, no lead."""

import datetime as dt
from collections.abc import Callable
from typing import Final

from sqlalchemy import Integer, bindparam, select, update

from app.core.logging import logger
from app.db import Database
from app.due import Due
from app.payments import rules
from app.payments.models import Payment
from app.payments.provider import (
    Checkout,
    CheckoutState,
    PaymentProvider,
    PaymentsUnavailable,
    ProviderBroke,
    ProviderRefused,
)
from app.payments.rules import PaymentAction
from app.payments.settle import move, settle

ASK_EVERY = dt.timedelta(minutes=5)
PAYMENTS_DUE: Final = Due(Payment.check_at <= bindparam("now"))
_TO_ASK: Final = (
    select(Payment)
    .where(*PAYMENTS_DUE.conditions)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)


async def check_due(
    database: Database,
    provider: PaymentProvider,
    clock: Callable[[], dt.datetime],
    limit: int,
    *,
    livemode: bool,
) -> int:
    """Ask about the payments that are due and settle what is learnt; return how many were asked."""
    now = clock()
    if not await PAYMENTS_DUE.finds(database, now):
        return 0
    async with database.begin() as session:
        due = list(await session.scalars(_TO_ASK, {"now": now, "limit": limit}))
        for payment in due:
            payment.check_at = now + ASK_EVERY
    for payment in due:
        try:
            checkout = await _ask(provider, payment)
        except (PaymentsUnavailable, ProviderRefused) as error:
            logger().warning(
                "payment_not_reconciled", payment_id=str(payment.id), exc_type=type(error).__name__
            )
            continue
        async with database.begin() as session:
            if checkout is not None:
                await settle(session, checkout, clock(), livemode=livemode)
            elif payment.expires_at is not None and payment.expires_at <= now:
                await move(session, payment.id, PaymentAction.EXPIRE, now)
            if payment.status not in rules.OPEN and not _still_moving(checkout):
                stop = update(Payment).where(Payment.id == payment.id).values(check_at=None)
                await session.execute(stop)
    return len(due)


def _still_moving(checkout: Checkout | None) -> bool:
    """Whether money may yet come, although we have given the payment up."""
    return checkout is not None and checkout.state is CheckoutState.PROCESSING


async def _ask(provider: PaymentProvider, payment: Payment) -> Checkout | None:
    """Return how the page stands, or None if there is none.

    An open one that we have given up is closed: it must not be paid any more.
    """
    if payment.session_id is None:
        return None
    try:
        checkout = await provider.checkout(payment.session_id)
    except ProviderBroke:
        raise
    except ProviderRefused:
        return None
    if payment.status not in rules.OPEN and checkout.state is CheckoutState.OPEN:
        await provider.expire_checkout(payment.session_id)
    return checkout
