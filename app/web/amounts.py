"""Amounts of money as people type them, and back."""

from decimal import Decimal
from typing import Final

from app.core.money import exponent
from app.web.forms import Mistyped
from app.web.site import words

_MOST: Final = 10**12
"""Whole units of a currency that nobody pays; an exponent may stand for millions of digits."""


def minor_units(typed: str | None, currency: str, field: str, language: str) -> int | None:
    """Return an amount that was typed in minor units, None where nothing was. Raises `Mistyped` at `field`."""
    if typed is None:
        return None
    try:
        amount = Decimal(typed.replace(",", ""))
        if not abs(amount) < _MOST:
            raise ValueError
        return int(amount.scaleb(exponent(currency)))
    except (ArithmeticError, ValueError):
        raise Mistyped.field(field, words(language, "invalid.int_parsing")) from None


def plain_amount(amount: int, currency: str) -> str:
    """Return an amount as it is typed into a field."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):f}".removesuffix(".00")
