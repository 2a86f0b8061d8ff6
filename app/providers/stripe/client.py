"""Stripe's API: hosted checkout and refunds.

The SDK does not retry by itself (`max_network_retries` is 0 on a client), so it is told to. Every call that changes
something carries an idempotency key, so a retry can't do it twice.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import stripe

from app.core.logging import logger
from app.core.metrics import ALERTS
from app.core.money import Money
from app.payments.provider import (
    Books,
    CardRefused,
    Checkout,
    CheckoutRequest,
    CheckoutState,
    DisputeChanged,
    DisputeMove,
    Movement,
    PaymentsMisconfigured,
    PaymentsUnavailable,
    ProviderBroke,
    ProviderDisputes,
    ProviderHasNot,
    ProviderRefund,
    ProviderRefused,
    RefundState,
    SavedCard,
)
from app.payments.provider_currencies import ProviderCurrencies
from app.payments.rules import DECIDED, OWNER_CONFIRMS, DisputeStatus
from app.providers.stripe.currencies import STRIPE_CURRENCIES
from app.providers.stripe.movements import movement_of

NAME = "stripe"
ANSWER_SECONDS = 4.0
"""The time of one call with its retries, because a person waits for the payment page. After it the outcome is
unknown, and the same key finds it out."""
NETWORK_RETRIES = 2
LONGEST_DESCRIPTION = 1_000

_OWN_IDS = ("cs_", "pi_", "ch_", "py_", "re_", "pyr_", "dp_", "du_", "cus_", "pm_", "card_")
_OF_CARD = {"paid_by": "card"}
"""What the metadata of a kept card's charge holds beside our ids."""
_TRY_AGAIN = frozenset({"idempotency_key_in_use", "lock_timeout"})
"""Codes of calls that another one is in the way of."""

_REFUND_STATES = {
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


class StripePayments:
    """A `PaymentProvider` by Stripe's SDK."""

    name = NAME
    currencies: ProviderCurrencies = STRIPE_CURRENCIES
    keeps_customers = True
    books = Books(zone=dt.UTC, lag_days=1)
    """A balance transaction is there at once; a day more is for clocks that differ."""

    def __init__(self, key: str, base_url: str, *, livemode: bool = False) -> None:
        self.livemode = livemode
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

    def owns(self, id_: str) -> bool:
        """Whether an id is of Stripe's making."""
        return id_.startswith(_OWN_IDS)

    async def create_customer(self, employer_id: str, company_name: str, key: str) -> str:
        """Create the customer under which an employer's cards are kept."""
        created = await _call(
            self._client.v1.customers.create_async(
                {"name": company_name, "metadata": {"employer_id": employer_id}},
                {"idempotency_key": key},
            )
        )
        return str(created.id)

    async def forget_customer(self, customer_id: str) -> None:
        """Delete a customer; its cards are detached, and its payments stay."""
        await _call(self._client.v1.customers.delete_async(customer_id))

    async def cards_of(self, customer_id: str) -> list[SavedCard]:
        """Return the cards whose owner agreed on the page that they are kept."""
        found = await _call(
            self._client.v1.customers.payment_methods.list_async(
                customer_id, {"type": "card", "allow_redisplay": "always", "limit": 100}
            )
        )
        return [
            SavedCard(
                str(one.id),
                str(one.card["brand"]),
                str(one.card["last4"]),
                int(one.card["exp_month"]),
                int(one.card["exp_year"]),
            )
            for one in found.data
        ]

    async def forget_card(self, card_id: str) -> None:
        """Detach a card from its customer."""
        await _call(self._client.v1.payment_methods.detach_async(card_id))

    def may_charge_card(self, price: Money) -> bool:
        """Whether one tap may charge a kept card: wherever the law lets it."""
        return price.currency not in OWNER_CONFIRMS

    async def charge_card(self, request: CheckoutRequest, key: str) -> Checkout:
        """Charge a kept card now; a bank that wants its owner refuses, and the payment can then not be paid any more."""
        try:
            made = await _call(
                self._client.v1.payment_intents.create_async(
                    {
                        "amount": STRIPE_CURRENCIES.to_provider(request.price),
                        "currency": request.price.currency.lower(),
                        "customer": request.customer_id or "",
                        "payment_method": request.card_id or "",
                        "description": request.description[:LONGEST_DESCRIPTION],
                        "metadata": _metadata(request) | _OF_CARD,
                        "confirm": True,
                        "error_on_requires_action": True,
                    },
                    {"idempotency_key": key},
                )
            )
        except ProviderHasNot as gone:
            # The card was removed, here or at Stripe.
            raise CardRefused(gone.code) from gone
        return intent_of(made.to_dict())

    async def charge_of(self, request: CheckoutRequest) -> Checkout | None:
        """Look among the customer's newest payments."""
        found = await _call(
            self._client.v1.payment_intents.list_async(
                {"customer": request.customer_id or "", "limit": 100}
            )
        )
        for intent in (each.to_dict() for each in found.data):
            charged = intent_of(intent)
            mine = charged.payment_id == request.payment_id and charged.is_of_card
            if mine and intent["status"] in {"succeeded", "processing"}:
                return charged
        return None

    async def create_checkout(self, request: CheckoutRequest, key: str) -> Checkout:
        """Open a hosted page, with our ids in the metadata of the page and of the payment."""
        metadata = _metadata(request)
        created = await _call(
            self._client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "customer": request.customer_id or "",
                    "client_reference_id": request.payment_id,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": request.price.currency.lower(),
                                "unit_amount": STRIPE_CURRENCIES.to_provider(request.price),
                                "product_data": {"name": request.description},
                            },
                        }
                    ],
                    "metadata": metadata,
                    # An Indian account charges a foreign card only with a description, name and address:
                    # https://docs.stripe.com/india-accept-international-payments
                    "payment_intent_data": {
                        "description": request.description[:LONGEST_DESCRIPTION],
                        "metadata": metadata,
                    },
                    "billing_address_collection": (
                        "auto" if request.price.currency == "INR" else "required"
                    ),
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
        """Return the state of a page."""
        found = await _call(self._client.v1.checkout.sessions.retrieve_async(session_id))
        return checkout_of(found.to_dict())

    async def expire_checkout(self, session_id: str) -> None:
        """Close a page."""
        await _call(self._client.v1.checkout.sessions.expire_async(session_id))

    async def refund(
        self, intent_id: str, amount: Money, refund_id: str, key: str
    ) -> ProviderRefund:
        """Refund a payment, wholly or in part, with our id in the metadata."""
        made = await _call(
            self._client.v1.refunds.create_async(
                {
                    "payment_intent": intent_id,
                    "amount": STRIPE_CURRENCIES.to_provider(amount),
                    "metadata": {"refund_id": refund_id},
                },
                {"idempotency_key": key},
            )
        )
        return refund_of(made.to_dict())

    async def refunds_of(self, intent_id: str) -> list[ProviderRefund]:
        """Return the refunds of a payment, newest first; one page always holds them all."""
        found = await _call(
            self._client.v1.refunds.list_async({"payment_intent": intent_id, "limit": 100})
        )
        return [refund_of(made.to_dict()) for made in found.data]

    async def disputes_of(self, intent_id: str) -> list[DisputeChanged]:
        """Return the disputes of a payment, newest first; one page always holds them all."""
        found = await _call(
            self._client.v1.disputes.list_async({"payment_intent": intent_id, "limit": 100})
        )
        return [dispute_of(each.to_dict(), intent_id) for each in found.data]

    async def movements(self, day: dt.date) -> AsyncIterator[Sequence[Movement]]:
        """Return the balance transactions of a day in UTC, newest first, with what each is about."""
        start = int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp())
        wanted: dict[str, Any] = {
            "created": {"gte": start, "lt": start + 86_400},
            "limit": 100,
            "expand": ["data.source"],
        }
        while True:
            # The SDK's objects cost more than the answer: it is read as it came.
            page = await _call(
                self._client.raw_request_async("get", "/v1/balance_transactions", **wanted)
            )
            told: Mapping[str, Any] = page.data
            yield [movement for each in told["data"] if (movement := movement_of(each))]
            if not told["has_more"]:
                return
            wanted["starting_after"] = told["data"][-1]["id"]


async def _call(answer: Any) -> Any:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer
    except TimeoutError as error:
        raise PaymentsUnavailable from error
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise PaymentsUnavailable from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise _misconfigured(error) from error
    except stripe.StripeError as error:
        raise _kind_of(error) from error


def _kind_of(error: stripe.StripeError) -> Exception:
    """Return what an answer means. Only an error in Stripe's own shape decides anything.

    A page of a proxy between us has a status, too. Source: Stripe's API reference, "Errors" and "Idempotent
    requests": the answer of a 500 is repeated for the same key.
    """
    told = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    if error.http_status is None or not isinstance(told, dict) or "type" not in told:
        return PaymentsUnavailable()
    # Not all of the SDK's errors carry the code: the one for 409 does not.
    code = str(told.get("code") or "")
    if error.http_status >= 500:
        return ProviderBroke(code or type(error).__name__)
    if code in _TRY_AGAIN or isinstance(error, stripe.IdempotencyError):
        # Of a key that came with another request nothing is known either: the other may be under way.
        return PaymentsUnavailable()
    if code == "resource_missing":
        # Live objects asked for with a test key, or the other way round, are there.
        if "a similar object exists in" in str(error):
            return _misconfigured(error)
        return ProviderHasNot(code)
    if isinstance(error, stripe.CardError):
        # Of a decline, the bank's own word says most.
        return CardRefused(str(told.get("decline_code") or code or "card_declined"))
    if code == "charge_disputed":
        return ProviderDisputes(code)
    return ProviderRefused(code or type(error).__name__)


def _misconfigured(error: stripe.StripeError) -> PaymentsMisconfigured:
    ALERTS.labels("payments_misconfigured").inc()
    logger().error("payments_misconfigured", status=error.http_status, code=error.code)
    return PaymentsMisconfigured()


def checkout_of(session: Mapping[str, Any]) -> Checkout:
    """Return a checkout session in our own type. Raises KeyError for another object."""
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
        paid=STRIPE_CURRENCIES.from_provider(session["amount_total"], session["currency"]),
        livemode=session["livemode"] is True,
        payment_id=(session.get("metadata") or {}).get("payment_id"),
        intent_id=id_of(session.get("payment_intent")),
    )


def intent_of(intent: Mapping[str, Any]) -> Checkout:
    """Return a payment without a page, paid or under way, in our own type. Raises KeyError for another object."""
    paid = intent["status"] == "succeeded"
    amount = intent["amount_received"] if paid else intent["amount"]
    ours = intent.get("metadata") or {}
    return Checkout(
        session_id="",
        url=None,
        state=CheckoutState.PAID if paid else CheckoutState.PROCESSING,
        expires_at=dt.datetime.fromtimestamp(intent["created"], dt.UTC),
        paid=STRIPE_CURRENCIES.from_provider(amount, intent["currency"]),
        livemode=intent["livemode"] is True,
        payment_id=ours.get("payment_id"),
        intent_id=intent["id"],
        is_of_card=_OF_CARD.items() <= ours.items(),
    )


def _metadata(request: CheckoutRequest) -> dict[str, str]:
    """Return our ids, by which we know the payment again."""
    return {"payment_id": request.payment_id, "match_id": request.match_id}


def refund_of(refund: Mapping[str, Any]) -> ProviderRefund:
    """Return a refund in our own type."""
    return ProviderRefund(
        provider_id=refund["id"],
        state=_REFUND_STATES.get(refund["status"], RefundState.PENDING),
        amount=STRIPE_CURRENCIES.from_provider(refund["amount"], refund["currency"]),
        failure_code=refund.get("failure_reason"),
        refund_id=(refund.get("metadata") or {}).get("refund_id"),
    )


def dispute_of(dispute: Mapping[str, Any], intent_id: str) -> DisputeChanged:
    """Return a dispute in our own type."""
    status = str(dispute["status"])
    if status.startswith("warning_"):
        ours = DisputeStatus.INQUIRY
    elif status == "prevented":  # before the bank took anything
        ours = DisputeStatus.WON
    else:
        ours = DisputeStatus(status) if status in DECIDED else DisputeStatus.OPENED
    return DisputeChanged(
        provider_id=dispute["id"],
        intent_id=intent_id,
        status=ours,
        amount=STRIPE_CURRENCIES.from_provider(dispute["amount"], dispute["currency"]),
        moves=_moves_of(dispute),
    )


def _moves_of(dispute: Mapping[str, Any]) -> tuple[DisputeMove, ...] | None:
    """Return what Stripe took for a dispute and gave back; None where the list is missing.

    Their amounts are in the currency of the settlement, and the dispute's is that of the sale: as much of it was
    taken, or given back.
    """
    lines = dispute.get("balance_transactions")
    if lines is None:
        return None
    asked = STRIPE_CURRENCIES.from_provider(dispute["amount"], dispute["currency"])
    return tuple(
        DisputeMove(
            id=line["id"],
            amount=replace(asked, amount=asked.amount if line["amount"] > 0 else -asked.amount),
            fee=STRIPE_CURRENCIES.from_provider(line["fee"], line["currency"]),
            at=dt.datetime.fromtimestamp(line["created"], dt.UTC),
        )
        for line in lines
    )


def id_of(value: Any) -> str | None:
    """Return the id of a reference, which is an id or the expanded object."""
    if isinstance(value, Mapping):
        return str(value["id"])
    return str(value) if value else None
