"""Stripe's webhook: its signature, and its events in our own words."""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.payments.provider import (
    ActionRequired,
    AttemptFailed,
    CheckoutChanged,
    EventsNotConfigured,
    ProviderEvent,
    RefundChanged,
    SignatureInvalid,
    SignedEvent,
)
from app.providers.stripe.client import NAME, checkout_of, dispute_of, id_of, intent_of, refund_of

SIGNATURE_HEADER = "stripe-signature"
SIGNATURE_TOLERANCE_SECONDS = 300
"""How old a signed event may be, as Stripe advises; an older one may be a replay."""
_CHECKOUT_EVENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.expired",
    }
)
_REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed"})
_DISPUTE_EVENTS = frozenset(
    f"charge.dispute.{word}"
    for word in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)


class StripeEvents:
    """The events of one Stripe account, signed with one of `secrets`."""

    name = NAME

    def __init__(self, secrets: Sequence[str], *, livemode: bool = False) -> None:
        self._secrets = secrets
        self.livemode = livemode

    def verify(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> SignedEvent:
        """Return the event in `body`. Raises `EventsNotConfigured`, `SignatureInvalid`."""
        if not self._secrets:
            raise EventsNotConfigured
        event = verified_event(body, headers.get(SIGNATURE_HEADER, ""), self._secrets, now)
        return SignedEvent(event["id"], event["type"], event)

    def stranger(self, event: Mapping[str, Any]) -> str | None:
        """Return `livemode` for an event of the other mode, `account` for one of a connected account.

        Only those name an account (Stripe's API reference, "The Event object"); we have none.
        """
        if event.get("account") is not None:
            return "account"
        return "livemode" if event.get("livemode", self.livemode) is not self.livemode else None

    def parse(self, event: Mapping[str, Any]) -> ProviderEvent | None:
        """Return the event in our own words; see `event_of`."""
        return event_of(event)


def event_of(event: Mapping[str, Any]) -> ProviderEvent | None:
    """Return a verified event in our own types, or None for one without a consequence.

    `charge.refunded` is one of those, because the refund's own events also name the refund. Raises KeyError,
    TypeError or ValueError for an event of a known type without its shape.
    """
    kind = str(event.get("type"))
    if kind.startswith("checkout.session."):
        return _of_session(event["data"]["object"], kind)
    if kind.startswith("payment_intent."):
        return _of_intent(event["data"]["object"], kind)
    if kind not in _REFUND_EVENTS and kind not in _DISPUTE_EVENTS:
        return None
    thing = event["data"]["object"]
    if not thing.get("payment_intent"):
        return None
    intent_id = id_of(thing["payment_intent"]) or ""
    if kind in _REFUND_EVENTS:
        return RefundChanged(refund_of(thing), intent_id)
    created = event.get("created")
    at = dt.datetime.fromtimestamp(created, dt.UTC) if isinstance(created, int) else None
    return replace(dispute_of(thing, intent_id), at=at)


def _of_session(session: Mapping[str, Any], kind: str) -> ProviderEvent | None:
    if session.get("mode", "payment") != "payment":
        return None
    if kind == "checkout.session.async_payment_failed":
        payment_id = (session.get("metadata") or {}).get("payment_id")
        return AttemptFailed(payment_id, "async_payment_failed", final=True) if payment_id else None
    return CheckoutChanged(checkout_of(session)) if kind in _CHECKOUT_EVENTS else None


def _of_intent(intent: Mapping[str, Any], kind: str) -> ProviderEvent | None:
    payment_id = (intent.get("metadata") or {}).get("payment_id")
    if payment_id is None:
        return None
    if kind == "payment_intent.requires_action":
        return ActionRequired(payment_id)
    if kind == "payment_intent.payment_failed":
        failure = intent.get("last_payment_error") or {}
        code = failure.get("decline_code") or failure.get("code") or "declined"
        return AttemptFailed(payment_id, str(code), final=False)
    if kind == "payment_intent.canceled":
        # An expired page cancels its payment too; the page has an event of its own.
        reason = intent.get("cancellation_reason")
        return None if reason == "expired" else AttemptFailed(payment_id, "cancelled", final=True)
    paid = kind == "payment_intent.succeeded"
    if not paid and kind != "payment_intent.processing":
        return None
    return CheckoutChanged(intent_of({**intent, "status": kind.removeprefix("payment_intent.")}))


def verified_event(
    body: bytes, header: str, secrets: Sequence[str], now: dt.datetime
) -> dict[str, Any]:
    """Return the event in `body`, if one of `secrets` signed it within the tolerance.

    `header` is `Stripe-Signature` (`t=…,v1=…`, HMAC-SHA256 over "t.body"). The SDK's event object costs twenty
    times as much. Raises `SignatureInvalid`.
    """
    parts = [part.partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name.strip() == "t"]
    given = [value.encode() for name, _, value in parts if name.strip() == "v1"]
    if len(stamps) != 1 or not stamps[0].isdecimal() or len(stamps[0]) > 12:
        raise SignatureInvalid
    if abs(now.timestamp() - int(stamps[0])) > SIGNATURE_TOLERANCE_SECONDS:
        raise SignatureInvalid
    signed = stamps[0].encode() + b"." + body
    expected = [
        hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets
    ]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise SignatureInvalid
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise SignatureInvalid from None
    if not isinstance(event, dict) or not _is_word(event.get("id")):
        raise SignatureInvalid
    if not _is_word(event.get("type")):
        raise SignatureInvalid
    return event


def _is_word(value: Any) -> bool:
    """Whether this is text that can be stored."""
    return isinstance(value, str) and value != "" and value.isprintable()
