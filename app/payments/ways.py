"""How one tap pays, by one rule for chat and pages: out of the balance, else by the kept card, else on the page.

A tap names the way and the amount, and is never paid in another way or with more.
"""

from app.core.errors import Conflict
from app.core.money import Money
from app.payments.kept_card import ShownCard
from app.payments.rules import OWNER_CONFIRMS, PayWith


class PriceChanged(Conflict):
    """It costs more now than the tap named."""

    code = "price_changed"
    detail = "The price is not the one you agreed to any more. Nothing was charged."
    remedy = "Read the price again, and confirm it."


def first_way(price: Money, balance: int, card: ShownCard | None) -> PayWith:
    """Return how one tap pays a price; `balance` is in minor units of its currency."""
    if price.amount <= balance:
        return PayWith.BALANCE
    if card is not None and price.currency not in OWNER_CONFIRMS:
        return PayWith.CARD
    return PayWith.PAGE
