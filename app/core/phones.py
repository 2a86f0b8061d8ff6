"""Phone numbers, in E.164, by libphonenumber's rules."""

import phonenumbers


def parse_phone(text: str, default_country: str) -> str:
    """Return `text` as E.164; a national number is read in `default_country` (ISO 3166).

    Raises ValueError with a sentence for a person.
    """
    try:
        number = phonenumbers.parse(text, default_country)
    except phonenumbers.NumberParseException:
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
