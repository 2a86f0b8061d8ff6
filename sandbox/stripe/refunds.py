"""Refunds and disputes: money on its way back."""

from sandbox import faults
from sandbox.store import Json, Store
from sandbox.stripe import params as p
from sandbox.stripe.balance import Balance
from sandbox.stripe.errors import StripeError, missing
from sandbox.stripe.events import Events
from sandbox.stripe.objects import Objects, new_id, now

REFUND = frozenset({"amount", "charge", "metadata", "payment_intent", "reason"})
REASONS = ("duplicate", "fraudulent", "requested_by_customer")

INQUIRY = ("warning_needs_response", "warning_under_review", "warning_closed")
OPEN = ("needs_response", "under_review")
CLOSED = ("won", "lost", "warning_closed", "prevented")
DISPUTE_STATUSES = (*INQUIRY, *OPEN, "won", "lost", "prevented")
#: Words that people use for a new dispute.
DISPUTE_ALIASES = {
    "open": "needs_response",
    "opened": "needs_response",
    "created": "needs_response",
}


class Refunds:
    """Refunds of charges, and disputes about them."""

    def __init__(self, store: Store, objects: Objects, events: Events, balance: Balance) -> None:
        """Shared with the rest of the account."""
        self._store = store
        self._objects = objects
        self._events = events
        self._balance = balance

    def create(self, params: Json) -> Json:
        """`POST /refunds`: cards are refunded at once, unless a fault says otherwise. Raises StripeError 400."""
        p.only(params, REFUND)
        charge = self._charge(params)
        left = charge["amount_captured"] - charge["amount_refunded"]
        if left <= 0:
            raise StripeError(
                f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
            )
        if charge["disputed"]:
            raise StripeError(
                f"Charge {charge['id']} is disputed and can't be refunded.", code="charge_disputed"
            )
        asked = p.integer(params, "amount")
        amount = left if asked is None else asked
        if not 0 < amount <= left:
            raise StripeError(
                f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
                param="amount",
            )
        refund = self._objects.insert(
            {
                "id": new_id("re"),
                "object": "refund",
                "amount": amount,
                "balance_transaction": None,
                "charge": charge["id"],
                "created": now(),
                "currency": charge["currency"],
                "destination_details": {"card": {"type": "refund"}, "type": "card"},
                "failure_reason": None,
                "metadata": p.metadata(params),
                "payment_intent": charge["payment_intent"],
                "reason": p.one_of(params, "reason", REASONS),
                "receipt_number": None,
                "source_transfer_reversal": None,
                "status": "succeeded",
                "transfer_reversal": None,
            }
        )
        fault = faults.take(self._store, "stripe", "refund")
        if fault is not None:
            refund["status"] = "pending"
        refund["balance_transaction"] = self._balance.refunded(refund)
        self._objects.save(refund)
        self._move(charge, amount)
        self._events.emit("refund.created", refund)
        self._events.emit("charge.refunded", charge)
        if fault is not None and fault.kind == "refund_failed":
            self.set_status(refund["id"], "failed")
        return refund

    def update(self, id_: str, params: Json) -> Json:
        """`POST /refunds/{id}`: metadata only."""
        p.only(params, {"metadata"})
        refund = self._objects.get("refund", id_)
        refund["metadata"] = p.metadata(params, refund["metadata"])
        self._objects.save(refund)
        self._events.emit("refund.updated", refund)
        return refund

    def set_status(self, id_: str, status: str) -> Json:
        """A refund goes through, waits, or comes back; the charge follows. For the controls."""
        refund = self._objects.get("refund", id_)
        counted = refund["status"] in ("succeeded", "pending")
        counts = status in ("succeeded", "pending")
        refund["status"] = status
        refund["failure_reason"] = "lost_or_stolen_card" if status == "failed" else None
        if counted and not counts:
            refund["failure_balance_transaction"] = self._balance.refund_failed(refund)
        elif counts and not counted:
            refund["balance_transaction"] = self._balance.refunded(refund)
        self._objects.save(refund)
        if counted != counts:
            charge = self._objects.get("charge", refund["charge"])
            self._move(charge, refund["amount"] if counts else -refund["amount"])
        self._events.emit("refund.updated", refund)
        self._events.emit("charge.refund.updated", refund)
        if status == "failed":
            self._events.emit("refund.failed", refund)
        return refund

    def dispute(self, intent_id: str, status: str) -> Json:
        """The card's owner disputes the payment, or that dispute moves on. For the controls."""
        charge = next(
            (item for item in self._objects.of_intent("charge", intent_id) if item["paid"]), None
        )
        if charge is None:
            raise missing("paid payment_intent", intent_id, "payment_intent")
        found = self._objects.of_intent("dispute", intent_id)
        first = "warning_needs_response" if status in INQUIRY else "needs_response"
        dispute = found[0] if found else self._open_dispute(charge, first)
        if dispute["status"] == status:
            return dispute
        was_inquiry = dispute["status"] in INQUIRY
        dispute["status"] = status
        self._objects.save(dispute)
        if was_inquiry and status in OPEN:
            self._withdraw(charge, dispute)
        if status in CLOSED:
            self._events.emit("charge.dispute.closed", dispute)
            if status == "won" and charge["disputed"]:
                charge["disputed"] = False
                self._objects.save(charge)
                dispute["balance_transactions"].append(
                    self._line(self._balance.reinstated(dispute))
                )
                self._objects.save(dispute)
                self._events.emit("charge.dispute.funds_reinstated", dispute)
        else:
            self._events.emit("charge.dispute.updated", dispute)
        return dispute

    def _open_dispute(self, charge: Json, status: str) -> Json:
        dispute = self._objects.insert(
            {
                "id": new_id("du"),
                "object": "dispute",
                "amount": charge["amount"],
                "balance_transactions": [],
                "charge": charge["id"],
                "created": now(),
                "currency": charge["currency"],
                "evidence": {},
                "evidence_details": {
                    "is_due": now() + 7 * 86_400,
                    "has_evidence": False,
                    "past_due": False,
                    "submission_count": 0,
                },
                "is_charge_refundable": status in INQUIRY,
                "livemode": False,
                "metadata": {},
                "payment_intent": charge["payment_intent"],
                "payment_method_details": {"card": {"brand": "visa"}, "type": "card"},
                "reason": "fraudulent",
                "status": status,
            }
        )
        self._events.emit("charge.dispute.created", dispute)
        if status not in INQUIRY:
            self._withdraw(charge, dispute)
        return dispute

    def _withdraw(self, charge: Json, dispute: Json) -> None:
        charge["disputed"] = True
        self._objects.save(charge)
        dispute["balance_transactions"].append(self._line(self._balance.withdrawn(dispute)))
        self._objects.save(dispute)
        self._events.emit("charge.dispute.funds_withdrawn", dispute)

    def _line(self, id_: str) -> Json:
        return self._objects.get("balance_transaction", id_)

    def _charge(self, params: Json) -> Json:
        intent_id, charge_id = p.text(params, "payment_intent"), p.text(params, "charge")
        if charge_id is not None:
            return self._objects.get("charge", charge_id, "charge")
        if intent_id is None:
            raise StripeError(
                "One of the following params should be provided for this request:"
                " payment_intent or charge."
            )
        intent = self._objects.get("payment_intent", intent_id, "payment_intent")
        if intent["status"] != "succeeded":
            raise StripeError(
                f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        return self._objects.get("charge", intent["latest_charge"], "charge")

    def _move(self, charge: Json, amount: int) -> None:
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        self._objects.save(charge)
