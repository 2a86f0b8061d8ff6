"""What a tax pack is, and finding one by its name or country."""

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Final, Protocol, cast

from app.core.money import Money
from app.taxes import packs
from app.taxes.quote import Levy, Quote, split, untaxed

NONE: Final = "none"
"""The pack of a seller who charges no tax."""


@dataclass(frozen=True, slots=True)
class SellerFacts:
    """What a pack has to know of the seller."""

    tax_id: str | None
    rate_basis_points: int
    """Hundredths of a percent: 1800 is 18 %."""
    service_code: str


@dataclass(frozen=True, slots=True)
class BuyerFacts:
    """What a pack has to know of the buyer; None where it is not known."""

    tax_id: str | None = None
    country: str | None = None
    """ISO 3166, two letters."""
    region: str | None = None
    """State by its English name."""


class TaxPack(Protocol):
    """The taxes of a country: a file in `packs` with one of these, called `PACK`."""

    @property
    def countries(self) -> frozenset[str]:
        """The countries (ISO 3166) whose tax numbers `checked_tax_id` knows."""
        ...

    @property
    def zone(self) -> dt.tzinfo:
        """The clock by which invoices are dated."""
        ...

    def checked_tax_id(self, text: str) -> str:
        """Return a tax number as it is written. Raises ValueError with a sentence about what is wrong."""
        ...

    def levy(self, seller: SellerFacts, buyer: BuyerFacts) -> Levy:
        """Return the taxes of a sale; `seller` has a tax number and a rate above zero."""
        ...

    def year_of(self, at: dt.datetime) -> str:
        """Return the tax year of an instant, in which invoices are numbered: `26-27` or `2026`."""
        ...


@cache
def names() -> tuple[str, ...]:
    """Return the names of all packs."""
    return tuple(sorted(module.name for module in iter_modules(packs.__path__)))


@cache
def get_pack(name: str) -> TaxPack:
    """Return a pack by its name. Raises KeyError for an unknown one."""
    if name not in names():
        raise KeyError(name)
    return cast(TaxPack, import_module(f"{packs.__name__}.{name}").PACK)


def checked_tax_id(country: str | None, text: str) -> str:
    """Return a tax number as `country` writes it, unchanged where no pack knows.

    Raises ValueError with a sentence about what is wrong.
    """
    for name in names():
        if country in get_pack(name).countries:
            return get_pack(name).checked_tax_id(text)
    return text


def quote(name: str, seller: SellerFacts, buyer: BuyerFacts, price: Money) -> Quote:
    """Return what of `price` is tax by the pack called `name`.

    A seller without a tax number may charge none.
    """
    if seller.tax_id is None or seller.rate_basis_points == 0:
        return untaxed(price)
    levy = get_pack(name).levy(seller, buyer)
    if not levy.rates:
        return replace(
            untaxed(price),
            pack=name,
            seller_tax_id=seller.tax_id,
            buyer_tax_id=buyer.tax_id,
            place_of_supply=levy.place_of_supply,
        )
    net, taxes = split(price.amount, levy.rates)
    return Quote(
        price.currency,
        net,
        taxes,
        price.amount,
        pack=name,
        service_code=seller.service_code,
        seller_tax_id=seller.tax_id,
        buyer_tax_id=buyer.tax_id,
        place_of_supply=levy.place_of_supply,
    )
