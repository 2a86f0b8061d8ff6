"""Checkout sessions: the hosted page's life, from open to complete or expired."""

from typing import Any

from sandbox.config import SandboxConfig
from sandbox.store import Json
from sandbox.stripe import cards
from sandbox.stripe import params as p
from sandbox.stripe.errors import StripeError
from sandbox.stripe.events import Events
from sandbox.stripe.intents import Intents
from sandbox.stripe.objects import Objects, new_id, now

CREATE = frozenset(
    "billing_address_collection cancel_url client_reference_id currency customer customer_creation"
    " customer_email expires_at line_items locale metadata mode payment_intent_data"
    " payment_method_options payment_method_types saved_payment_method_options submit_type"
    " success_url ui_mode".split()
)
#: Stripe takes these. The stand-in does nothing about them, so it says so rather than let tests believe it.
NOT_MODELLED = frozenset(
    "adaptive_pricing allowed_payment_method_types automatic_tax branding_settings"
    " consent_collection custom_fields custom_text customer_update discounts"
    " excluded_payment_method_types integration_identifier invoice_creation origin_context"
    " payment_method_collection phone_number_collection tax_id_collection wallet_options".split()
)
INTENT_DATA = frozenset("description metadata receipt_email setup_future_usage".split())
INTENT_DATA_NOT_MODELLED = frozenset(
    "application_fee_amount capture_method on_behalf_of shipping statement_descriptor"
    " statement_descriptor_suffix transfer_data".split()
)
ITEM_NOT_MODELLED = frozenset({"adjustable_quantity", "dynamic_tax_rates", "tax_rates", "price"})
PRICE_NOT_MODELLED = frozenset({"product", "recurring", "tax_behavior", "unit_amount_decimal"})
SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 3600
OUTCOMES = ("pay", "decline", "require_action", "process", "expire")


class SessionClosed(Exception):
    """The page can no longer do that: `detail` says why."""

    def __init__(self, detail: str) -> None:
        """For a person."""
        super().__init__(detail)
        self.detail = detail


class Checkout:
    """Creating sessions, and what a person does on their page."""

    def __init__(
        self, config: SandboxConfig, objects: Objects, events: Events, intents: Intents
    ) -> None:
        """Payment intents are shared with the direct calls."""
        self._config = config
        self._objects = objects
        self._events = events
        self._intents = intents

    def create(self, params: Json) -> Json:
        """`POST /checkout/sessions`. Raises StripeError 400 as Stripe would."""
        p.modelled(params, CREATE, NOT_MODELLED)
        mode = p.text(params, "mode", required=True)
        if mode != "payment":
            raise StripeError("The sandbox knows mode payment only.", param="mode")
        if p.one_of(params, "ui_mode", ("hosted_page", "hosted")) is None:
            params["ui_mode"] = "hosted_page"
        success_url = p.text(params, "success_url", required=True)
        for name in ("success_url", "cancel_url"):
            address = p.text(params, name)
            if address is not None and not address.startswith(("http://", "https://")):
                raise StripeError("Not a valid URL", code="url_invalid", param=name)
        items, currency, total = _line_items(params)
        customer, email = self._payer(params)
        intent_data = p.child(params, "payment_intent_data")
        p.modelled(intent_data, INTENT_DATA, INTENT_DATA_NOT_MODELLED)
        options = p.child(params, "payment_method_options")
        card_options = p.child(options, "card")
        expires_at = self._expiry(params)
        id_ = new_id("cs_test", 58)
        return self._objects.insert(
            {
                "id": id_,
                "object": "checkout.session",
                "amount_subtotal": total,
                "amount_total": total,
                "automatic_tax": {"enabled": False, "liability": None, "status": None},
                "billing_address_collection": p.text(params, "billing_address_collection"),
                "cancel_url": p.text(params, "cancel_url"),
                "client_reference_id": p.text(params, "client_reference_id"),
                "created": now(),
                "currency": currency,
                "custom_fields": [],
                "custom_text": {},
                "customer": customer,
                "customer_creation": p.text(params, "customer_creation")
                or (None if customer else "if_required"),
                "customer_details": {"email": email, "name": None, "phone": None}
                if email
                else None,
                "customer_email": p.text(params, "customer_email"),
                "expires_at": expires_at,
                "invoice": None,
                "invoice_creation": {"enabled": False},
                "livemode": False,
                "locale": p.text(params, "locale"),
                "metadata": p.metadata(params),
                "mode": mode,
                "payment_intent": None,
                "payment_link": None,
                "payment_method_collection": "if_required",
                "payment_method_options": options,
                "payment_method_types": ["card"],
                "payment_status": "unpaid",
                "phone_number_collection": {"enabled": False},
                "recovered_from": None,
                "saved_payment_method_options": params.get("saved_payment_method_options") or None,
                "setup_intent": None,
                "shipping_cost": None,
                "shipping_options": [],
                "status": "open",
                "submit_type": p.text(params, "submit_type"),
                "subscription": None,
                "success_url": success_url,
                "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
                "ui_mode": params["ui_mode"],
                "url": self._config.url(f"/stripe/checkout/{id_}"),
                "_line_items": _listed_items(items, id_),
                "_intent": {
                    "description": p.text(intent_data, "description"),
                    "metadata": p.metadata(intent_data),
                    "receipt_email": p.text(intent_data, "receipt_email"),
                    "setup_future_usage": p.text(intent_data, "setup_future_usage")
                    or p.text(card_options, "setup_future_usage"),
                },
            }
        )

    def update(self, id_: str, params: Json) -> Json:
        """`POST /checkout/sessions/{id}`: metadata only."""
        p.only(params, {"metadata"})
        session = self._objects.get("checkout.session", id_)
        session["metadata"] = p.metadata(params, session["metadata"])
        return self._objects.save(session)

    def expire(self, id_: str) -> Json:
        """`POST /checkout/sessions/{id}/expire`. Raises StripeError 400 unless it is open."""
        session = self._objects.get("checkout.session", id_)
        if session["status"] != "open":
            raise StripeError(
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
                f" Session has a status of {session['status']}.",
                param="session",
            )
        return self._expired(session)

    def expire_due(self) -> int:
        """End the sessions whose time is over; returns how many."""
        due = self._objects.open_past(self._config.session_clock())
        for session in due:
            self._expired(session)
        return len(due)

    def act(self, id_: str, outcome: str, *, save_card: bool, card: str) -> Json:
        """What a person does on the page; `card` is the test card used.

        Raises StripeError where there is no such session, and SessionClosed where it is over.
        """
        session = self._objects.get("checkout.session", id_)
        if outcome in ("pay", "decline") and self._under_way(session):
            return self._settle(session, outcome)
        if session["status"] != "open":
            raise SessionClosed(
                f"This session is {session['status']} and {session['payment_status']};"
                f" {outcome} needs an open one."
            )
        if outcome == "expire":
            return self._expired(session)
        intent = self._intent_of(session)
        method = self._objects.find(str(intent["payment_method"] or ""))
        if method is None:
            details = session["customer_details"] or {}
            method = self._objects.insert(
                cards.new_card(
                    None, card, {"address": None, "name": None, "phone": None, **details}
                )
            )
        if outcome == "decline":
            self._intents.decline(
                intent, method, "card_declined", "generic_decline", "Your card was declined."
            )
        elif outcome == "require_action":
            self._intents.ask_owner(intent, method, session["success_url"])
        else:
            self._save_card(session, intent, method, wanted=save_card)
            if outcome == "process":
                self._intents.process(intent, method)
            else:
                self._intents.succeed(intent, method)
            self._complete(session, paid=outcome == "pay")
        return session

    def _under_way(self, session: Json) -> bool:
        if session["status"] != "complete" or session["payment_status"] != "unpaid":
            return False
        intent = self._objects.get("payment_intent", session["payment_intent"])
        return bool(intent["status"] == "processing")

    def _settle(self, session: Json, outcome: str) -> Json:
        """A slow payment comes to its end after the session completed."""
        intent = self._objects.get("payment_intent", session["payment_intent"])
        method = self._objects.get("payment_method", intent["payment_method"])
        if outcome == "pay":
            self._intents.succeed(intent, method)
            session["payment_status"] = "paid"
            self._objects.save(session)
            self._events.emit("checkout.session.async_payment_succeeded", session)
        else:
            self._intents.decline(
                intent,
                method,
                "payment_intent_payment_attempt_failed",
                "generic_decline",
                "The payment failed.",
            )
            self._events.emit("checkout.session.async_payment_failed", session)
        return session

    def _complete(self, session: Json, *, paid: bool) -> None:
        details = session["customer_details"] or {"email": None, "name": None, "phone": None}
        session |= {
            "status": "complete",
            "payment_status": "paid" if paid else "unpaid",
            "customer_details": details,
            "url": None,
        }
        self._objects.save(session)
        self._events.emit("checkout.session.completed", session)

    def _expired(self, session: Json) -> Json:
        session |= {"status": "expired", "url": None}
        self._objects.save(session)
        if session["payment_intent"]:
            intent = self._objects.get("payment_intent", session["payment_intent"])
            if intent["status"] not in ("succeeded", "canceled"):
                self._intents.cancelled(intent, "expired")
        self._events.emit("checkout.session.expired", session)
        return session

    def _intent_of(self, session: Json) -> Json:
        """The session's payment intent, made at the first attempt as Stripe does."""
        if session["payment_intent"]:
            return self._objects.get("payment_intent", session["payment_intent"])
        wanted = session["_intent"]
        intent = self._intents.new(
            session["amount_total"],
            session["currency"],
            session["customer"],
            wanted["metadata"],
            description=wanted["description"],
            setup_future_usage=wanted["setup_future_usage"],
            receipt_email=wanted["receipt_email"],
        )
        session["payment_intent"] = intent["id"]
        self._objects.save(session)
        return intent

    def _save_card(self, session: Json, intent: Json, method: Json, *, wanted: bool) -> None:
        """Keep the card where the session asks for it, or offers it and the payer agreed."""
        offered = (session["saved_payment_method_options"] or {}).get("payment_method_save")
        agreed = wanted and offered == "enabled"
        if session["customer"] and (intent["setup_future_usage"] or agreed):
            method["customer"] = session["customer"]
            method["allow_redisplay"] = "always" if agreed else "limited"
            self._objects.save(method)
            self._events.emit("payment_method.attached", method)

    def _payer(self, params: Json) -> tuple[str | None, str | None]:
        customer, email = p.text(params, "customer"), p.text(params, "customer_email")
        if customer is not None and email is not None:
            raise StripeError(
                "You may only specify one of these parameters: customer, customer_email.",
                param="customer",
            )
        if customer is not None:
            return customer, self._objects.living_customer(customer)["email"]
        return None, email

    def _expiry(self, params: Json) -> int:
        expires_at = p.integer(params, "expires_at")
        at = int(self._config.session_clock())
        if expires_at is None:
            return at + LONGEST_SECONDS
        # Stripe allows for clocks that differ; a minute either way is what was seen to pass.
        if not SHORTEST_SECONDS - 60 <= expires_at - at <= LONGEST_SECONDS + 60:
            raise StripeError(
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout"
                " Session creation.",
                param="expires_at",
            )
        return expires_at


def _line_items(params: Json) -> tuple[list[Json], str, int]:
    given: Any = params.get("line_items")
    if not isinstance(given, list) or not given:
        raise StripeError(
            "Missing required param: line_items.", code="parameter_missing", param="line_items"
        )
    items: list[Json] = []
    for index, item in enumerate(given):
        where = f"line_items[{index}]"
        if not isinstance(item, dict):
            raise StripeError(f"Invalid object: {where}", param=where)
        p.modelled(item, {"price_data", "quantity", "metadata"}, ITEM_NOT_MODELLED)
        price = p.child(item, "price_data")
        p.modelled(price, {"currency", "unit_amount", "product_data"}, PRICE_NOT_MODELLED)
        product = p.child(price, "product_data")
        name = p.text(product, "name", required=True)
        unit_amount = p.integer(price, "unit_amount")
        quantity = p.integer(item, "quantity") or 1
        if unit_amount is None or unit_amount < 0 or quantity < 1:
            raise StripeError(
                "Missing required param: line_items[price_data][unit_amount].",
                code="parameter_missing",
                param=f"{where}[price_data][unit_amount]",
            )
        items.append(
            {
                "name": name,
                "description": p.text(product, "description"),
                "currency": p.currency(price),
                "unit_amount": unit_amount,
                "quantity": quantity,
            }
        )
    currencies = {item["currency"] for item in items}
    if len(currencies) > 1:
        raise StripeError("All line items have the same currency.", param="line_items")
    total = sum(item["unit_amount"] * item["quantity"] for item in items)
    currency = currencies.pop()
    p.check_amount(total, currency, "line_items")
    return items, currency, total


def _listed_items(items: list[Json], session_id: str) -> Json:
    data = [
        {
            "id": new_id("li"),
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": item["unit_amount"] * item["quantity"],
            "amount_tax": 0,
            "amount_total": item["unit_amount"] * item["quantity"],
            "currency": item["currency"],
            "description": item["name"],
            "price": {
                "id": new_id("price"),
                "object": "price",
                "currency": item["currency"],
                "type": "one_time",
                "unit_amount": item["unit_amount"],
            },
            "quantity": item["quantity"],
        }
        for item in items
    ]
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return {"object": "list", "data": data, "has_more": False, "url": url}
