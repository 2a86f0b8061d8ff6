"""A price taken apart into net and taxes.

Prices are totals, taxes included: what stands on the button is what is paid, in every country and for every
buyer. So each tax is computed out of the total and rounded by itself, half a unit up, and net is what is
left: the parts always sum to the total, and equal rates give equal amounts (CGST and SGST never differ).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any, Self

from app.core.money import Money


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One tax that is due: its name, and percent of the net price."""

    name: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class PlaceOfSupply:
    """Where a sale counts as made: a code of the country's tax office, and the name of the place."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Levy:
    """Which taxes a sale bears, and why: where it counts as made."""

    rates: tuple[TaxRate, ...] = ()
    place_of_supply: PlaceOfSupply | None = None


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """One tax of a price; `amount` in minor units."""

    name: str
    rate_percent: float
    amount: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A price with its taxes, in minor units: `net` and the taxes sum to `total`."""

    currency: str
    net: int
    taxes: tuple[TaxAmount, ...]
    total: int
    pack: str = "none"
    service_code: str | None = None
    """What is sold, by the tax office's code (SAC in India); None where no tax is due."""
    seller_tax_id: str | None = None
    buyer_tax_id: str | None = None
    place_of_supply: PlaceOfSupply | None = None

    @property
    def tax(self) -> int:
        """All taxes together, in minor units."""
        return self.total - self.net

    def as_json(self) -> dict[str, Any]:
        """Return what is kept with a purchase; `from_json` reads it back."""
        return asdict(self) | {"taxes": [asdict(tax) for tax in self.taxes]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return a quote that was kept. Raises KeyError or TypeError for something else."""
        place = kept["place_of_supply"]
        return cls(
            **{
                **kept,
                "taxes": tuple(TaxAmount(**tax) for tax in kept["taxes"]),
                "place_of_supply": PlaceOfSupply(**place) if place else None,
            }
        )


def untaxed(price: Money) -> Quote:
    """Return the quote of a price of which nothing is tax."""
    return Quote(price.currency, price.amount, (), price.amount)


def together(quotes: Sequence[Quote]) -> Quote:
    """Return the sum of quotes of one currency, seller and buyer: each tax adds up by its name and rate."""
    first = quotes[0]
    taxes: dict[tuple[str, float], int] = {}
    for tax in (each for quote in quotes for each in quote.taxes):
        taxes[tax.name, tax.rate_percent] = taxes.get((tax.name, tax.rate_percent), 0) + tax.amount
    return replace(
        first,
        net=sum(quote.net for quote in quotes),
        taxes=tuple(TaxAmount(name, rate, amount) for (name, rate), amount in taxes.items()),
        total=sum(quote.total for quote in quotes),
    )


def split(total: int, rates: Sequence[TaxRate]) -> tuple[int, tuple[TaxAmount, ...]]:
    """Return net and taxes of `total`, both in minor units; together they are exactly `total`."""
    whole = 100 + sum(Fraction(rate.percent) for rate in rates)
    taxes = tuple(
        TaxAmount(rate.name, float(rate.percent), _half_up(total * Fraction(rate.percent) / whole))
        for rate in rates
    )
    return total - sum(tax.amount for tax in taxes), taxes


def part_of_taxes(quote: Quote, so_far: int, amount: int) -> tuple[TaxAmount, ...]:
    """Return the taxes in `amount` minor units given back, after `so_far` was.

    Each is the share of all that is then given back, less the share of what was before: whatever the
    parts, those of the whole total sum to the quote's taxes.
    """
    return tuple(
        TaxAmount(
            tax.name,
            tax.rate_percent,
            _share(tax.amount, so_far + amount, quote.total)
            - _share(tax.amount, so_far, quote.total),
        )
        for tax in quote.taxes
    )


def _share(amount: int, part: int, whole: int) -> int:
    return _half_up(Fraction(amount * part, whole))


def _half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))
