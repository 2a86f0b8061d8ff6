"""Payment intents and their charges: every attempt, its outcome, and the events it gives."""

from sandbox import faults
from sandbox.config import SandboxConfig
from sandbox.store import Json, Store
from sandbox.stripe import cards
from sandbox.stripe import params as p
from sandbox.stripe.balance import Balance
from sandbox.stripe.errors import StripeError, missing
from sandbox.stripe.events import Events
from sandbox.stripe.objects import Objects, new_id, now

CREATE = frozenset(
    "allowed_payment_method_types amount automatic_payment_methods capture_method confirm currency"
    " customer description error_on_requires_action excluded_payment_method_types metadata"
    " off_session payment_method payment_method_options payment_method_types receipt_email"
    " return_url setup_future_usage shipping statement_descriptor statement_descriptor_suffix"
    " use_stripe_sdk".split()
)
CONFIRM = frozenset(
    "error_on_requires_action off_session payment_method payment_method_options receipt_email"
    " return_url setup_future_usage use_stripe_sdk".split()
)
UPDATE = frozenset(
    "amount currency customer description metadata payment_method payment_method_options"
    " receipt_email setup_future_usage statement_descriptor statement_descriptor_suffix".split()
)
CANCEL = frozenset({"cancellation_reason"})
CANCELLABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "processing")


class Intents:
    """Creating, confirming and settling payment intents."""

    def __init__(
        self,
        config: SandboxConfig,
        store: Store,
        objects: Objects,
        events: Events,
        balance: Balance,
    ) -> None:
        """Shared with the checkout, which pays through these."""
        self._balance = balance
        self._config = config
        self._store = store
        self._objects = objects
        self._events = events

    def create(self, params: Json) -> Json:
        """`POST /payment_intents`, with `confirm=true` charging at once."""
        p.only(params, CREATE)
        currency = p.currency(params)
        amount = p.amount(params, "amount", currency)
        customer = p.text(params, "customer")
        if customer is not None:
            self._objects.living_customer(customer)
        intent = self.new(
            amount,
            currency,
            customer,
            p.metadata(params),
            description=p.text(params, "description"),
            setup_future_usage=p.one_of(
                params, "setup_future_usage", ("off_session", "on_session")
            ),
            receipt_email=p.text(params, "receipt_email"),
        )
        if (method := p.text(params, "payment_method")) is not None:
            intent["payment_method"] = self._usable(method, customer)["id"]
            intent["status"] = "requires_confirmation"
            self._objects.save(intent)
        if p.flag(params, "confirm"):
            return self._confirm(intent, params)
        return intent

    def new(
        self,
        amount: int,
        currency: str,
        customer: str | None,
        metadata: Json,
        *,
        description: str | None = None,
        setup_future_usage: str | None = None,
        receipt_email: str | None = None,
    ) -> Json:
        """A payment intent that waits for a payment method, with its event."""
        id_ = new_id("pi")
        intent = self._objects.insert(
            {
                "id": id_,
                "object": "payment_intent",
                "amount": amount,
                "amount_capturable": 0,
                "amount_received": 0,
                "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
                "canceled_at": None,
                "cancellation_reason": None,
                "capture_method": "automatic_async",
                "client_secret": f"{id_}_secret_{new_id('s')[2:]}",
                "confirmation_method": "automatic",
                "created": now(),
                "currency": currency,
                "customer": customer,
                "description": description,
                "last_payment_error": None,
                "latest_charge": None,
                "livemode": False,
                "metadata": metadata,
                "next_action": None,
                "payment_method": None,
                "payment_method_options": {},
                "payment_method_types": ["card"],
                "processing": None,
                "receipt_email": receipt_email,
                "setup_future_usage": setup_future_usage,
                "shipping": None,
                "statement_descriptor": None,
                "status": "requires_payment_method",
            }
        )
        self._events.emit("payment_intent.created", intent)
        return intent

    def update(self, id_: str, params: Json) -> Json:
        """`POST /payment_intents/{id}`."""
        p.only(params, UPDATE)
        intent = self._objects.get("payment_intent", id_)
        if intent["status"] in ("succeeded", "canceled") and set(params) - {"metadata", "expand"}:
            raise _unexpected(intent, "updated")
        intent["metadata"] = p.metadata(params, intent["metadata"])
        for name in ("description", "receipt_email", "setup_future_usage"):
            if name in params:
                intent[name] = p.text(params, name)
        if "amount" in params:
            intent["amount"] = p.amount(params, "amount", intent["currency"])
        if (method := p.text(params, "payment_method")) is not None:
            intent["payment_method"] = self._usable(method, intent["customer"])["id"]
            intent["status"] = "requires_confirmation"
        return self._objects.save(intent)

    def confirm(self, id_: str, params: Json) -> Json:
        """`POST /payment_intents/{id}/confirm`."""
        p.only(params, CONFIRM)
        intent = self._objects.get("payment_intent", id_)
        if intent["status"] not in (
            "requires_payment_method",
            "requires_confirmation",
            "requires_action",
        ):
            raise _unexpected(intent, "confirmed")
        if (method := p.text(params, "payment_method")) is not None:
            intent["payment_method"] = self._usable(method, intent["customer"])["id"]
        return self._confirm(intent, params)

    def cancel(self, id_: str, params: Json) -> Json:
        """`POST /payment_intents/{id}/cancel`."""
        p.only(params, CANCEL)
        intent = self._objects.get("payment_intent", id_)
        if intent["status"] not in CANCELLABLE:
            raise _unexpected(intent, "canceled")
        return self.cancelled(intent, p.text(params, "cancellation_reason"))

    def cancelled(self, intent: Json, reason: str | None) -> Json:
        """The intent ends unpaid, with its event."""
        intent |= {
            "status": "canceled",
            "canceled_at": now(),
            "cancellation_reason": reason,
            "next_action": None,
        }
        self._objects.save(intent)
        self._events.emit("payment_intent.canceled", intent)
        return intent

    def succeed(self, intent: Json, method: Json) -> Json:
        """The card is charged: charge and intent succeed, with their events."""
        charge = self._charge(intent, method, failure=None)
        charge["balance_transaction"] = self._balance.charged(charge)
        self._objects.save(charge)
        intent |= {
            "status": "succeeded",
            "amount_received": intent["amount"],
            "latest_charge": charge["id"],
            "payment_method": method["id"],
            "next_action": None,
            "processing": None,
            "last_payment_error": None,
        }
        self._objects.save(intent)
        self._events.emit("charge.succeeded", charge)
        self._events.emit("payment_intent.succeeded", intent)
        return intent

    def decline(
        self, intent: Json, method: Json, code: str, decline_code: str, message: str
    ) -> Json:
        """The attempt fails; the intent waits for another payment method."""
        charge = self._charge(intent, method, failure=(code, decline_code, message))
        error = {
            "charge": charge["id"],
            "code": code,
            "decline_code": decline_code,
            "message": message,
            "payment_method": self._objects.shown(method, []),
            "type": "card_error",
        }
        intent |= {
            "status": "requires_payment_method",
            "latest_charge": charge["id"],
            "last_payment_error": error,
            "payment_method": None,
            "next_action": None,
            "processing": None,
        }
        self._objects.save(intent)
        self._events.emit("charge.failed", charge)
        self._events.emit("payment_intent.payment_failed", intent)
        return intent

    def ask_owner(self, intent: Json, method: Json, return_url: str | None) -> Json:
        """The bank wants the card's owner: the intent waits for that."""
        url = self._config.url(f"/stripe/authenticate/{intent['id']}")
        intent |= {
            "status": "requires_action",
            "payment_method": method["id"],
            "next_action": {
                "redirect_to_url": {"return_url": return_url, "url": url},
                "type": "redirect_to_url",
            },
        }
        self._objects.save(intent)
        self._events.emit("payment_intent.requires_action", intent)
        return intent

    def process(self, intent: Json, method: Json) -> Json:
        """A slow payment: the money is on its way, and the outcome comes later."""
        intent |= {"status": "processing", "payment_method": method["id"], "next_action": None}
        self._objects.save(intent)
        self._events.emit("payment_intent.processing", intent)
        return intent

    def _confirm(self, intent: Json, params: Json) -> Json:
        if intent["payment_method"] is None:
            raise StripeError(
                "You cannot confirm this PaymentIntent because it's missing a payment method.",
                code="payment_intent_unexpected_state",
                payment_intent=intent,
            )
        method = self._objects.get("payment_method", intent["payment_method"], "payment_method")
        behaviour = method["_behaviour"]
        fault = faults.take(self._store, "stripe", "card")
        if fault is not None:
            declines = fault.kind == "card_declined"
            behaviour = cards.DECLINES if declines else cards.NEEDS_OWNER
        if behaviour == cards.WORKS:
            return self.succeed(intent, method)
        off_session = p.flag(params, "off_session") or p.flag(params, "error_on_requires_action")
        if behaviour == cards.NEEDS_OWNER and not off_session:
            return self.ask_owner(intent, method, p.text(params, "return_url"))
        if behaviour == cards.NEEDS_OWNER:
            code = decline_code = "authentication_required"
            message = (
                "Your card was declined. This transaction requires authentication by its owner."
            )
        else:
            code = "card_declined"
            decline_code = fault.code if fault and fault.code else "generic_decline"
            message = "Your card was declined."
        self.decline(intent, method, code, decline_code, message)
        raise StripeError(
            message,
            status=402,
            type_="card_error",
            code=code,
            decline_code=decline_code,
            charge=intent["latest_charge"],
            payment_intent=self._objects.shown(intent, []),
            keep=True,
        )

    def _usable(self, id_: str, customer: str | None) -> Json:
        """The payment method to charge; it must be this customer's, or a test card's name."""
        if id_ in cards.TEST_CARDS:
            return self._objects.insert(cards.new_card(customer, id_))
        method = self._objects.find(id_)
        if method is None or method["object"] != "payment_method":
            raise missing("PaymentMethod", id_, "payment_method")
        if method["customer"] is None or method["customer"] != customer:
            raise StripeError(
                f"The payment method {id_} does not belong to the customer of this payment, or was"
                " detached from it.",
                param="payment_method",
            )
        return method

    def _charge(self, intent: Json, method: Json, failure: tuple[str, str, str] | None) -> Json:
        paid = failure is None
        return self._objects.insert(
            {
                "id": new_id("ch"),
                "object": "charge",
                "amount": intent["amount"],
                "amount_captured": intent["amount"] if paid else 0,
                "amount_refunded": 0,
                "balance_transaction": None,
                "billing_details": method["billing_details"],
                "captured": paid,
                "created": now(),
                "currency": intent["currency"],
                "customer": intent["customer"],
                "description": intent["description"],
                "disputed": False,
                "failure_code": failure[0] if failure else None,
                "failure_message": failure[2] if failure else None,
                "livemode": False,
                "metadata": intent["metadata"],
                "outcome": {
                    "network_status": "approved_by_network" if paid else "declined_by_network",
                    "reason": failure[1] if failure else None,
                    "risk_level": "normal",
                    "type": "authorized" if paid else "issuer_declined",
                },
                "paid": paid,
                "payment_intent": intent["id"],
                "payment_method": method["id"],
                "payment_method_details": {"card": method["card"], "type": "card"},
                "receipt_email": intent["receipt_email"],
                "receipt_url": None,
                "refunded": False,
                "status": "succeeded" if paid else "failed",
            }
        )


def _unexpected(intent: Json, done: str) -> StripeError:
    return StripeError(
        f"This PaymentIntent could not be {done} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )
