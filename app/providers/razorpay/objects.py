"""Razorpay's objects in our own types.

Sources: the entity pages of Razorpay's API reference (https://razorpay.com/docs/api/payments/payment-links/entity,
…/payments/entity, …/refunds/entity, …/disputes/entity) and the sample payloads of its webhooks
(https://razorpay.com/docs/webhooks/payment-links, …/refunds, …/disputes), read in November 2026.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from app.payments.provider import (
    Checkout,
    CheckoutState,
    DisputeChanged,
    Movement,
    MovementKind,
    ProviderRefund,
    RefundState,
)
from app.payments.rules import DisputeStatus
from app.providers.razorpay.currencies import RAZORPAY_CURRENCIES

NAME: Final = "razorpay"
LONGEST: Final = dt.timedelta(days=180)
"""A link without `expire_by` is open for six months."""

_LINK_STATES: Final = {
    "created": CheckoutState.OPEN,
    "partially_paid": CheckoutState.PAID,
    "paid": CheckoutState.PAID,
    "expired": CheckoutState.EXPIRED,
    "cancelled": CheckoutState.EXPIRED,
}
_MOVEMENTS: Final = {"payment": MovementKind.CAPTURE, "refund": MovementKind.REFUND}
_REFUND_STATES: Final = {
    "processed": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
}


def link_of(link: Mapping[str, Any], *, livemode: bool, intent_id: str | None = None) -> Checkout:
    """Return a payment link. Raises KeyError for another object.

    Of its payments only captured ones are listed, and none in webhooks: there `intent_id` is the payment's. We
    allow no partial payments; one that was made all the same is money taken, and not the price. A link that
    ended may have been paid a moment before.
    """
    paid = [each["payment_id"] for each in link.get("payments") or () if each.get("payment_id")]
    number = link["amount"]
    state = _LINK_STATES[link["status"]]
    if link["amount_paid"] and state is not CheckoutState.OPEN:
        number, state = link["amount_paid"], CheckoutState.PAID
    ends = link["expire_by"] or link["created_at"] + int(LONGEST.total_seconds())
    return Checkout(
        session_id=link["id"],
        url=link["short_url"] if state is CheckoutState.OPEN else None,
        state=state,
        expires_at=dt.datetime.fromtimestamp(ends, dt.UTC),
        paid=RAZORPAY_CURRENCIES.from_provider(number, link["currency"]),
        livemode=livemode,
        payment_id=note(link, "payment_id"),
        intent_id=intent_id or (paid[0] if paid else None),
    )


def captured(payment: Mapping[str, Any], *, livemode: bool) -> Checkout:
    """Return what a captured payment says of the link that it was made on, whose notes it carries."""
    return Checkout(
        session_id="",
        url=None,
        state=CheckoutState.PAID,
        expires_at=dt.datetime.fromtimestamp(payment["created_at"], dt.UTC),
        paid=RAZORPAY_CURRENCIES.from_provider(payment["amount"], payment["currency"]),
        livemode=livemode,
        payment_id=note(payment, "payment_id"),
        intent_id=payment["id"],
    )


def refund_of(refund: Mapping[str, Any]) -> ProviderRefund:
    """Return a refund. Razorpay gives no reason for one that failed."""
    state = _REFUND_STATES.get(refund["status"], RefundState.PENDING)
    return ProviderRefund(
        provider_id=refund["id"],
        state=state,
        amount=RAZORPAY_CURRENCIES.from_provider(refund["amount"], refund["currency"]),
        failure_code="failed_at_provider" if state is RefundState.FAILED else None,
        refund_id=note(refund, "refund_id"),
    )


def dispute_of(dispute: Mapping[str, Any]) -> DisputeChanged:
    """Return a dispute.

    In the phases `fraud` and `retrieval` the bank only asks. One that is `closed` ended without a decision: lost
    if something was deducted.
    """
    match dispute["status"]:
        case "closed":
            status = DisputeStatus.LOST if dispute["amount_deducted"] else DisputeStatus.WON
        case "won" | "lost" as decided:
            status = DisputeStatus(decided)
        case _:
            asks = dispute.get("phase") in {"fraud", "retrieval"}
            only_asks = asks and not dispute["amount_deducted"]
            status = DisputeStatus.INQUIRY if only_asks else DisputeStatus.OPENED
    return DisputeChanged(
        provider_id=dispute["id"],
        intent_id=dispute["payment_id"],
        status=status,
        amount=RAZORPAY_CURRENCIES.from_provider(dispute["amount"], dispute["currency"]),
        taken=bool(dispute["amount_deducted"]),
    )


def movement_of(line: Mapping[str, Any]) -> Movement | None:
    """Return a line of a settlement report; None for transfers to others.

    `credit` and `debit` are after fees, `amount` before. An adjustment is about a dispute where it names one;
    any other gave a refund back that had failed, or is of Razorpay's own making.
    """
    kind = _MOVEMENTS.get(line["type"])
    ref = line["entity_id"]
    if line["type"] == "adjustment":
        taken = bool(line["debit"])
        if line["dispute_id"]:
            ref = line["dispute_id"]
            kind = MovementKind.DISPUTE if taken else MovementKind.DISPUTE_REVERSED
        else:
            kind = MovementKind.FEE if taken else MovementKind.REFUND_FAILED
            ref = line["payment_id"] or ref
    if kind is None:
        return None
    return Movement(
        id=line["entity_id"],
        kind=kind,
        ref=ref,
        amount=RAZORPAY_CURRENCIES.from_provider(line["amount"], line["currency"]),
        fee=RAZORPAY_CURRENCIES.from_provider(line["fee"], line["currency"]),
    )


def note(thing: Mapping[str, Any], name: str) -> str | None:
    """Return one of the notes, which are `[]` or null where there are none."""
    notes = thing.get("notes")
    value = notes.get(name) if isinstance(notes, Mapping) else None
    return value if isinstance(value, str) else None
