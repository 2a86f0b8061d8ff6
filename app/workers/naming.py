"""What may be a worker's name: it is shown before anybody pays, so it can carry no contact. Pure."""

import unicodedata
from typing import Final

from app.core.errors import FieldError
from app.core.masking import mask

NOT_A_NAME: Final = FieldError("name", "Write just the name: no phone number, address or link.")
_IN_NAMES: Final = " .'’-‐\u200c\u200d"
"""What a name holds besides letters; the last two join Indian letters."""
_FEW_DIGITS: Final = 4
"""So many tell nobody's number, and may tell two people of one name apart ("Asha 2")."""


def tells_no_contact(name: str) -> bool:
    """Whether this names somebody and tells nobody how to reach them.

    A phone does, in digits or in words, and so do a link and what holds an @. Other signs are harmless:
    whoever shows a name escapes it.
    """
    letters = sum(character.isalpha() for character in name)
    digits = sum(unicodedata.category(character) == "Nd" for character in name)
    return letters > 0 and digits <= _FEW_DIGITS and "@" not in name and mask(name) == name


def is_name(name: str) -> bool:
    """Whether somebody who was asked for their name wrote one: letters of any script and what joins them.

    "S. K. Rao", "O'Brien" and "अंज़ूर्‍या" are; what has digits or signs may be the answer to something
    else, and is asked again.
    """
    plain = all(
        character.isalpha()
        or unicodedata.category(character) in {"Mn", "Mc"}
        or character in _IN_NAMES
        for character in name
    )
    return plain and tells_no_contact(name)
