"""What may be a worker's name: it is shown before anybody pays, so it can carry no contact. Pure."""

import unicodedata
from typing import Final

from app.core.errors import FieldError
from app.core.masking import mask

NOT_A_NAME: Final = FieldError(
    "name", "Write just the name, in letters: no numbers, signs, addresses or links."
)
_IN_NAMES: Final = " .'’-‐\u200c\u200d"
"""What a name holds besides letters; the last two join Indian letters."""


def is_name(name: str) -> bool:
    """Whether this can be a person's name: letters of any script, their marks and joiners.

    "S. K. Rao", "O'Brien" and "अंज़ूर्‍या" are; a phone is not, in digits or in words, nor is a link.
    """
    letters = sum(character.isalpha() for character in name)
    plain = all(
        character.isalpha()
        or unicodedata.category(character) in {"Mn", "Mc"}
        or character in _IN_NAMES
        for character in name
    )
    return letters > 0 and plain and mask(name) == name
