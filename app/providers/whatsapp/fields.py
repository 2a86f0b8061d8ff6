"""Readers of single values in WhatsApp's payloads, which may be missing or of another type."""

import datetime as dt
import re
from typing import Any, Final

import phonenumbers

from app.core.metrics import UNKNOWN_VALUES

type Json = dict[str, Any]

TEXT_CHARACTERS: Final = 4096
LINE_CHARACTERS: Final = 120
ID_CHARACTERS: Final = 160
_PERSON_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,121}")
"""A country, for a parent account `ENT`, and the id itself: 128 characters at most."""


class Unreadable(ValueError):
    """An item can't be read; the message says why without repeating the content."""


def objects(value: Any) -> list[Json]:
    """Return the objects of a list; empty for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def part(item: Json, name: str) -> Json:
    """Return an object within an object, empty where there is none."""
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def message_id(value: Any) -> str | None:
    """Return the platform's id of a message, or None where it can't be stored."""
    if not isinstance(value, str) or not 1 <= len(value) <= ID_CHARACTERS:
        return None
    return value if value.isprintable() else None


def instant(value: Any) -> dt.datetime:
    """Return the platform's time; seconds since 1970, as text or number. Raises ValueError."""
    seconds = float(value)
    if seconds > 1e11:
        seconds /= 1000
    try:
        read = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, OSError):
        raise Unreadable("a time out of any reason") from None
    if not 2015 <= read.year <= 2100:
        raise Unreadable("a time out of any reason")
    return read


def phone(value: Any) -> str | None:
    """Return a `wa_id` (digits) or a phone as E.164, or None where it is no number."""
    if not isinstance(value, str):
        return None
    digits = value.strip().removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or not 5 <= len(digits) <= 15:
        return None
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def person_id(value: Any) -> str | None:
    """Return the platform's own id of a person (`IN.…`, `IN.ENT.…`), or None for any other text."""
    return value if isinstance(value, str) and _PERSON_ID.fullmatch(value) else None


def known[Word: str](value: Any, words: frozenset[Word], field: str) -> str:
    """Return a value of a platform's enumeration, or "" for an unknown one, which is counted."""
    if isinstance(value, str) and value in words:
        return value
    UNKNOWN_VALUES.labels(field).inc()
    return ""


def text(value: Any) -> str:
    """Return a person's text without characters that can't be stored."""
    if not isinstance(value, str):
        return ""
    kept = "".join(c for c in value if c != "\0" and not 0xD800 <= ord(c) <= 0xDFFF)
    return kept[:TEXT_CHARACTERS]


def line(value: Any) -> str:
    """Return a short text as one line."""
    return " ".join(text(value).split())[:LINE_CHARACTERS]
