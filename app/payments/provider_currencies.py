"""How a payment provider counts money: which currencies it takes, and how many decimals its amounts carry.

Our own amounts are in minor units of ISO 4217 (`app.core.money`). A provider's may differ: Stripe counts 5 ISK as
500 although the krona has no decimals any more, and 5 MGA as 5 although ISO gives the ariary two.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.money import CURRENCIES, Money, exponent
from app.payments.provider import ProviderRefused


class AmountNotTaken(ProviderRefused):
    """The provider has no number for this amount of money; `sentence` says why. Nothing was asked of it."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__("amount_not_taken")


@dataclass(frozen=True)
class ProviderCurrencies:
    """The currencies of one provider."""

    provider: str
    """Its name as people write it, for sentences."""
    decimals: Mapping[str, int]
    """By currency code: how many decimals its amounts carry. A code that is missing is not taken."""
    steps: Mapping[str, int]
    """By currency code: of what the provider's number must be a multiple; 1 where it is missing."""

    def problem(self, currency: str) -> str | None:
        """Return a sentence that says why nothing can be sold in this currency; None where it can."""
        if currency in self.decimals:
            return None
        return f"{self.provider} takes no payments in {currency}."

    def price_problem(self, price: Money) -> str | None:
        """Return a sentence that says why the provider can't charge this price; None where it can."""
        try:
            self.to_provider(price)
        except AmountNotTaken as refusal:
            return refusal.sentence
        return None

    def to_provider(self, money: Money) -> int:
        """Return the provider's number for `money`. Raises `AmountNotTaken`; it never rounds."""
        if sentence := self.problem(money.currency):
            raise AmountNotTaken(sentence)
        theirs, ours = self.decimals[money.currency], exponent(money.currency)
        number, rest = divmod(money.amount * _ten_to(theirs), _ten_to(ours))
        step = self.steps.get(money.currency, 1)
        if rest or number % step:
            smallest = step * _ten_to(ours) // _ten_to(theirs)
            raise AmountNotTaken(
                f"{self.provider} takes amounts of {money.currency} only in multiples of {smallest} "
                "minor units."
            )
        return number

    def from_provider(self, number: int, currency: str) -> Money:
        """Return the money that the provider's number means; `currency` may be in small letters.

        Raises ValueError for a currency that nobody knows, and for a fraction of our minor unit.
        """
        code = currency.upper()
        if code not in CURRENCIES:
            raise ValueError(f"{currency!r} is not a currency code of ISO 4217")
        ours = exponent(code)
        # What was sold by somebody else through the same account may be in a currency we never use.
        theirs = self.decimals.get(code, ours)
        amount, rest = divmod(number * _ten_to(ours), _ten_to(theirs))
        if rest:
            raise ValueError(f"{number} {code} is a fraction of the smallest amount")
        return Money(amount, code)


def _ten_to(decimals: int) -> int:
    return int(10**decimals)
