"""GST of India: CGST and SGST (or UTGST) within a state, IGST between states.

Sources: the IGST Act 2017, sections 7, 8 and 12(2): the place of supply of a service is where the registered
buyer is; else the buyer's address where there is one on record, else where the seller is. Union territories
without a legislature of their own levy UTGST in place of SGST.
"""

import datetime as dt
import string
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from stdnum import luhn
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError
from stdnum.in_ import gstin

from app.taxes.pack import BuyerFacts, SellerFacts, TaxPack
from app.taxes.quote import Levy, PlaceOfSupply, TaxRate

_ZONE: Final = ZoneInfo("Asia/Kolkata")
_YEAR_BEGINS: Final = 4
"""April."""
_HOME: Final = "IN"
_ABROAD: Final = PlaceOfSupply("96", "Outside India")
_LENGTH: Final = 15
_ALPHABET: Final = string.digits + string.ascii_uppercase

_STATES: Final = {
    "01": "Jammu and Kashmir",
    "02": "Himachal Pradesh",
    "03": "Punjab",
    "04": "Chandigarh",
    "05": "Uttarakhand",
    "06": "Haryana",
    "07": "Delhi",
    "08": "Rajasthan",
    "09": "Uttar Pradesh",
    "10": "Bihar",
    "11": "Sikkim",
    "12": "Arunachal Pradesh",
    "13": "Nagaland",
    "14": "Manipur",
    "15": "Mizoram",
    "16": "Tripura",
    "17": "Meghalaya",
    "18": "Assam",
    "19": "West Bengal",
    "20": "Jharkhand",
    "21": "Odisha",
    "22": "Chhattisgarh",
    "23": "Madhya Pradesh",
    "24": "Gujarat",
    "26": "Dadra and Nagar Haveli and Daman and Diu",
    "27": "Maharashtra",
    "29": "Karnataka",
    "30": "Goa",
    "31": "Lakshadweep",
    "32": "Kerala",
    "33": "Tamil Nadu",
    "34": "Puducherry",
    "35": "Andaman and Nicobar Islands",
    "36": "Telangana",
    "37": "Andhra Pradesh",
    "38": "Ladakh",
    "97": "Other Territory",
}
"""State codes of the GST network, by which a GSTIN begins."""

_MERGED: Final = {"25": "26", "28": "37"}
"""Codes of numbers from before Daman and Diu was merged, and Andhra Pradesh divided."""
_WITHOUT_LEGISLATURE: Final = frozenset({"04", "26", "31", "35", "38", "97"})
_YOUNGER: Final = frozenset({"38", "97"})
_OLDER: Final = "27"
_CODES: Final = {name.casefold(): code for code, name in _STATES.items()}


@dataclass(frozen=True)
class IndiaGst:
    """Goods and services tax."""

    countries: frozenset[str] = frozenset({_HOME})
    zone: dt.tzinfo = _ZONE

    def checked_tax_id(self, text: str) -> str:
        """Return a GSTIN in capitals, without spaces."""
        compact = gstin.compact(text)
        try:
            found = _validated(compact)
        except InvalidLength:
            raise ValueError(
                f"must be a GSTIN of {_LENGTH} characters, such as 27AAPFU0939F1ZV; this has {len(compact)}"
            ) from None
        except InvalidChecksum:
            raise ValueError(
                "is no GSTIN: its last character does not fit the others. Compare it with your "
                "registration certificate"
            ) from None
        except ValidationError:
            raise ValueError(
                "must be a GSTIN: two digits of the state, the ten characters of the PAN, and three "
                "more, such as 27AAPFU0939F1ZV"
            ) from None
        return found

    def levy(self, seller: SellerFacts, buyer: BuyerFacts) -> Levy:
        """Return CGST with SGST or UTGST where the place of supply is the seller's state, else IGST."""
        home = _state_of(seller.tax_id)
        if home is None:
            return Levy()
        percent = Decimal(seller.rate_basis_points) / 100
        place = _place_of(buyer) or home
        if place != home:
            return Levy((TaxRate("IGST", percent),), place)
        states_own = "UTGST" if home.code in _WITHOUT_LEGISLATURE else "SGST"
        half = percent / 2
        return Levy((TaxRate("CGST", half), TaxRate(states_own, half)), place)

    def year_of(self, at: dt.datetime) -> str:
        """Return the financial year, April to March by India's clock: `26-27`."""
        day = at.astimezone(_ZONE)
        begins = day.year if day.month >= _YEAR_BEGINS else day.year - 1
        return f"{begins % 100:02}-{(begins + 1) % 100:02}"


def _validated(number: str) -> str:
    """Return a GSTIN. Raises ValidationError for what is none.

    The library knows no state that is younger than its table: those numbers are checked as one of
    Maharashtra, and their last character by what they are.
    """
    if number[:2] not in _YOUNGER:
        return str(gstin.validate(number))
    with suppress(InvalidChecksum):
        gstin.validate(f"{_OLDER}{number[2:]}")
    return str(luhn.validate(number, _ALPHABET))


def _state_of(tax_id: str | None) -> PlaceOfSupply | None:
    """Return the state of a valid GSTIN, else None."""
    if tax_id is None:
        return None
    try:
        tax_id = _validated(gstin.compact(tax_id))
    except ValidationError:
        return None
    code = _MERGED.get(tax_id[:2], tax_id[:2])
    name = _STATES.get(code)
    return PlaceOfSupply(code, name) if name else None


def _place_of(buyer: BuyerFacts) -> PlaceOfSupply | None:
    """Return where the buyer is by their GSTIN, else by their address; None where neither tells."""
    if state := _state_of(buyer.tax_id):
        return state
    if buyer.country is not None and buyer.country != _HOME:
        return _ABROAD
    code = _CODES.get((buyer.region or "").casefold())
    return PlaceOfSupply(code, _STATES[code]) if code else None


PACK: Final[TaxPack] = IndiaGst()
