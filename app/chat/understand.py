"""What a person means by what they wrote: commands, yes and no, numbers. Pure.

The words are in the catalogues (`[understood]`); those of every language count at any time, because
people mix them.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from app.messaging.texts import catalogue, languages

_DIGITS: Final = {ord(c): str(unicodedata.digit(c)) for c in "०१२३४५६७८९"}
_SPELLINGS: Final = str.maketrans(
    {"\u093c": None, "\u0901": "\u0902", "’": "'", "–": "-", "—": "-"}
)
"""Nukta and chandrabindu are left out or put in at will: हाँ and हां, रोज़ and रोज are one word."""
_AROUND: Final = " \t\r\n.,!।?;:\"'()*_~-"


class Command(StrEnum):
    """What people may say at any time; the names of the lists in the catalogues."""

    STOP = "stop"
    START = "start"
    GREETING = "greeting"
    HELP = "help"
    MENU = "menu"
    BACK = "back"
    PROFILE = "profile"
    OFFERS = "offers"
    LANGUAGE = "language"
    LANGUAGE_NAME = "language_name"
    SEND_DATA = "send_data"
    DELETE_DATA = "delete_data"
    WHO_KNOWS = "who_knows"
    HUMAN = "human"
    BOT = "bot"
    YES = "yes"
    NO = "no"
    SKIP = "skip"
    DONE = "done"
    WITHDRAW = "withdraw"
    MORE = "more"


def folded(text: str) -> str:
    """Return a text as it is compared: lower case, one spelling, ASCII digits, single spaces."""
    plain = unicodedata.normalize("NFD", text.casefold()).translate(_SPELLINGS)
    plain = unicodedata.normalize("NFC", plain).translate(_DIGITS)
    kept = (c for c in plain if unicodedata.category(c) != "Cf" and c != "\ufe0f")
    return " ".join("".join(kept).split())


@cache
def _commands() -> Mapping[str, frozenset[Command]]:
    found: dict[str, set[Command]] = {}
    for language in languages():
        for name, words in catalogue(language).understood.items():
            for word in words:
                found.setdefault(_bare(folded(word)), set()).add(Command(name))
    return {word: frozenset(commands) for word, commands in found.items()}


def _bare(text: str) -> str:
    return text.strip(_AROUND) or text.strip()


def commands(text: str) -> frozenset[Command]:
    """Return everything a text may be taken for when it is exactly one of the known words."""
    return _commands().get(_bare(folded(text)), frozenset())


def number(text: str) -> float | None:
    """Return the one number in a text, or None where there is none or more than one."""
    found = re.findall(r"(?<![\d.])\d{1,4}(?:\.\d{1,2})?(?![\d])", folded(text))
    return float(found[0]) if len(found) == 1 else None
