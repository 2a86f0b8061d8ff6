"""Stripe's currencies and how it counts each.

Source: https://docs.stripe.com/currencies, "Supported presentment currencies", "Zero-decimal currencies",
"Three-decimal currencies" and "Special cases" (read in November 2026). ISK and UGX have no decimals, and are
still sent with two, which are 00. Three-decimal amounts must end in 0. HUF and TWD are whole in payouts only.
"""

from typing import Final

from app.payments.provider_currencies import ProviderCurrencies

_TWO_DECIMALS: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP "
    "CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS "
    "KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB "
    "PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH "
    "USD UYU UZS WST XCD YER ZAR ZMW"
).split()
_NO_DECIMALS: Final = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()
_WHOLE_WITH_TWO_DECIMALS: Final = "ISK UGX".split()
_THREE_DECIMALS: Final = "BHD JOD KWD OMR TND".split()

STRIPE_CURRENCIES: Final = ProviderCurrencies(
    provider="Stripe",
    decimals={
        **dict.fromkeys(_TWO_DECIMALS, 2),
        **dict.fromkeys(_WHOLE_WITH_TWO_DECIMALS, 2),
        **dict.fromkeys(_NO_DECIMALS, 0),
        **dict.fromkeys(_THREE_DECIMALS, 3),
    },
    steps={**dict.fromkeys(_WHOLE_WITH_TWO_DECIMALS, 100), **dict.fromkeys(_THREE_DECIMALS, 10)},
)
