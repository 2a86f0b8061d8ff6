"""The least pay that is plausible: less is taken for a typing error."""

from typing import Final

from app.core.money import exponent

_LEAST_RUPEES: Final = {"hour": 20, "day": 100, "week": 500, "month": 1_000}
_LEAST_UNITS: Final = {"hour": 1, "day": 3, "week": 15, "month": 50}
"""In any other currency: what whole units written as minor ones (15 for 15.00) stay below."""


def least_usual(currency: str, per: str) -> int:
    """Return the least plausible pay in minor units; 0 where none is known.

    A currency without minor units has no slip of this kind. One unit of a currency of three decimals
    (KWD) is worth several of the others, so a tenth of the amount counts there.
    """
    decimals = exponent(currency)
    if decimals == 0:
        return 0
    units = (_LEAST_RUPEES if currency == "INR" else _LEAST_UNITS)[per]
    return units * 100
