"""Stripe's balance transactions in our own words.

Source: https://docs.stripe.com/reports/balance-transaction-types and the API reference, "The Balance Transaction
object" (read in November 2026): `amount`, `fee` and `net` are in the settlement currency, so what was sold is read
from the expanded `source`; a dispute is an `adjustment` whose `reporting_category` says which way.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.payments.provider import Movement, MovementKind
from app.providers.stripe.currencies import STRIPE_CURRENCIES

_KINDS: Final = {
    "charge": MovementKind.CAPTURE,
    "refund": MovementKind.REFUND,
    "refund_failure": MovementKind.REFUND_FAILED,
    "dispute": MovementKind.DISPUTE,
    "dispute_reversal": MovementKind.DISPUTE_REVERSED,
    "fee": MovementKind.FEE,
}


def movement_of(line: Mapping[str, Any]) -> Movement | None:
    """Return a balance transaction; None for one of nothing that we sell or pay for. Raises KeyError."""
    kind = _KINDS.get(line["reporting_category"])
    source = line.get("source")
    if kind is None:
        return None
    amount, currency = abs(line["amount"]), line["currency"]
    ref = line["id"]
    if isinstance(source, Mapping):
        amount, currency = source["amount"], source["currency"]
        # Our ledger knows a charge by its payment intent.
        ref = (source.get("payment_intent") if kind is MovementKind.CAPTURE else None) or source[
            "id"
        ]
    return Movement(
        id=line["id"],
        kind=kind,
        ref=str(ref),
        amount=STRIPE_CURRENCIES.from_provider(amount, currency),
        fee=STRIPE_CURRENCIES.from_provider(line["fee"], line["currency"]),
    )
