"""The least pay that is plausible, and the least that is lawful anywhere."""

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


_FLOOR_RUPEES_A_DAY: Final = 178
"""India's national floor level minimum wage, told by the Ministry of Labour in July 2019; most states set more."""
_HOURS_A_DAY: Final = 8
"""Of the day that minimum wages are set for."""


def floor_an_hour(currency: str) -> int | None:
    """Return the pay of an hour in minor units below which no state's law goes; None where it is not known."""
    if currency != "INR":
        return None
    return _FLOOR_RUPEES_A_DAY * 100 // _HOURS_A_DAY  # 100 paise to a rupee
