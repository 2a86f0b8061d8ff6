"""Value-added tax of one country, at one rate: sales at home bear it, whoever buys.

Sales to companies in other countries of the European Union bear none here: their own country taxes them there
(reverse charge).
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from app.taxes.pack import BuyerFacts, SellerFacts, TaxPack
from app.taxes.quote import Levy, PlaceOfSupply, TaxRate

_GREECE = {"EL": "GR"}
"""VAT numbers begin with a code of their own there."""


@dataclass(frozen=True)
class ValueAddedTax:
    """VAT as countries of the European Union have it."""

    countries: frozenset[str] = frozenset(
        _GREECE.get(code.upper(), code.upper()) for code in vat.MEMBER_STATES
    )
    zone: dt.tzinfo = dt.UTC

    def checked_tax_id(self, text: str) -> str:
        """Return a VAT number with its country, without spaces."""
        try:
            return str(vat.validate(text))
        except ValidationError:
            raise ValueError(
                "must be a VAT number with its country, such as DE136695976: compare it with the "
                "letter of the tax office"
            ) from None

    def levy(self, seller: SellerFacts, buyer: BuyerFacts) -> Levy:
        """Return VAT, or nothing where a company of another country pays it there."""
        home = _country(seller.tax_id)
        theirs = _country(buyer.tax_id)
        if theirs is not None and theirs != home:
            return Levy(place_of_supply=PlaceOfSupply(theirs, theirs))
        place = PlaceOfSupply(home, home) if home else None
        return Levy((TaxRate("VAT", Decimal(seller.rate_basis_points) / 100),), place)

    def year_of(self, at: dt.datetime) -> str:
        """Return the calendar year, in UTC."""
        return str(at.astimezone(dt.UTC).year)


def _country(tax_id: str | None) -> str | None:
    """Return the country of a valid VAT number, else None."""
    if tax_id is None or not vat.is_valid(tax_id):
        return None
    code = str(vat.compact(tax_id))[:2]
    return _GREECE.get(code, code)


PACK: Final[TaxPack] = ValueAddedTax()
