"""Razorpay's API: payment links, refunds and disputes.

Sources: https://razorpay.com/docs/api/payments/payment-links (create, fetch, cancel, their limits and errors),
https://razorpay.com/docs/api/refunds/normal-refunds-idempotent, https://razorpay.com/docs/api/understand (status
codes), https://razorpay.com/docs/errors/common, …/api/settlements/fetch-recon, read in November 2026. Razorpay's SDK for Python is synchronous, and
what is needed of it is six calls, so they are made by httpx.

A link has no idempotency key; its `reference_id` is unique instead, so the link of a lost answer is found by it.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import httpx

from app.core.logging import logger
from app.core.metrics import ALERTS
from app.core.money import Money
from app.payments.provider import (
    Books,
    CardRefused,
    Checkout,
    CheckoutRequest,
    DisputeChanged,
    Movement,
    PaymentsMisconfigured,
    PaymentsUnavailable,
    ProviderDisputes,
    ProviderHasNot,
    ProviderRefund,
    ProviderRefused,
    SavedCard,
)
from app.payments.provider_currencies import ProviderCurrencies
from app.providers.razorpay.currencies import RAZORPAY_CURRENCIES
from app.providers.razorpay.objects import NAME, dispute_of, link_of, movement_of, refund_of

ANSWER_SECONDS: Final = 4.0
"""The time of one call, because a person waits for the payment page. After it the outcome is unknown, and the same
reference or key finds it out."""
CONNECT_TRIES: Final = 2
"""A connection that could not be made has asked for nothing, so another one may."""
LONGEST_REFERENCE: Final = 40
"""Characters of a `reference_id`."""
LONGEST_DESCRIPTION: Final = 2_048
PAGE: Final = 100
"""Most entries of a list."""
INDIA: Final = dt.timezone(dt.timedelta(hours=5, minutes=30))
RECON_PAGE: Final = 1_000
"""Most lines of a settlement report."""
_SAME_REFERENCE: Final = "reference_already_used"
_OWN_IDS: Final = ("plink_", "pay_", "rfnd_", "disp_")

_DISPUTED: Final = "charge_disputed"
_REFUSALS: Final = (
    ("fully refunded already", "charge_already_refunded"),
    ("greater than amount captured", "amount_too_large"),
    ("greater than the unrefunded amount", "amount_too_large"),
    ("dispute", _DISPUTED),
    ("enough balance", "insufficient_funds"),
    ("insufficient balance", "insufficient_funds"),
    ("expired", "link_expired"),
    ("cancel", "link_not_cancellable"),
    ("amount must be at least", "amount_too_small"),
    ("15 minutes in future", "expires_too_soon"),
)
"""Stable words for what Razorpay says in sentences only: its `code` is BAD_REQUEST_ERROR for all of them."""


class RazorpayPayments:
    """A `PaymentProvider` by Razorpay's API."""

    name = NAME
    currencies: ProviderCurrencies = RAZORPAY_CURRENCIES
    keeps_customers = False
    """A page of Razorpay's asks for the payer's phone and address itself."""
    books = Books(zone=INDIA, lag_days=7)
    """A settlement report is of what was settled: two working days after the payment, more around holidays
    (https://razorpay.com/docs/payments/settlements)."""

    def __init__(self, key: tuple[str, str], base_url: str, *, livemode: bool = False) -> None:
        self.livemode = livemode
        self._http = httpx.AsyncClient(
            base_url=f"{base_url}/v1",
            auth=key,
            timeout=ANSWER_SECONDS,
            transport=httpx.AsyncHTTPTransport(retries=CONNECT_TRIES),
        )

    async def close(self) -> None:
        """Close the connections to Razorpay."""
        await self._http.aclose()

    def owns(self, id_: str) -> bool:
        """Whether an id is of Razorpay's making."""
        return id_.startswith(_OWN_IDS)

    async def create_customer(self, employer_id: str, company_name: str, key: str) -> str:
        """Never asked for: `keeps_customers` is false."""
        raise NotImplementedError

    async def forget_customer(self, customer_id: str) -> None:
        """Never asked for."""
        raise ProviderHasNot(customer_id)

    async def cards_of(self, customer_id: str) -> list[SavedCard]:
        """Never asked for: Razorpay's page keeps no card of ours."""
        raise ProviderHasNot(customer_id)

    async def forget_card(self, card_id: str) -> None:
        """Never asked for."""
        raise ProviderHasNot(card_id)

    def may_charge_card(self, price: Money) -> bool:
        """Whether one tap may charge a card: never, for none is kept."""
        return False

    async def charge_card(self, request: CheckoutRequest, key: str) -> Checkout:
        """Never asked for: there is no card to charge."""
        raise CardRefused(request.card_id or "")

    async def charge_of(self, request: CheckoutRequest) -> Checkout | None:
        """Return None: no card was charged here."""
        return None

    async def create_checkout(self, request: CheckoutRequest, key: str) -> Checkout:
        """Open a hosted page, with our ids in its notes, which its payments carry too.

        Razorpay writes to nobody: the link is ours to give.
        """
        reference = reference_of(key)
        body = {
            "amount": RAZORPAY_CURRENCIES.to_provider(request.price),
            "currency": request.price.currency,
            "accept_partial": False,
            "description": request.description[:LONGEST_DESCRIPTION],
            "reference_id": reference,
            "expire_by": int(request.expires_at.timestamp()),
            "notify": {"sms": False, "email": False},
            "reminder_enable": False,
            "notes": {"payment_id": request.payment_id, "match_id": request.match_id},
            "callback_url": f"{request.return_url}?paid={request.payment_id}",
            "callback_method": "get",
        }
        try:
            made = await self._call("POST", "/payment_links", json=body)
        except ProviderRefused as refusal:
            if refusal.code != _SAME_REFERENCE:
                raise
            made = await self._link_by(reference)
        return link_of(made, livemode=self.livemode)

    async def checkout(self, session_id: str) -> Checkout:
        """Return the state of a page."""
        found = await self._call("GET", f"/payment_links/{session_id}")
        return link_of(found, livemode=self.livemode)

    async def expire_checkout(self, session_id: str) -> None:
        """Close a page: the link is cancelled."""
        await self._call("POST", f"/payment_links/{session_id}/cancel")

    async def refund(
        self, intent_id: str, amount: Money, refund_id: str, key: str
    ) -> ProviderRefund:
        """Refund a payment, wholly or in part, with our id in the notes."""
        body = {
            "amount": RAZORPAY_CURRENCIES.to_provider(amount),
            "speed": "normal",
            "notes": {"refund_id": refund_id},
            "receipt": refund_id,
        }
        headers = {"X-Refund-Idempotency": key.replace(":", "-")}
        path = f"/payments/{intent_id}/refund"
        return refund_of(await self._call("POST", path, json=body, headers=headers))

    async def refunds_of(self, intent_id: str) -> list[ProviderRefund]:
        """Return the refunds of a payment; one page always holds them all."""
        found = await self._call("GET", f"/payments/{intent_id}/refunds", params={"count": PAGE})
        return [refund_of(made) for made in found["items"]]

    async def disputes_of(self, intent_id: str) -> list[DisputeChanged]:
        """Return the disputes of a payment. Razorpay lists those of the account, newest first."""
        found: list[DisputeChanged] = []
        skip = 0
        while True:
            page = await self._call("GET", "/disputes", params={"count": PAGE, "skip": skip})
            found += [dispute_of(each) for each in page["items"] if each["payment_id"] == intent_id]
            skip += PAGE
            if len(page["items"]) < PAGE:
                return found

    async def movements(self, day: dt.date) -> AsyncIterator[Sequence[Movement]]:
        """Return what was settled on a day in India."""
        skip = 0
        while True:
            query = {"year": day.year, "month": day.month, "day": day.day}
            page = await self._call(
                "GET",
                "/settlements/recon/combined",
                params={**query, "count": RECON_PAGE, "skip": skip},
            )
            yield [movement for each in page["items"] if (movement := movement_of(each))]
            skip += RECON_PAGE
            if len(page["items"]) < RECON_PAGE:
                return

    async def _link_by(self, reference: str) -> Mapping[str, Any]:
        found = await self._call("GET", "/payment_links", params={"reference_id": reference})
        links = found["payment_links"]
        if not links:  # made a moment ago, and not listed yet
            raise PaymentsUnavailable
        link: Mapping[str, Any] = links[0]
        return link

    async def _call(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        """Return what is answered. Raises as `PaymentProvider` says."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._http.request(method, path, **options)
        except (httpx.HTTPError, TimeoutError) as error:
            raise PaymentsUnavailable from error
        told = _json_of(answer)
        if answer.is_success and told is not None:
            return told
        raise _kind_of(answer.status_code, told)


def reference_of(key: str) -> str:
    """Return the `reference_id` for an idempotency key: the same for the same, at most 40 characters."""
    short = key.partition(":")[2].replace("-", "")
    return short if 0 < len(short) <= LONGEST_REFERENCE else str(uuid5(NAMESPACE_OID, key))


def _json_of(answer: httpx.Response) -> Mapping[str, Any] | None:
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, Mapping) else None


def _kind_of(status: int, told: Mapping[str, Any] | None) -> Exception:
    """Return what an answer means. Only a refusal in Razorpay's own shape decides anything.

    A page of a proxy, 429 and 5xx say nothing; nor does Razorpay say that it repeats a failure for a key, so the
    same key is tried again. It never deletes what it has made, and we only ask about what it has made: where it
    says that an id "does not exist", our key is one of another account or mode.
    """
    told_error = told.get("error") if told else None
    error: Mapping[str, Any] = told_error if isinstance(told_error, Mapping) else {}
    sentence = error.get("description")
    if status in {401, 403}:
        return _misconfigured(status)
    if not isinstance(sentence, str) or status >= 500 or status == 429 or status < 400:
        return PaymentsUnavailable()
    words = sentence.lower()
    if "does not exist" in words or "not a valid id" in words or "unauthorised" in words:
        return _misconfigured(status)
    if "authentication failed" in words or ("api key" in words and "invalid" in words):
        return _misconfigured(status)
    if "url was not found" in words:  # a feature that the account does not have
        return _misconfigured(status)
    if "still in progress" in words:
        return PaymentsUnavailable()
    if "reference id already" in words:
        return ProviderRefused(_SAME_REFERENCE)
    for part, code in _REFUSALS:
        if part in words:
            return (ProviderDisputes if code == _DISPUTED else ProviderRefused)(code)
    return ProviderRefused(str(error.get("reason") or error.get("code") or "refused").lower())


def _misconfigured(status: int) -> PaymentsMisconfigured:
    ALERTS.labels("payments_misconfigured").inc()
    logger().error("payments_misconfigured", provider=NAME, http_status=status)
    return PaymentsMisconfigured()
