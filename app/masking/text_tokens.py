"""Split a text into words and signs with their positions, simple disguises undone. Pure.

`plain` keeps every character's position: digits of any script become ASCII, letters lower case, look-alikes and
wide letters Latin. So what is found in the plain text is hidden at the same position in the real one.
"""

import re
import unicodedata
from typing import Final

_MARKS: Final = (
    "\u0300-\u036f\u0900-\u0963\u0980-\u09e3\u0a00-\u0a65\u0a80-\u0ae3\u0b00-\u0b63"
    "\u0b80-\u0be5\u0c00-\u0c65\u0c80-\u0ce5\u0d00-\u0d65\u200c\u200d"
)
"""Accents and the vowel signs of Indian scripts, of which `\\w` matches only some."""
TOKEN: Final = re.compile(rf"[\w{_MARKS}]+|[^\w\s]")
"""A word with its digits and underscores, or one sign."""
PIECE: Final = re.compile(r"[0-9]+|[^0-9_]+")
"""Within a word: its digits or its letters."""
MIXED: Final = re.compile(r"[0-9_]")
_LOOK_ALIKE: Final = dict(
    zip(
        map(ord, "авеёікмнорстухѕԁһјԛԝґοαερντικυβωıɑɡℓ。．＠"),
        "abeeikmhopctyxsdhjqwroaepvtikubwiagl..@",
        strict=True,
    )
)

type Token = tuple[int, int, str]
"""A word or a sign: its start, its end, and its text in lower case."""


class _Plain(dict[int, str]):
    """The plain form of each character, filled on first use."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        digit = unicodedata.digit(character, None)
        plain = str(digit) if digit is not None else _LOOK_ALIKE.get(code)
        if plain is None:
            plain = unicodedata.normalize("NFKC", character).lower()
            if len(plain) != 1:
                plain = character
            elif "\u00c0" <= plain <= "\u024f":
                plain = unicodedata.normalize("NFD", plain)[0]
            plain = _LOOK_ALIKE.get(ord(plain), plain)
        self[code] = plain
        return plain


_PLAIN: Final = _Plain()


def plain(text: str) -> str:
    """Return `text` without simple disguises; each character keeps its position."""
    return text.lower() if text.isascii() else text.translate(_PLAIN)


def tokens(plain_text: str) -> list[Token]:
    """Return the words and signs of a plain text; spaced-out letters, "i n s t a", are one word."""
    found = [(*m.span(), m[0]) for m in TOKEN.finditer(plain_text)]
    return _joined(found) if _SPACED_OUT.search(plain_text) else found


_SPACED_OUT: Final = re.compile(r"(?<![^\W\d_])[^\W\d_] [^\W\d_] [^\W\d_](?![^\W\d_])")


def _joined(found: list[Token]) -> list[Token]:
    joined: list[Token] = []
    letters: list[Token] = []
    spaced = False
    for token in [*found, (-1, -1, "")]:
        start, _, text = token
        single = len(text) == 1 and text.isalpha()
        if single and (not letters or start - letters[-1][1] == 1):
            letters.append(token)
            continue
        after_dot = spaced and joined[-1][2] == "."  # "b l u e . i n"
        if len(letters) > 2 or (len(letters) == 2 and after_dot):
            spaced = True
            joined.append((letters[0][0], letters[-1][1], "".join(one for *_, one in letters)))
        else:
            joined += letters
        letters = [token] if single else []
        if not single and text:
            joined.append(token)
    return joined
