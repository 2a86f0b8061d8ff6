"""Razorpay's currencies and how it counts each.

Source: https://razorpay.com/docs/payments/international-payments, "Supported Currencies", a table with the
exponent of each (read in November 2026). Three-decimal amounts must end in 0
(https://razorpay.com/docs/api/payments/payment-links/create-standard, "amount"). What Indian law lets a company
sell in is another matter: UPI is in rupees only.
"""

from typing import Final

from app.core.money import CURRENCIES
from app.payments.provider_currencies import ProviderCurrencies

_TWO_DECIMALS: Final = (
    "AED ALL AMD AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BZD CAD CHF CNY COP CRC CUP CVE CZK DKK "
    "DOP DZD EGP ETB EUR FJD GBP GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK "
    "LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PEN PGK PHP PKR PLN "
    "QAR RON RSD RUB SAR SCR SEK SGD SLL SOS SVC SZL THB TRY TTD TWD TZS UAH USD UYU UZS XCD YER ZAR ZMW"
).split()
_NO_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()
_THREE_DECIMALS: Final = "BHD IQD JOD KWD OMR TND".split()
_LISTED: Final = {
    **dict.fromkeys(_TWO_DECIMALS, 2),
    **dict.fromkeys(_NO_DECIMALS, 0),
    **dict.fromkeys(_THREE_DECIMALS, 3),
}

RAZORPAY_CURRENCIES: Final = ProviderCurrencies(
    provider="Razorpay",
    # HRK and SLL are in the table, and nobody is paid in them any more.
    decimals={code: decimals for code, decimals in _LISTED.items() if code in CURRENCIES},
    steps=dict.fromkeys(_THREE_DECIMALS, 10),
)
