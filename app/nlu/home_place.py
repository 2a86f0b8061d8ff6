"""Reads where a worker lives: a place by its name, or a PIN code. Pure."""

import re
from typing import Final

from app.catalogue import phonetic_search as by_sound
from app.catalogue import places
from app.nlu.normalize import normalize, split_words
from app.nlu.vocabulary import phrase_set

_MOST_PLACES: Final = 8
_PIN: Final = re.compile(r"(?<!\d)[1-9]\d{2} ?\d{3}(?!\d)")
"""An Indian PIN code, in one or in two halves."""
_PIN_DIGITS: Final = 6
_PIN_CHARACTERS: Final = 100
"""A PIN code is looked for in the first characters only."""


def find_homes(text: str) -> list[places.Place]:
    """Return the places a text may mean, with or without "I live in …", "… mein rehta hoon"."""
    if (
        (pins := _PIN.findall(normalize(text)))
        and len(pins) == 1
        and (at := places.by_pin(pins[0]))
    ):
        return [at]
    found = by_sound.search(text, _MOST_PLACES)
    if any(place.sure for place in found):
        return found
    words = phrase_set("around_place").without(split_words(text), ends_only=True)
    return by_sound.search(" ".join(words), _MOST_PLACES) or found if words else found


def parse_pin_code(text: str) -> str | None:
    """Return the digits of a PIN code, however it is cut up: "400 028", "400-050", "४००० ५८".

    None where anything else is said with it, but the words around a place.
    """
    words = [word for word in split_words(text[:_PIN_CHARACTERS]) if word != "-"]
    left = phrase_set("around_place", "filler", "polite").without(words)
    digits = "".join(left)
    plain = digits.isdecimal() and len(digits) == _PIN_DIGITS and digits[0] != "0"
    return digits if plain else None
