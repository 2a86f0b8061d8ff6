"""Suspense: money that was taken and does not fit what was asked for, until an administrator decides.

The money is a payment of its own, of the amount that was really taken, with status `in_review`; while it stands
so, no other page is opened for its lead. Money of the provider's other mode (test money on a live server) is in
no account of ours, so it is listed and not booked.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.core.money import Money
from app.identity.actor import Actor
from app.payments import charges, ledger, open_items, orders, quotes, refunds, rules
from app.payments.models import OpenItem, Order, Payment, PaymentAttempt
from app.payments.open_items import ItemKind, ItemOutcome, OpenItemNotFound
from app.payments.provider import Checkout
from app.payments.rules import MISMATCH, PaymentStatus

_OTHER_MODE: Final = "livemode"


class PaymentInReview(Conflict):
    """Something else was paid for this lead than was asked."""

    code = "payment_in_review"
    detail = (
        "A payment for this lead arrived that differs from what was asked. We are checking it: the contact is "
        "unlocked, or the money goes back. You need not pay again."
    )


class OtherMode(Conflict):
    """The money is none of this account's mode: there is nothing to give back or to keep."""

    code = "suspense_other_mode"
    detail = "This was paid in the provider's other mode (test or live): close the item instead."


class BuyerNotActive(Conflict):
    """A restricted, suspended or erased account buys nothing."""

    code = "suspense_buyer_not_active"
    detail = (
        "The employer's account is not active, so nothing is unlocked for it: give the money back."
    )
    remedy = "Send it with the action `refund`, or reinstate the account first."


class NothingToClose(Conflict):
    """Money that is there is given back or settled."""

    code = "suspense_not_empty"
    detail = "The money is there: refund or settle it."


async def set_aside(
    session: AsyncSession,
    order: Order,
    attempt: PaymentAttempt,
    checkout: Checkout,
    differs: list[str],
    now: dt.datetime,
) -> None:
    """Book what was taken for `order` to suspense, once, and open an item for administrators for each lead.

    It becomes an order of its own; of several leads each gets its share of the money. The caller has locked `order`,
    and no attempt has the intent yet.
    """
    asked_for = await orders.payments_of(session, order.id)
    if not asked_for:
        await _set_top_up_aside(session, order, attempt, checkout, differs, now)
        return
    _, taken = await orders.add_captured(
        session,
        order,
        checkout,
        rules.shares(checkout.paid.amount, [payment.amount for payment in asked_for]),
        PaymentStatus.IN_REVIEW,
        now,
        provider=attempt.provider,
        failure_code=MISMATCH,
    )
    for payment, asked in zip(taken, asked_for, strict=True):
        if _OTHER_MODE not in differs:
            await ledger.book(
                session,
                f"capture:{payment.id}",
                rules.set_aside(payment.amount),
                currency=payment.currency,
                payment_id=payment.id,
                now=now,
                provider=attempt.provider,
                provider_ref=checkout.intent_id,
            )
        await open_items.add(
            session,
            ItemKind.SUSPENSE,
            f"suspense:{payment.id}",
            now,
            payment_id=payment.id,
            money=Money(payment.amount, payment.currency),
            details={
                "differs": differs,
                "asked_for": {"amount": asked.amount, "currency": asked.currency},
                "payment_id": str(asked.id),
            },
        )


async def _set_top_up_aside(
    session: AsyncSession,
    order: Order,
    attempt: PaymentAttempt,
    checkout: Checkout,
    differs: list[str],
    now: dt.datetime,
) -> None:
    """Set aside what was paid for a top-up; administrators settle it at the provider, for there is no lead."""
    taken, _ = await orders.add_captured(
        session,
        order,
        checkout,
        [],
        PaymentStatus.IN_REVIEW,
        now,
        provider=attempt.provider,
        failure_code=MISMATCH,
    )
    if _OTHER_MODE not in differs:
        await ledger.book(
            session,
            f"capture:{taken.order_id}",
            rules.set_aside(checkout.paid.amount),
            currency=checkout.paid.currency,
            payment_id=None,
            now=now,
            provider=attempt.provider,
            provider_ref=checkout.intent_id,
        )
    await open_items.add(
        session,
        ItemKind.UNKNOWN_PAYMENT,
        f"unknown:{checkout.intent_id}",
        now,
        money=checkout.paid,
        details={"differs": differs, "order_id": str(order.id)},
    )


async def get_item(session: AsyncSession, item_id: UUID) -> tuple[OpenItem, Payment]:
    """Return an open item of suspense and its payment, both locked. Raises `OpenItemNotFound`, `OpenItemClosed`."""
    query = select(OpenItem.payment_id).where(
        OpenItem.id == item_id, OpenItem.kind == ItemKind.SUSPENSE
    )
    locked = select(Payment).where(Payment.id == query.scalar_subquery()).with_for_update()
    payment = await session.scalar(locked.execution_options(populate_existing=True))
    if payment is None:
        raise OpenItemNotFound
    return await open_items.get_locked(session, item_id), payment


async def refund(
    session: AsyncSession, item_id: UUID, reason: str, actor: Actor, now: dt.datetime
) -> OpenItem:
    """Give the money back. The lead can be bought again once it is there.

    Raises `OpenItemNotFound`, `OpenItemClosed`, `OtherMode`, `PaymentDisputed` or `PaymentNotRefundable`.
    """
    item, payment = await get_item(session, item_id)
    if _OTHER_MODE in item.details["differs"]:
        raise OtherMode
    await refunds.request(session, payment.id, None, reason, actor, now, in_review=True)
    return await open_items.close(session, item, ItemOutcome.REFUNDED, reason, actor, now)


async def take_as_paid(
    session: AsyncSession,
    item: OpenItem,
    payment: Payment,
    reason: str,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Make revenue of the money, with the taxes in it, and close the item.

    The caller unlocks the lead and issues the invoice.

    Raises `OtherMode`, or `PaymentNotRefundable` if the money has gone.
    """
    if _OTHER_MODE in item.details["differs"]:
        raise OtherMode
    left = payment.amount - await charges.given_up(session, payment.id)
    if left <= 0 or payment.status != PaymentStatus.IN_REVIEW:
        raise refunds.PaymentNotRefundable
    payment.status = rules.after_refunds(payment.amount, payment.refunded_amount)
    payment.failure_code, payment.updated_at = None, now
    quote = await quotes.quote(session, payment.employer_id, Money(left, payment.currency))
    payment.quote = quote.as_json()
    await session.flush()
    await ledger.book(
        session,
        f"settle:{payment.id}",
        rules.settle_suspense(left, quote.tax),
        currency=payment.currency,
        payment_id=payment.id,
        now=now,
        provider=await orders.provider_of(session, payment),
        provider_ref=payment.intent_id,
    )
    await open_items.close(session, item, ItemOutcome.SETTLED, reason, actor, now)


async def close_other_mode(
    session: AsyncSession, item_id: UUID, reason: str, actor: Actor, now: dt.datetime
) -> OpenItem:
    """Close an item whose money is of the provider's other mode.

    Raises `OpenItemNotFound`, `OpenItemClosed` or `NothingToClose`.
    """
    item, payment = await get_item(session, item_id)
    if _OTHER_MODE not in item.details["differs"]:
        raise NothingToClose
    payment.status, payment.updated_at = PaymentStatus.CANCELLED, now
    return await open_items.close(session, item, ItemOutcome.CLOSED, reason, actor, now)


async def taken_back(
    session: AsyncSession, payment: Payment, now: dt.datetime, *, again: bool = False
) -> None:
    """Close the item of a payment in review whose money a bank took; `again` is for money it gave us after all."""
    payment.status = PaymentStatus.IN_REVIEW if again else PaymentStatus.CANCELLED
    payment.updated_at = now
    await session.flush()
    if again:
        await open_items.reopen(session, f"suspense:{payment.id}", now)
        return
    await open_items.close_key(
        session, f"suspense:{payment.id}", "the bank gave the money back", now
    )
