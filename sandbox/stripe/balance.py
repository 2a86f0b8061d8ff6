"""What moved in the account: balance transactions with their fees, and payouts.

Source: Stripe's API reference, "The Balance Transaction object", and docs.stripe.com/reports/balance-transaction-types.
A charge costs 2 % and 18 % GST on that, a dispute a fee of its own, which does not come back; the account settles in
the currency of the charge.
"""

from sandbox.store import Json
from sandbox.stripe.objects import Objects, new_id, now

FEE_PERCENT = 2
TAX_PERCENT = 18
DISPUTE_FEE = 1_500
"""In minor units."""
AVAILABLE_SECONDS = 2 * 86_400


class Balance:
    """The account's books. Writing is done inside `store.write()`."""

    def __init__(self, objects: Objects) -> None:
        """Shared with the rest of the account."""
        self._objects = objects

    def charged(self, charge: Json) -> str:
        """A charge came in; returns the balance transaction's id."""
        fee = charge["amount"] * FEE_PERCENT // 100
        tax = fee * TAX_PERCENT // 100
        fees = [
            _fee(fee, "stripe_fee", "Stripe processing fees", charge["currency"]),
            _fee(tax, "tax", "GST", charge["currency"]),
        ]
        return self._add(charge, charge["amount"], "charge", "charge", fees)

    def refunded(self, refund: Json) -> str:
        """Money went back; its fee does not."""
        return self._add(refund, -refund["amount"], "refund", "refund")

    def refund_failed(self, refund: Json) -> str:
        """Money of a refund came back."""
        return self._add(refund, refund["amount"], "refund_failure", "refund_failure")

    def withdrawn(self, dispute: Json) -> str:
        """A bank took money, and Stripe a fee for the work."""
        fees = [_fee(DISPUTE_FEE, "stripe_fee", "Dispute fee", dispute["currency"])]
        return self._add(dispute, -dispute["amount"], "adjustment", "dispute", fees)

    def reinstated(self, dispute: Json) -> str:
        """A bank gave it back."""
        return self._add(dispute, dispute["amount"], "adjustment", "dispute_reversal")

    def pay_out(self, amount: int, currency: str) -> Json:
        """Money goes to our bank."""
        payout = self._objects.insert(
            {
                "id": new_id("po"),
                "object": "payout",
                "amount": amount,
                "arrival_date": now() + AVAILABLE_SECONDS,
                "automatic": True,
                "balance_transaction": None,
                "created": now(),
                "currency": currency,
                "description": "STRIPE PAYOUT",
                "destination": None,
                "failure_balance_transaction": None,
                "failure_code": None,
                "failure_message": None,
                "livemode": False,
                "metadata": {},
                "method": "standard",
                "reconciliation_status": "completed",
                "source_type": "card",
                "statement_descriptor": None,
                "status": "paid",
                "type": "bank_account",
            }
        )
        payout["balance_transaction"] = self._add(payout, -amount, "payout", "payout")
        return self._objects.save(payout)

    def sums(self) -> dict[str, int]:
        """What is left, by currency."""
        found: dict[str, int] = {}
        for line in self._objects.all("balance_transaction"):
            found[line["currency"]] = found.get(line["currency"], 0) + line["net"]
        return found

    def _add(
        self, source: Json, amount: int, type_: str, category: str, fees: list[Json] | None = None
    ) -> str:
        fee = sum(each["amount"] for each in fees or ())
        line = self._objects.insert(
            {
                "id": new_id("txn"),
                "object": "balance_transaction",
                "amount": amount,
                "available_on": now() + AVAILABLE_SECONDS,
                "balance_type": "payments",
                "created": now(),
                "currency": source["currency"],
                "description": source.get("description"),
                "exchange_rate": None,
                "fee": fee,
                "fee_details": fees or [],
                "net": amount - fee,
                "reporting_category": category,
                "source": source["id"],
                "status": "pending",
                "type": type_,
            }
        )
        return str(line["id"])


def _fee(amount: int, type_: str, description: str, currency: str) -> Json:
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": description,
        "type": type_,
    }
