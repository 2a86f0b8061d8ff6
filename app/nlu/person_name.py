"""What the chat takes for a person's name. Pure."""

from typing import Final

from app.core.person_names import is_spelled_as_name
from app.masking.mask import mask

_LONGEST_INITIAL: Final = 3


def is_person_name(name: str) -> bool:
    """Whether this can only be a person's name: "S. K. Rao", "O'Brien", "अंज़ूर्‍या"; no phone in words, no link."""
    if not is_spelled_as_name(name) or any(map(_is_handle, name.split())):
        return False
    return mask(name) == name


def _is_handle(word: str) -> bool:
    """Whether a dot joins more than initials and titles: "Insta.asha", but not "S.K.Rao" or "Md.Arif"."""
    *before, last = word.split(".")
    return bool(last) and any(sum(map(str.isalpha, part)) > _LONGEST_INITIAL for part in before)
