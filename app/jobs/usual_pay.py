"""What pay is plausible: the least of each unit, the least that is lawful anywhere, the unit of an amount without."""

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


_DAY_RUPEES: Final = range(400, 2_501)
"""In India nobody pays so much an hour for such work, and so little a month."""
_LEAST_SHIFT_MINUTES: Final = 240
"""For a shorter shift it may be an hour's pay: a teacher's, a driver's."""
_LEAST_MONTH_RUPEES: Final = 4_000


def usual_unit(currency: str, amount: int, *, shift_minutes: int, lasts: bool) -> str | None:
    """Return for what an amount in minor units is paid, where it can hardly be anything else: "day", "month".

    `shift_minutes` is the shortest shift, and `lasts` whether the work goes on for weeks. None where it has to be
    asked, as in every currency but rupees.
    """
    if currency != "INR":
        return None
    rupees = amount // 100
    if rupees in _DAY_RUPEES and shift_minutes >= _LEAST_SHIFT_MINUTES:
        return "day"
    return "month" if rupees >= _LEAST_MONTH_RUPEES and lasts else None
