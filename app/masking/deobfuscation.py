"""Undo the disguises of a text; some can be undone in several ways. Pure.

"D e p o s i t", "dep0s1t", "d.e.p.o.s.i.t", Cyrillic look-alikes and invisible characters all mean "deposit" to
a person. A rule that looks for words has to try every reading. A reading is in lower case, with single spaces
between words, and each comma is a word.
"""

import re
import unicodedata
from typing import Final

_LOOK_ALIKE: Final = str.maketrans(
    "авеёікмнорстухѕԁһјԛԝґοαερντικυβωıɑɡℓ", "abeeikmhopctyxsdhjqwroaepvtikubwiagl"
)
_LEET: Final = str.maketrans("013457@$!€£", "oieastasiee")
_INDIC: Final = {0x093C: None, 0x0901: 0x0902}
"""Drops the nukta and turns the chandrabindu into the anusvara: Hindi is written both ways."""

_SPACED_OUT: Final = re.compile(r"(?<!\w)[^\W\d_](?:[\s.\-_*~|/][^\W\d_](?!\w)){2,}")
_BETWEEN_LETTERS: Final = re.compile(r"(?<=[^\W\d_])[.\-_*'’~|]+(?=[^\W\d_])")
_DISGUISED: Final = re.compile(r"[\w@$!€£]+")
_LATIN_LETTER: Final = re.compile(r"[a-z]")
_STRETCHED: Final = re.compile(r"([^\W\d_])\1{2,}")
_AMOUNT_MARK: Final = re.compile(r"(?<=\d)\s*/-|₹|(?<![a-z])rs\.?(?=\s*\d)|(?<=\d)\s*rs(?![a-z])")
_APOSTROPHE: Final = re.compile(r"(?<=\w)['’](?=\w)")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d)")
_NO_WORD: Final = re.compile(r"[^\w\u0900-\u0963+,]+|_")
_LEAST_ROOM: Final = 200
"""Characters that even a short text may have once folded."""


def fold(text: str) -> str:
    """Return `text` in lower case, without look-alikes, accents and invisible characters."""
    if text.isascii():
        return text.lower()
    # One character may expand to eighteen (U+FDFA): only an attack writes many of them.
    text = unicodedata.normalize("NFKC", text)[: max(2 * len(text), _LEAST_ROOM)].casefold()
    text = "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Cs"})
    parts = unicodedata.normalize("NFD", text)
    text = unicodedata.normalize("NFC", "".join(c for c in parts if not 0x0300 <= ord(c) <= 0x036F))
    plain = text.translate(_LOOK_ALIKE).translate(_INDIC)
    return "".join(
        c if c.isascii() or (digit := unicodedata.digit(c, None)) is None else str(digit)
        for c in plain
    )


def readings(text: str) -> tuple[str, ...]:
    """Return every way to read `text`, the plainest first; most texts have one."""
    plain = fold(text)
    joined = _SPACED_OUT.sub(lambda found: re.sub(r"[\W_]", "", found[0]), plain)
    tight = _BETWEEN_LETTERS.sub("", joined)
    undisguised = _DISGUISED.sub(_without_leet, tight)
    calm = _STRETCHED.sub(r"\1", undisguised)
    ways = dict.fromkeys((plain, joined, tight, undisguised, calm))
    return tuple(dict.fromkeys(map(words, ways)))


def _without_leet(found: re.Match[str]) -> str:
    """Return a word with letters for its signs and digits; without a Latin letter it is a number."""
    return found[0].translate(_LEET) if _LATIN_LETTER.search(found[0]) else found[0]


def words(folded: str) -> str:
    """Return a folded text's words with single spaces between; rupees as "rs 500", shares as "5 percent"."""
    text = _THOUSANDS.sub("", _APOSTROPHE.sub("", folded))
    text = _AMOUNT_MARK.sub(" rs ", text).replace("%", " percent ")
    text = _NO_WORD.sub(" ", text).replace(",", " , ")
    return " ".join(text.split())
