"""Saved cards: payment methods, and how each behaves when it is charged."""

from sandbox.store import Json
from sandbox.stripe.objects import new_id, now

WORKS, DECLINES, NEEDS_OWNER = "works", "declines", "needs_owner"

#: Stripe's test payment methods that behave in a known way: (brand, last four, behaviour).
TEST_CARDS = {
    "pm_card_visa": ("visa", "4242", WORKS),
    "pm_card_mastercard": ("mastercard", "4444", WORKS),
    "pm_card_chargeDeclined": ("visa", "0002", DECLINES),
    "pm_card_chargeCustomerFail": ("visa", "0341", DECLINES),
    "pm_card_authenticationRequired": ("visa", "3184", NEEDS_OWNER),
}


def new_card(
    customer: str | None, token: str = "pm_card_visa", details: Json | None = None
) -> Json:
    """A payment method of type card; it expires in three years."""
    brand, last4, behaviour = TEST_CARDS[token]
    created = now()
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": details or {"address": None, "email": None, "name": None, "phone": None},
        "card": {
            "brand": brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 1970 + created // 31_556_952 + 3,
            "fingerprint": f"sandbox{last4}",
            "funding": "credit",
            "last4": last4,
            "networks": {"available": [brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
        },
        "created": created,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "_behaviour": behaviour,
    }
