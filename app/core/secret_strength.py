"""Estimate in bits how hard a configured secret is to guess.

Random text of any alphabet (hex, Base64, digits) scores well. Sample values, known words, repetitions and
sequences count nothing.
"""

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

SIGNING_BITS: Final = 72
"""Needed by a signing or sealing secret, which can be attacked offline. The estimate is low: 32 random digits
(106 bits) score at least 76, 32 random hex digits (128 bits) at least 93."""
SHARED_BITS: Final = 37
"""Needed by a shared token, which can be tried online only: 16 random hex digits score at least 38."""

_WORDS: Final = """
partimer whatsapp stripe sandbox development production environment never-for-production
password passwort passphrase secret verify token signing webhook changeme change-me change-this
replace-me replace-this example sample default dummy placeholder insecure-key your-secret my-secret
super-secret letmein welcome admin root qwertyuiop qwerty asdfghjkl asdfgh zxcvbnm 1q2w3e4r 1qaz2wsx
django-insecure not-so-secret keyboard-cat correct-horse-battery-staple deadbeef lorem-ipsum test-key
""".split()
"""Words of sample configurations; the rest of a value has to be strong enough without them."""

_LOOKALIKES: Final = str.maketrans("0134578@$!", "oieastbasi")
_BITS_PER_LETTER_OF_PROSE: Final = 2.0
"""English prose has 1.3 (Shannon, 1951); a list of random words has about this."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_AT_THE_END: Final = "0123456789!?.,;:#*+-_ "
_REPEATED: Final = 3
"""Least characters of a repetition."""
_LONGEST_CHARACTERS: Final = 512
"""Most characters that are read."""


def bits(secret: str, samples: Iterable[str] = ()) -> float:
    """Estimate the bits to guess for somebody who knows our documents and `samples`."""
    text = secret[:_LONGEST_CHARACTERS]
    text = _without(text, sorted((*samples, *_WORDS), key=len, reverse=True))
    found = _new_characters(text) * math.log2(max(len(set(text)), 1))
    if _is_prose(text):
        found = min(found, _BITS_PER_LETTER_OF_PROSE * sum(c.isalpha() for c in text))
    return found


def _is_prose(text: str) -> bool:
    """Whether this is three or more ordinary words, maybe with a number or sign at the end."""
    words = _WORD.findall(text)
    return (
        sum(len(word) > 1 for word in words) >= 3
        and all(word.islower() or word.isupper() or word.istitle() for word in words)
        and not any(c.isdigit() for c in text.rstrip(_AT_THE_END))
    )


def _without(text: str, samples: Iterable[str]) -> str:
    """Return `text` without known samples, also reversed, in capitals or in l33t."""
    places = _places(text)
    joined = "".join(letter for _, letter in places)
    for known in map(_plain, samples):
        for sample in {known, known[::-1]} - {""}:
            while (begin := joined.rfind(sample)) >= 0:
                first, last = places[begin][0], places[begin + len(sample) - 1][0]
                text = text[:first] + text[last + 1 :]
                places = _places(text)
                joined = "".join(letter for _, letter in places)
    return text


def _places(text: str) -> list[tuple[int, str]]:
    """Return the normalised letters and digits of a text, each with its position."""
    return [(at, letter) for at, c in enumerate(text) for letter in _plain(c)]


@lru_cache(1_024)  # characters and words, and never a whole secret
def _plain(text: str) -> str:
    folded = text.casefold().translate(_LOOKALIKES)
    return "".join(c for c in folded if c.isalnum())


def _new_characters(text: str) -> int:
    """Count the characters that neither continue a sequence nor repeat earlier ones."""
    count = 0
    for at, character in enumerate(text):
        before = text[:at]
        sequence = at >= 2 and ord(character) - ord(before[-1]) == ord(before[-1]) - ord(before[-2])
        repeated = at >= _REPEATED and text[at - _REPEATED + 1 : at + 1] in before
        count += not (sequence or repeated)
    return count
