"""Phone numbers, in E.164, by libphonenumber's rules; written as people write numbers, and no looser."""

import re
from typing import Final

import phonenumbers

_WRITTEN: Final = re.compile(r"\+?[\d ().-]+")
"""The library looks for a number in any text: it would take the one in "+919876543210x" or "call
98765 43210", and turn letters into digits. What is not all a number is a slip, and is told so."""


def parse_phone(text: str, default_country: str) -> str:
    """Return `text` as E.164; a national number is read in `default_country` (ISO 3166).

    Spaces, dots, hyphens and brackets may divide the digits, of any script; nothing else may be there.
    Raises ValueError with a sentence for a person.
    """
    try:
        if not _WRITTEN.fullmatch(text.strip()):
            raise ValueError
        number = phonenumbers.parse(text, default_country)
    except (ValueError, phonenumbers.NumberParseException):
        raise ValueError("Give a phone number, such as +919876543210.") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise ValueError("This is not a phone number that exists; check the digits.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country_of(phone: str) -> str | None:
    """Return the ISO 3166 country an E.164 number belongs to, or None if it can't be told."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone))


def whatsapp_url(phone: str) -> str:
    """Return the link that opens a WhatsApp chat with an E.164 number."""
    return f"https://wa.me/{phone.removeprefix('+')}"
