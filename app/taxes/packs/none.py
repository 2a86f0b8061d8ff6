"""No tax."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from app.taxes.pack import BuyerFacts, SellerFacts, TaxPack
from app.taxes.packs import india
from app.taxes.quote import Levy


@dataclass(frozen=True)
class NoTax:
    """A seller who charges no tax, as everybody is before a tax number is set."""

    countries: frozenset[str] = frozenset()
    zone: dt.tzinfo = india.PACK.zone

    def checked_tax_id(self, text: str) -> str:
        """Return any number as it is."""
        return text

    def levy(self, seller: SellerFacts, buyer: BuyerFacts) -> Levy:
        """Return no tax."""
        return Levy()

    def year_of(self, at: dt.datetime) -> str:
        """Return India's financial year: the numbers go on when the seller registers there."""
        return india.PACK.year_of(at)


PACK: Final[TaxPack] = NoTax()
