"""Phone numbers in E.164, by libphonenumber's rules but stricter about what surrounds the digits."""

import re
import unicodedata
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from app.core.errors import FieldError, Invalid

_WRITTEN: Final = re.compile(r"\+?[\d ().-]+")
"""The library finds a number in any text, "+919876543210x" or "call 98765 43210", and turns letters into
digits. Here a text that is not all a number is a mistake."""


def parse_phone(text: str, default_country: str) -> str:
    """Return `text` as E.164; a national number belongs to `default_country` (ISO 3166).

    Spaces, dots, hyphens and brackets may separate the digits, which may be of any script. Raises ValueError with a
    sentence for a person.
    """
    text = _plain(text).strip()
    try:
        if not _WRITTEN.fullmatch(text):
            raise ValueError
        number = phonenumbers.parse(text, default_country)
    except (ValueError, phonenumbers.NumberParseException):
        raise ValueError("Give a phone number, such as +919876543210.") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise ValueError("This is not a phone number that exists; check the digits.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
"""Kinds of numbers of mobiles; in North America they look like landlines."""

_SPECIAL: Final = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)
"""Kinds of numbers of services, not of subscribers."""

_NO_COUNTRY: Final = "001"
"""The library's region for satellites and international premium and shared-cost numbers. It calls most satellite
numbers mobile, and a message to one costs a hundred times as much."""

_SATELLITES_OF_COUNTRIES: Final = ("+7954",)
"""Satellite numbers within a country's plan (Globalstar in Russia), which the library calls mobile."""


class PhoneNotSupported(Invalid):
    """A number of a kind we neither send to nor keep: it can't be a person's mobile."""

    code = "phone_not_supported"


def check_mobile(phone: str) -> None:
    """Raise `PhoneNotSupported` unless an E.164 number can be a mobile: no landline and no service."""
    if not _is_of(phone, _MOBILE):
        raise _refusal("Give a mobile number: we can't reach this kind of number.")


def check_company_phone(phone: str) -> None:
    """Raise `PhoneNotSupported` unless an E.164 number can be a mobile or a landline, as WhatsApp Business allows.

    A code is never sent to a landline (`check_mobile`).
    """
    if not _is_of(phone, _MOBILE | {PhoneNumberType.FIXED_LINE}):
        raise _refusal("Give a mobile or landline number: we can't reach this kind of number.")


def _is_of(phone: str, kinds: frozenset[int]) -> bool:
    return not is_special(phone) and phonenumbers.number_type(phonenumbers.parse(phone)) in kinds


def _refusal(message: str) -> PhoneNotSupported:
    return PhoneNotSupported([FieldError("phone", message)])


def is_special(phone: str) -> bool:
    """Whether an E.164 number is known as premium-rate, satellite or the like.

    For numbers from a platform: one that the library doesn't know may be of a new range.
    """
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return False
    return (
        phonenumbers.number_type(number) in _SPECIAL
        or phonenumbers.region_code_for_number(number) == _NO_COUNTRY
        or phone.startswith(_SATELLITES_OF_COUNTRIES)
    )


def _plain(text: str) -> str:
    """Return a pasted text without invisible signs and with ordinary spaces and dashes.

    Address books and web pages add direction marks and fixed-width spaces.
    """
    if text.isascii():
        return text
    kinds = ((c, unicodedata.category(c)) for c in text)
    return "".join(
        " " if kind == "Zs" else "-" if kind == "Pd" or c == "\u2212" else c
        for c, kind in kinds
        if kind != "Cf"
    )


def country_of(phone: str) -> str | None:
    """Return the ISO 3166 country of an E.164 number, None if it is unknown."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone))


def whatsapp_url(phone: str) -> str:
    """Return the link that opens a WhatsApp chat with an E.164 number."""
    return f"https://wa.me/{phone.removeprefix('+')}"


_BRAZIL: Final = re.compile(r"\+55(\d\d)9?([6-9]\d{7})")
"""Area code and number of a mobile; numbers older than the ninth digit begin with 6 to 9."""
_MEXICO: Final = re.compile(r"\+521?(\d{10})")
_ARGENTINA: Final = re.compile(r"\+549?(\d{10})")


def line_of(phone: str) -> str:
    """Return what all E.164 forms of a number share; for most numbers that is the number itself.

    A Brazilian mobile may have a ninth digit, a Mexican one a 1 and an Argentinian one a 9 after the country code.
    """
    for country, pattern in (("BR", _BRAZIL), ("MX", _MEXICO), ("AR", _ARGENTINA)):
        if found := pattern.fullmatch(phone):
            return f"{country}:{''.join(found.groups())}"
    return phone
