"""Stripe: hosted checkout, refunds, and its signed events. The only place that knows its wire format.

The SDK does not retry by itself (`max_network_retries` is 0 on a client), so it is told to; every call
that changes something carries an idempotency key, so a retry can't do it twice.
"""

import asyncio
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

import stripe

from app.core.money import Money
from app.core.settings import Settings
from app.payments.provider import (
    AttemptFailed,
    Checkout,
    CheckoutChanged,
    CheckoutRequest,
    CheckoutState,
    DisputeChanged,
    PaymentProvider,
    PaymentsUnavailable,
    ProviderBroke,
    ProviderEvent,
    ProviderRefund,
    ProviderRefused,
    RefundChanged,
    RefundState,
)

ANSWER_SECONDS = 4.0
"""For one call with all its tries: somebody waits for a payment page, and is answered within five seconds.
What came of it is then unknown, and the same key finds out."""
NETWORK_RETRIES = 2
SIGNATURE_TOLERANCE_SECONDS = 300
"""How old a signed event may be, by Stripe's own advice: an older one is a replay."""

_REFUND_STATES = {
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


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


class SignatureInvalid(Exception):
    """An event was not signed by the provider, or long ago."""


class StripePayments:
    """The provider, through Stripe's SDK."""

    def __init__(self, key: str, base_url: str) -> None:
        self._http = stripe.HTTPXClient(timeout=ANSWER_SECONDS)
        self._client = stripe.StripeClient(
            key,
            http_client=self._http,
            max_network_retries=NETWORK_RETRIES,
            base_addresses={"api": base_url},
        )

    async def close(self) -> None:
        """Close the connections to Stripe."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def create_customer(self, employer_id: str, company_name: str, key: str) -> str:
        """Create the customer under which an employer's cards are kept."""
        created = await _call(
            self._client.v1.customers.create_async(
                {"name": company_name, "metadata": {"employer_id": employer_id}},
                {"idempotency_key": key},
            )
        )
        return str(created.id)

    async def create_checkout(self, request: CheckoutRequest, key: str) -> Checkout:
        """Open a hosted page; our ids travel in the metadata of the page and of the payment."""
        metadata = {"payment_id": request.payment_id, "match_id": request.match_id}
        created = await _call(
            self._client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "customer": request.customer_id,
                    "client_reference_id": request.payment_id,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": request.price.currency.lower(),
                                "unit_amount": request.price.amount,
                                "product_data": {"name": request.description},
                            },
                        }
                    ],
                    "metadata": metadata,
                    "payment_intent_data": {"metadata": metadata},
                    "saved_payment_method_options": {"payment_method_save": "enabled"},
                    "success_url": f"{request.return_url}?paid={request.payment_id}",
                    "cancel_url": request.return_url,
                    "expires_at": int(request.expires_at.timestamp()),
                },
                {"idempotency_key": key},
            )
        )
        return checkout_of(created.to_dict())

    async def checkout(self, session_id: str) -> Checkout:
        """Ask how a page stands."""
        found = await _call(self._client.v1.checkout.sessions.retrieve_async(session_id))
        return checkout_of(found.to_dict())

    async def expire_checkout(self, session_id: str) -> None:
        """Close a page."""
        await _call(self._client.v1.checkout.sessions.expire_async(session_id))

    async def refund(
        self, intent_id: str, amount: Money, refund_id: str, key: str
    ) -> ProviderRefund:
        """Refund a payment, wholly or in part; our id travels in the metadata."""
        made = await _call(
            self._client.v1.refunds.create_async(
                {
                    "payment_intent": intent_id,
                    "amount": amount.amount,
                    "metadata": {"refund_id": refund_id},
                },
                {"idempotency_key": key},
            )
        )
        return refund_of(made.to_dict())

    async def refunds_of(self, intent_id: str) -> list[ProviderRefund]:
        """List the refunds of a payment, newest first; a lead has never more than a page of them."""
        found = await _call(
            self._client.v1.refunds.list_async({"payment_intent": intent_id, "limit": 100})
        )
        return [refund_of(made.to_dict()) for made in found.data]


async def _call(answer: Any) -> Any:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer
    except TimeoutError as error:
        raise PaymentsUnavailable from error
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise PaymentsUnavailable from error
    except stripe.StripeError as error:
        if error.http_status is None or error.code == "idempotency_key_in_use":
            raise PaymentsUnavailable from error
        # The API replays an answered 500 for as long as the key is the same.
        kind = ProviderBroke if error.http_status >= 500 else ProviderRefused
        raise kind(error.code or type(error).__name__) from error


def checkout_of(session: Mapping[str, Any]) -> Checkout:
    """Return a checkout session of the wire as our own. Raises KeyError when it is none."""
    if session["payment_status"] in {"paid", "no_payment_required"}:
        state = CheckoutState.PAID
    elif session["status"] == "open":
        state = CheckoutState.OPEN
    elif session["status"] == "expired":
        state = CheckoutState.EXPIRED
    else:
        state = CheckoutState.PROCESSING
    return Checkout(
        session_id=session["id"],
        url=session.get("url"),
        state=state,
        expires_at=dt.datetime.fromtimestamp(session["expires_at"], dt.UTC),
        paid=Money(session["amount_total"], session["currency"].upper()),
        livemode=session["livemode"] is True,
        payment_id=(session.get("metadata") or {}).get("payment_id"),
        intent_id=_id_of(session.get("payment_intent")),
    )


def refund_of(refund: Mapping[str, Any]) -> ProviderRefund:
    """Return a refund of the wire as our own."""
    return ProviderRefund(
        provider_id=refund["id"],
        state=_REFUND_STATES.get(refund["status"], RefundState.PENDING),
        amount=Money(refund["amount"], refund["currency"].upper()),
        failure_code=refund.get("failure_reason"),
        refund_id=(refund.get("metadata") or {}).get("refund_id"),
    )


def event_of(event: Mapping[str, Any]) -> ProviderEvent | None:
    """Return a verified event in our own words, or None for one that means nothing to us.

    `charge.refunded` is one of these: the refund's own events say the same and which refund it was.
    Raises KeyError, TypeError or ValueError when an event of a known type has not its shape.
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
    intent_id = _id_of(thing["payment_intent"]) or ""
    if kind in _REFUND_EVENTS:
        return RefundChanged(refund_of(thing), intent_id)
    return DisputeChanged(
        provider_id=thing["id"],
        intent_id=intent_id,
        status=_dispute_status(str(thing["status"])),
        amount=Money(thing["amount"], thing["currency"].upper()),
    )


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
    if kind == "payment_intent.payment_failed":
        failure = intent.get("last_payment_error") or {}
        code = failure.get("decline_code") or failure.get("code") or "declined"
        return AttemptFailed(payment_id, str(code), final=False)
    if kind == "payment_intent.canceled":
        # With a page that ran out its payment is cancelled too; the page's own event says it better.
        reason = intent.get("cancellation_reason")
        return None if reason == "expired" else AttemptFailed(payment_id, "cancelled", final=True)
    paid = kind == "payment_intent.succeeded"
    if not paid and kind != "payment_intent.processing":
        return None
    amount = intent["amount_received"] if paid else intent["amount"]
    return CheckoutChanged(
        Checkout(
            session_id="",
            url=None,
            state=CheckoutState.PAID if paid else CheckoutState.PROCESSING,
            expires_at=dt.datetime.fromtimestamp(intent["created"], dt.UTC),
            paid=Money(amount, intent["currency"].upper()),
            livemode=intent["livemode"] is True,
            payment_id=payment_id,
            intent_id=intent["id"],
        )
    )


def _dispute_status(status: str) -> str:
    if status.startswith("warning_"):
        return "inquiry"
    if status == "prevented":  # settled before the bank took anything
        return "won"
    return status if status in {"won", "lost"} else "opened"


def _id_of(value: Any) -> str | None:
    """Return the id of something that comes as an id or, expanded, as an object."""
    if isinstance(value, Mapping):
        return str(value["id"])
    return str(value) if value else None


def verified_event(
    body: bytes, header: str, secrets: Sequence[str], now: dt.datetime
) -> dict[str, Any]:
    """Return the event that `body` holds, if one of `secrets` signed it within the tolerance.

    `header` is `Stripe-Signature` (`t=…,v1=…`, HMAC-SHA256 over "t.body"). The SDK's own event
    object costs twenty times as much as this and gives nothing we use. Raises `SignatureInvalid`.
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
    """Whether this is text that any database keeps."""
    return isinstance(value, str) and value != "" and value.isprintable()


def build_payments(settings: Settings) -> PaymentProvider | None:
    """Return the provider, or None when no key is configured."""
    if settings.stripe_key is None:
        return None
    return StripePayments(settings.stripe_key, settings.stripe_url)
