"""Payment links: the hosted page's life, and what a person does on it.

Source: https://razorpay.com/docs/api/payments/payment-links/create-standard, its limits and errors.
"""

import re
from typing import Any

from sandbox.config import SandboxConfig
from sandbox.razorpay.errors import RazorpayError, not_modelled
from sandbox.razorpay.events import ACCOUNT_ID, Events
from sandbox.razorpay.objects import LINK, Objects, new_id, now
from sandbox.razorpay.payments import Payments
from sandbox.store import Json

CREATE = frozenset(
    "accept_partial amount callback_method callback_url currency customer description expire_by"
    " notes notify reference_id reminder_enable upi_link".split()
)
SHORTEST_SECONDS = 15 * 60
LONGEST_SECONDS = 183 * 86_400
MOST_NOTES = 15
LONGEST_NOTE = 255
#: What each currency's amounts must be a multiple of, and the least of rupees.
UNEVEN = {"BHD": 10, "IQD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}
LEAST = 100
OUTCOMES = ("pay", "decline", "process", "expire")
ALIASES = {
    "success": "pay",
    "failure": "decline",
    "fail": "decline",
    "pending": "process",
    "paid": "pay",
}


class LinkClosed(Exception):
    """The page can no longer do that: `detail` says why."""

    def __init__(self, detail: str) -> None:
        """For a person."""
        super().__init__(detail)
        self.detail = detail


class Links:
    """Creating and cancelling links, and what happens on their page."""

    def __init__(
        self, config: SandboxConfig, objects: Objects, events: Events, payments: Payments
    ) -> None:
        """Payments are made on links only."""
        self._config = config
        self._objects = objects
        self._events = events
        self._payments = payments

    def create(self, body: Json) -> Json:
        """`POST /payment_links`. Raises RazorpayError as Razorpay would."""
        if unknown := [name for name in body if name not in CREATE]:
            raise not_modelled(unknown)
        if body.get("upi_link"):
            raise RazorpayError(
                "UPI Payment Links is not supported in Test Mode. Please experience the product in"
                " Live Mode.",
                field="upi_link",
            )
        if body.get("accept_partial"):
            raise not_modelled(["accept_partial"])
        currency = _currency(body)
        amount = _amount(body, currency)
        reference = _text(body, "reference_id", 40)
        if reference and self._objects.by_reference(reference) is not None:
            raise RazorpayError(
                f"payment link creation with reference ID already attempted ({reference})",
                field="reference_id",
            )
        if body.get("callback_url") and body.get("callback_method") != "get":
            raise RazorpayError("callback_method must be get", field="callback_method")
        notify = body.get("notify") or {}
        customer = body.get("customer") or {}
        created = int(self._config.session_clock())
        id_ = new_id("plink")
        return self._objects.insert(
            LINK,
            {
                "accept_partial": False,
                "amount": amount,
                "amount_paid": 0,
                "callback_method": _text(body, "callback_method", 3),
                "callback_url": _text(body, "callback_url", 2_048),
                "cancelled_at": 0,
                "created_at": created,
                "currency": currency,
                "customer": customer,
                "description": _text(body, "description", 2_048),
                "expire_by": self._expiry(body, created),
                "expired_at": 0,
                "first_min_partial_amount": 0,
                "id": id_,
                "notes": _notes(body),
                "notify": {
                    "email": notify.get("email") is True,
                    "sms": notify.get("sms") is True,
                    "whatsapp": False,
                },
                "payments": None,
                "reference_id": reference,
                "reminder_enable": body.get("reminder_enable") is True,
                "reminders": [],
                "short_url": self._config.url(f"/razorpay/pay/{id_}"),
                "status": "created",
                "updated_at": created,
                "upi_link": False,
                "user_id": "",
                "whatsapp_link": False,
            },
        )

    def by(self, params: Json) -> list[Json]:
        """`GET /payment_links`: by `reference_id` or `payment_id`, else the newest."""
        if unknown := [n for n in params if n not in ("reference_id", "payment_id")]:
            raise not_modelled(unknown)
        if (reference := params.get("reference_id")) is not None:
            found = self._objects.by_reference(str(reference))
            return [found] if found else []
        if (payment_id := params.get("payment_id")) is not None:
            payment = self._objects.get("payment", str(payment_id))
            return [self._objects.get(LINK, payment["_link"])]
        return self._objects.page(LINK, {})

    def cancel(self, id_: str) -> Json:
        """`POST /payment_links/{id}/cancel`. Raises RazorpayError unless it is open."""
        link = self._objects.get(LINK, id_)
        if link["status"] != "created":
            raise RazorpayError(
                f"Payment Link cannot be cancelled as it is in {link['status']} state."
            )
        return self._ended(link, "cancelled")

    def expire_due(self) -> int:
        """End the links whose time is over; returns how many."""
        due = self._objects.open_past(self._config.session_clock())
        for link in due:
            self._ended(link, "expired")
        return len(due)

    def act(self, id_: str, outcome: str, vpa: str) -> Json:
        """What a person does on the page; `vpa` is the UPI id used.

        A payment that is under way may end after the link did: the bank took its time. Raises RazorpayError
        where there is no such link, and LinkClosed where nothing can be paid on it.
        """
        link = self._objects.get(LINK, id_)
        waiting = self._objects.find("payment", link.get("_waiting") or "")
        if waiting is None and link["status"] != "created":
            raise LinkClosed(f"This link is {link['status']}; {outcome} needs an open one.")
        if outcome == "expire":
            if link["status"] != "created":
                raise LinkClosed(f"This link is {link['status']} already.")
            return self._ended(link, "expired")
        payment = waiting or self._payments.begin(link, vpa)
        if outcome == "process":
            link["_waiting"] = payment["id"]
            return self._objects.save(LINK, link)
        link["_waiting"] = None
        if outcome == "decline":
            self._payments.fail(payment)
            return self._objects.save(LINK, link)
        self._payments.capture(payment)
        return self._paid(link, payment)

    def _paid(self, link: Json, payment: Json) -> Json:
        in_time = link["status"] == "created"
        link |= {
            "amount_paid": payment["amount"],
            "order_id": payment["order_id"],
            "payments": [
                {
                    "amount": payment["amount"],
                    "created_at": payment["created_at"],
                    "method": payment["method"],
                    "payment_id": payment["id"],
                    "plink_id": link["id"],
                    "status": "captured",
                    "updated_at": now(),
                }
            ],
            "updated_at": now(),
        }
        if in_time:
            link["status"] = "paid"
        self._objects.save(LINK, link)
        self._events.emit("payment.captured", payment=payment)
        if in_time:
            order = _order(link, payment)
            self._events.emit("payment_link.paid", payment_link=link, order=order, payment=payment)
        return link

    def _ended(self, link: Json, status: str) -> Json:
        link |= {"status": status, f"{status}_at": now(), "updated_at": now()}
        self._objects.save(LINK, link)
        self._events.emit(f"payment_link.{status}", payment_link=link)
        return link

    def _expiry(self, body: Json, created: int) -> int:
        expire_by = body.get("expire_by")
        if expire_by is None:
            return 0
        if isinstance(expire_by, bool) or not isinstance(expire_by, int):
            raise RazorpayError("expire_by must be an integer", field="expire_by")
        if expire_by < created + SHORTEST_SECONDS:
            raise RazorpayError("timestamp must be atleast 15 minutes in future", field="expire_by")
        if expire_by > created + LONGEST_SECONDS:
            raise RazorpayError("expire_by must be within 6 months", field="expire_by")
        return expire_by


def _currency(body: Json) -> str:
    currency = body.get("currency", "INR")
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Z]{3}", currency):
        raise RazorpayError("The currency is not supported", field="currency")
    return currency


def _amount(body: Json, currency: str) -> int:
    amount: Any = body.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise RazorpayError("The amount is required and must be an integer", field="amount")
    if currency == "INR" and amount < LEAST:
        raise RazorpayError("The amount must be at least INR 1.00", field="amount")
    if amount < 1 or amount % UNEVEN.get(currency, 1):
        raise RazorpayError("The amount is not valid for the currency", field="amount")
    return amount


def _text(body: Json, name: str, longest: int) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise RazorpayError(f"The {name} must be a string", field=name)
    if len(value) > longest:
        raise RazorpayError(f"{name}: the length must not be greater than {longest}.", field=name)
    return value


def _notes(body: Json) -> Json | None:
    notes = body.get("notes")
    if notes in (None, {}, []):
        return None
    if not isinstance(notes, dict) or not all(isinstance(v, str) for v in notes.values()):
        raise RazorpayError("notes must be an object of strings", field="notes")
    if len(notes) > MOST_NOTES:
        raise RazorpayError(f"notes: at most {MOST_NOTES} pairs", field="notes")
    if any(len(value) > LONGEST_NOTE for value in notes.values()):
        raise RazorpayError(
            f"value: the length must not be greater than {LONGEST_NOTE}.", field="notes"
        )
    return notes


def _order(link: Json, payment: Json) -> Json:
    """The order that Razorpay makes of a link, as its event shows it."""
    return {
        "account_number": None,
        "amount": link["amount"],
        "amount_due": 0,
        "amount_paid": link["amount_paid"],
        "attempts": 1,
        "authorized": True,
        "created_at": payment["created_at"],
        "currency": link["currency"],
        "customer_id": None,
        "discount": False,
        "id": payment["order_id"],
        "merchant_id": ACCOUNT_ID.removeprefix("acc_"),
        "method": payment["method"],
        "notes": link["notes"] or [],
        "partial_payment": False,
        "payment_capture": True,
        "product_id": link["id"].removeprefix("plink_"),
        "product_type": "payment_link_v2",
        "public_key": link.get("_key", "rzp_test_sandbox"),
        "receipt": link["reference_id"],
        "status": "paid",
        "transfers": None,
        "updated_at": now(),
    }
