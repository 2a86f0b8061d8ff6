"""Phone numbers, in E.164, by libphonenumber's rules; written as people write numbers, and no looser."""

import re
import unicodedata
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from app.core.errors import FieldError, Invalid

_WRITTEN: Final = re.compile(r"\+?[\d ().-]+")
"""The library looks for a number in any text: it would take the one in "+919876543210x" or "call
98765 43210", and turn letters into digits. What is not all a number is a slip, and is told so."""


def parse_phone(text: str, default_country: str) -> str:
    """Return `text` as E.164; a national number is read in `default_country` (ISO 3166).

    Spaces, dots, hyphens and brackets may divide the digits, of any script; nothing else may be there.
    Raises ValueError with a sentence for a person.
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
"""Kinds of numbers a person may carry; North America tells its mobiles from its lines by no digit."""

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
"""Kinds of numbers that are a service and no subscriber."""

_NO_COUNTRY: Final = "001"
"""The library's region of numbers without a country: satellites, international premium and shared cost.
Most satellite numbers count as mobile there, and a message to one costs a hundred times as much."""

_SATELLITES_OF_COUNTRIES: Final = ("+7954",)
"""Satellite numbers inside a country's plan (Globalstar in Russia), which the library calls mobile."""


class PhoneNotSupported(Invalid):
    """A number of a kind we neither send to nor keep: it can't be a person's mobile."""

    code = "phone_not_supported"


def check_mobile(phone: str) -> None:
    """Raise `PhoneNotSupported` unless an E.164 number can be a person's mobile.

    Premium-rate, shared-cost, toll-free, satellite, personal, pager, voicemail, universal-access and
    internet-telephony numbers can't, and neither can a landline.
    """
    if not _is_of(phone, _MOBILE):
        raise _refusal("Give a mobile number: we can't reach this kind of number.")


def check_company_phone(phone: str) -> None:
    """Raise `PhoneNotSupported` unless an E.164 number can be a mobile or an office's landline.

    WhatsApp Business runs on landlines; a code is never sent to one (`check_mobile`).
    """
    if not _is_of(phone, _MOBILE | {PhoneNumberType.FIXED_LINE}):
        raise _refusal("Give a mobile or landline number: we can't reach this kind of number.")


def _is_of(phone: str, kinds: frozenset[int]) -> bool:
    return not is_special(phone) and phonenumbers.number_type(phonenumbers.parse(phone)) in kinds


def _refusal(message: str) -> PhoneNotSupported:
    return PhoneNotSupported([FieldError("phone", message)])


def is_special(phone: str) -> bool:
    """Whether an E.164 number is known to be no subscriber's: premium-rate, satellite and the like.

    For numbers that a platform vouches for: one that the library doesn't know may be a new range.
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
    """Return a pasted text without the signs nobody sees, its spaces and dashes the usual ones.

    Address books and web pages put direction marks around a number, and set it with fixed-width spaces.
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
    """Return the ISO 3166 country an E.164 number belongs to, or None if it can't be told."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone))


def whatsapp_url(phone: str) -> str:
    """Return the link that opens a WhatsApp chat with an E.164 number."""
    return f"https://wa.me/{phone.removeprefix('+')}"


_BRAZIL: Final = re.compile(r"\+55(\d\d)9?([6-9]\d{7})")
"""Area code and number of a mobile; those that were there before the ninth digit begin with 6 to 9."""
_MEXICO: Final = re.compile(r"\+521?(\d{10})")
_ARGENTINA: Final = re.compile(r"\+549?(\d{10})")


def line_of(phone: str) -> str:
    """Return what is the same for all forms of a number (E.164): for most numbers the number itself.

    A mobile in Brazil has a ninth digit or not, one in Mexico a 1 and in Argentina a 9 behind the country.
    """
    for country, pattern in (("BR", _BRAZIL), ("MX", _MEXICO), ("AR", _ARGENTINA)):
        if found := pattern.fullmatch(phone):
            return f"{country}:{''.join(found.groups())}"
    return phone
