"""Payments by UPI, their refunds and disputes, and what moved in the account.

Sources: https://razorpay.com/docs/api/payments/entity, …/refunds/normal-refunds-idempotent, …/disputes/entity,
…/settlements/fetch-recon. The fee is 2 % and 18 % GST on it, which `fee` includes and `tax` names.
"""

import datetime as dt

from sandbox.razorpay.errors import RazorpayError, not_modelled
from sandbox.razorpay.events import Events
from sandbox.razorpay.objects import Objects, new_id, now, whole
from sandbox.store import Json

REFUND = frozenset({"amount", "notes", "receipt", "speed"})
FEE_PERCENT = 2
TAX_PERCENT = 18
SETTLEMENT_ZONE = dt.timezone(dt.timedelta(hours=5, minutes=30))
"""A settlement's day is one of India."""
MOST_MOVEMENTS = 1_000

DISPUTE_STATUSES = ("open", "under_review", "won", "lost", "closed")
#: Words that people use for a new dispute, and the phases in which a bank only asks.
DISPUTE_ALIASES = {
    "opened": "open",
    "created": "open",
    "needs_response": "open",
    "action_required": "open",
}
DISPUTE_PHASES = ("chargeback", "pre_arbitration", "arbitration", "fraud", "retrieval")
_SAID = {
    "open": "created",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
    "closed": "closed",
}


class Payments:
    """Making payments, giving them back, disputing them."""

    def __init__(self, objects: Objects, events: Events) -> None:
        """Shared with the rest of the account."""
        self._objects = objects
        self._events = events

    def begin(self, link: Json, vpa: str) -> Json:
        """Somebody pays on a link by UPI; the money is not here yet."""
        return self._objects.insert(
            "payment",
            {
                "id": new_id("pay"),
                "entity": "payment",
                "amount": link["amount"],
                "currency": link["currency"],
                "base_amount": link["amount"],
                "status": "created",
                "order_id": new_id("order"),
                "invoice_id": None,
                "international": False,
                "method": "upi",
                "amount_refunded": 0,
                "amount_transferred": 0,
                "refund_status": None,
                "captured": False,
                "description": f"#{link['id'].removeprefix('plink_')}",
                "card_id": None,
                "bank": None,
                "wallet": None,
                "vpa": vpa,
                "upi": {"payer_account_type": "bank_account", "vpa": vpa},
                "email": (link["customer"] or {}).get("email"),
                "contact": (link["customer"] or {}).get("contact") or "+919000090000",
                "notes": link["notes"] or [],
                "fee": None,
                "tax": None,
                "error_code": None,
                "error_description": None,
                "error_source": None,
                "error_step": None,
                "error_reason": None,
                "acquirer_data": {"rrn": None},
                "created_at": now(),
                "_link": link["id"],
            },
        )

    def capture(self, payment: Json) -> Json:
        """The money is here; the event follows from who owns the link."""
        without_tax = payment["amount"] * FEE_PERCENT // 100
        tax = without_tax * TAX_PERCENT // 100
        payment |= {
            "status": "captured",
            "captured": True,
            "fee": without_tax + tax,
            "tax": tax,
            "acquirer_data": {"rrn": f"{payment['created_at']:012d}"},
        }
        self._objects.save("payment", payment)
        self._move(payment, "payment", credit=payment["amount"] - payment["fee"], debit=0)
        return payment

    def fail(self, payment: Json) -> Json:
        """The payer's bank says no, with its event."""
        payment |= {
            "status": "failed",
            "error_code": "BAD_REQUEST_ERROR",
            "error_description": "Your payment didn't go through as it was declined by the bank.",
            "error_source": "bank",
            "error_step": "payment_authorization",
            "error_reason": "payment_declined",
        }
        self._objects.save("payment", payment)
        self._events.emit("payment.failed", payment=payment)
        return payment

    def refund(self, payment_id: str, body: Json) -> Json:
        """`POST /payments/{id}/refund`. Raises RazorpayError."""
        if unknown := [name for name in body if name not in REFUND]:
            raise not_modelled(unknown)
        if body.get("speed", "normal") != "normal":
            raise not_modelled(["speed"])
        payment = self._objects.get("payment", payment_id)
        if payment["status"] not in ("captured", "refunded"):
            raise RazorpayError("The payment status should be captured for action to be taken")
        left = payment["amount"] - payment["amount_refunded"]
        if left <= 0:
            raise RazorpayError("The payment has been fully refunded already")
        if any(each["status"] in ("open", "under_review") for each in self.disputes(payment_id)):
            raise RazorpayError("The payment has an open dispute and can't be refunded")
        amount = whole(body, "amount", left, 1, 10**12)
        if amount > left:
            raise RazorpayError(
                "The refund amount provided is greater than amount captured", field="amount"
            )
        refund = self._objects.insert(
            "refund",
            {
                "id": new_id("rfnd"),
                "entity": "refund",
                "amount": amount,
                "currency": payment["currency"],
                "payment_id": payment_id,
                "notes": body.get("notes") or [],
                "receipt": body.get("receipt"),
                "acquirer_data": {"arn": None},
                "created_at": now(),
                "batch_id": None,
                "status": "processed",
                "speed_processed": "normal",
                "speed_requested": "normal",
            },
        )
        self._returned(payment, amount)
        self._move(refund, "refund", credit=0, debit=amount)
        self._events.emit("refund.created", refund=refund, payment=payment)
        self._events.emit("refund.processed", refund=refund, payment=payment)
        return refund

    def set_refund(self, id_: str, status: str) -> Json:
        """A refund waits, goes through, or fails; the payment follows. For the controls."""
        refund = self._objects.get("refund", id_)
        payment = self._objects.get("payment", refund["payment_id"])
        counted, counts = refund["status"] != "failed", status != "failed"
        refund["status"] = status
        self._objects.save("refund", refund)
        if counted and not counts:
            self._returned(payment, -refund["amount"])
            back = {**refund, "id": new_id("adj")}
            self._move(back, "adjustment", credit=refund["amount"], debit=0)
        elif counts and not counted:
            self._returned(payment, refund["amount"])
            self._move(
                {**refund, "id": new_id("adj")}, "adjustment", credit=0, debit=refund["amount"]
            )
        if status in ("processed", "failed"):
            self._events.emit(f"refund.{status}", refund=refund, payment=payment)
        return refund

    def disputes(self, payment_id: str) -> list[Json]:
        """The disputes of a payment, newest first."""
        return self._objects.of_payment("dispute", payment_id)

    def dispute(self, payment_id: str, status: str, phase: str) -> Json:
        """The payer's bank disputes the payment, or that dispute moves on. For the controls."""
        payment = self._objects.get("payment", payment_id)
        if not payment["captured"]:
            raise RazorpayError("The payment was never captured")
        found = self.disputes(payment_id)
        dispute = found[0] if found else self._open(payment, phase)
        if found and (dispute["status"], dispute["phase"]) == (status, phase):
            return dispute
        lost_before = dispute["amount_deducted"]
        dispute |= {"status": status, "phase": phase}
        dispute["amount_deducted"] = dispute["amount"] if status == "lost" else 0
        self._objects.save("dispute", dispute)
        if dispute["amount_deducted"] != lost_before:
            taken = dispute["amount_deducted"] - lost_before
            self._move(
                {**dispute, "id": new_id("adj")},
                "adjustment",
                credit=max(-taken, 0),
                debit=max(taken, 0),
                dispute_id=dispute["id"],
            )
        self._events.emit(f"payment.dispute.{_SAID[status]}", payment=payment, dispute=dispute)
        return dispute

    def movements(self, params: Json) -> list[Json]:
        """`GET /settlements/recon/combined`: what was settled on a day, oldest first.

        This account settles at once, so a movement's day is that on which it happened.
        """
        if unknown := [n for n in params if n not in ("year", "month", "day", "count", "skip")]:
            raise not_modelled(unknown)
        year = whole(params, "year", 0, 1_000, 9_999)
        month = whole(params, "month", 0, 1, 12)
        day = whole(params, "day", 0, 0, 31)
        try:
            first = dt.datetime(year, month, day or 1, tzinfo=SETTLEMENT_ZONE)
        except ValueError:
            raise RazorpayError("The day is not a valid day.", field="day") from None
        following = dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=SETTLEMENT_ZONE)
        last = first + dt.timedelta(days=1) if day else following
        span = {"from": int(first.timestamp()), "to": int(last.timestamp()) - 1}
        return self._objects.page("movement", {"count": 10, **params, **span}, most=MOST_MOVEMENTS)

    def _open(self, payment: Json, phase: str) -> Json:
        return self._objects.insert(
            "dispute",
            {
                "id": new_id("disp"),
                "entity": "dispute",
                "payment_id": payment["id"],
                "amount": payment["amount"],
                "currency": payment["currency"],
                "amount_deducted": 0,
                "reason_code": "goods_or_services_not_received_or_partially_received",
                "respond_by": now() + 7 * 86_400,
                "status": "",
                "phase": phase,
                "created_at": now(),
                "evidence": {
                    "amount": payment["amount"],
                    **dict.fromkeys(
                        "summary shipping_proof billing_proof cancellation_proof"
                        " customer_communication proof_of_service explanation_letter"
                        " refund_confirmation access_activity_log refund_cancellation_policy"
                        " term_and_conditions others submitted_at".split()
                    ),
                },
            },
        )

    def _returned(self, payment: Json, amount: int) -> None:
        payment["amount_refunded"] += amount
        whole_ = payment["amount_refunded"] == payment["amount"]
        payment["refund_status"] = (
            None if payment["amount_refunded"] == 0 else "full" if whole_ else "partial"
        )
        payment["status"] = "refunded" if whole_ else "captured"
        self._objects.save("payment", payment)

    def _move(
        self, thing: Json, type_: str, *, credit: int, debit: int, dispute_id: str | None = None
    ) -> None:
        """Keep what the settlement's report says of something that moved."""
        at = now()
        self._objects.insert(
            "movement",
            {
                "id": f"recon_{thing['id']}",
                "entity_id": thing["id"],
                "type": type_,
                "debit": debit,
                "credit": credit,
                "amount": thing["amount"],
                "currency": thing["currency"],
                "fee": thing.get("fee") or 0,
                "tax": thing.get("tax") or 0,
                "on_hold": False,
                "settled": True,
                "created_at": at,
                "settled_at": at,
                "settlement_id": f"setl_{at // 86_400:014d}",
                "posted_at": None,
                "credit_type": "default",
                "description": None,
                "notes": "{}",
                "payment_id": thing.get("payment_id"),
                "settlement_utr": f"{at // 86_400}sandbox",
                "order_id": thing.get("order_id"),
                "order_receipt": None,
                "method": thing.get("method", "upi"),
                "card_network": None,
                "card_issuer": None,
                "card_type": None,
                "dispute_id": dispute_id,
            },
        )
