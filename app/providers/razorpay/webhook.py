"""Razorpay's webhook: its signature, and its events in our own words.

Sources: https://razorpay.com/docs/webhooks/validate-test (the HMAC-SHA256 of the raw body in
`X-Razorpay-Signature`, no time in it; the same event has the same `x-razorpay-event-id`; no order is promised),
https://razorpay.com/docs/webhooks/payment-links, …/payments, …/refunds, …/disputes, read in November 2026.
"""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.payments.provider import (
    AttemptFailed,
    CheckoutChanged,
    EventsNotConfigured,
    ProviderEvent,
    RefundChanged,
    SignatureInvalid,
    SignedEvent,
)
from app.providers.razorpay.objects import NAME, captured, dispute_of, link_of, note, refund_of

SIGNATURE_HEADER: Final = "x-razorpay-signature"
EVENT_ID_HEADER: Final = "x-razorpay-event-id"
_LINK_EVENTS: Final = frozenset(
    f"payment_link.{word}" for word in ("paid", "partially_paid", "expired", "cancelled")
)
_REFUND_EVENTS: Final = frozenset(
    f"refund.{word}" for word in ("created", "processed", "failed", "speed_changed")
)


class RazorpayEvents:
    """The events of one Razorpay account, signed with one of `secrets`.

    `account_id` is ours (`acc_…`); empty, no event's is compared with it.
    """

    name = NAME

    def __init__(
        self, secrets: Sequence[str], *, livemode: bool = False, account_id: str = ""
    ) -> None:
        self._secrets = secrets
        self.livemode = livemode
        self._account_id = account_id

    def verify(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> SignedEvent:
        """Return the event in `body`. Raises `EventsNotConfigured`, `SignatureInvalid`.

        The event's id stands in a header, which nobody has signed. So does the hash of the body stand for it
        where it is missing: what is replayed under another id is found to have been applied.
        """
        if not self._secrets:
            raise EventsNotConfigured
        given = headers.get(SIGNATURE_HEADER, "").strip().lower().encode()
        expected = [
            hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
            for secret in self._secrets
        ]
        if not any(hmac.compare_digest(each, given) for each in expected):
            raise SignatureInvalid
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            raise SignatureInvalid from None
        kind = event.get("event") if isinstance(event, dict) else None
        if not isinstance(kind, str) or not kind.isprintable() or not kind:
            raise SignatureInvalid
        id_ = headers.get(EVENT_ID_HEADER, "").strip()
        if not id_ or not id_.isprintable():
            id_ = f"sha256:{hashlib.sha256(body).hexdigest()}"
        return SignedEvent(id_, kind, event)

    def stranger(self, event: Mapping[str, Any]) -> str | None:
        """Return `account` for an event of another account, `livemode` where it names a key of the other mode.

        Every event has an `account_id`: one secret may be set for the webhooks of several accounts. Only the order
        of a paid link names a key (`public_key`); else the mode is that of the webhook, whose secret is its own.
        """
        if self._account_id and event.get("account_id") != self._account_id:
            return "account"
        order = _entity(event, "order")
        key = (order or {}).get("public_key")
        if not isinstance(key, str) or not key.startswith("rzp_"):
            return None
        return None if key.startswith("rzp_live_") is self.livemode else "livemode"

    def parse(self, event: Mapping[str, Any]) -> ProviderEvent | None:
        """Return the event in our own words; see `event_of`."""
        return event_of(event, livemode=self.livemode)


def event_of(event: Mapping[str, Any], *, livemode: bool) -> ProviderEvent | None:
    """Return a verified event in our own types, or None for one without a consequence.

    `payment.authorized` is one of those: what is authorized is captured by itself, or goes back. Raises KeyError,
    TypeError or ValueError for an event of a known type without its shape.
    """
    kind = str(event.get("event"))
    if kind in _LINK_EVENTS:
        payment = _entity(event, "payment") or {}
        link = event["payload"]["payment_link"]["entity"]
        return CheckoutChanged(link_of(link, livemode=livemode, intent_id=payment.get("id")))
    if kind in {"payment.captured", "payment.failed"}:
        return _of_payment(event["payload"]["payment"]["entity"], kind, livemode=livemode)
    if kind in _REFUND_EVENTS:
        refund = event["payload"]["refund"]["entity"]
        return RefundChanged(refund_of(refund), refund["payment_id"])
    if kind.startswith("payment.dispute."):
        at = dt.datetime.fromtimestamp(event["created_at"], dt.UTC)
        return replace(dispute_of(event["payload"]["dispute"]["entity"]), at=at)
    return None


def _of_payment(payment: Mapping[str, Any], kind: str, *, livemode: bool) -> ProviderEvent | None:
    payment_id = note(payment, "payment_id")
    if payment_id is None:
        return None  # something else is sold through the same account
    if kind == "payment.captured":
        return CheckoutChanged(captured(payment, livemode=livemode))
    code = payment.get("error_reason") or payment.get("error_code") or "failed"
    # The link stays open for another try.
    return AttemptFailed(payment_id, str(code), final=False)


def _entity(event: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    payload = event.get("payload")
    wrapped = payload.get(name) if isinstance(payload, Mapping) else None
    entity = wrapped.get("entity") if isinstance(wrapped, Mapping) else None
    return entity if isinstance(entity, Mapping) else None
