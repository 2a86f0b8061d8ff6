"""How a name sounds, whatever script and spelling it is written in. Pure.

"अंधेरी" and "Andheri" are one name, and so are "कोरमंगला", "Koramangala" and "Kormangla". A sound is a
word's consonants, and its vowels but the "a" within it, which Devanagari seldom writes and people who
romanise put in or leave out. What sounds alike may still be two places: it has to be read back.

No library is used: those that romanise Devanagari (`indic-transliteration`, six packages with it)
write it for scholars, and the way from there to what people type is all that is done here.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

type Sound = tuple[str, ...]
"""The sounds of a name's words."""

_VIRAMA: Final = "\u094d"
_NASALS: Final = frozenset("\u0901\u0902")
_CONSONANTS: Final = range(0x0915, 0x093A)
_RARE_VOWELS: Final = {"candra o": "o", "candra e": "a", "vocalic r": "ri"}
_TRANSLATED: Final = {"पूर्व": "east", "पश्चिम": "west", "उत्तर": "north", "दक्षिण": "south"}
"""Said in Hindi where the name on the map is English."""
_LETTERS: Final = {
    spelt: letter
    for letter, spellings in {
        "a": "ए",
        "b": "बी",
        "c": "सी",
        "d": "डी",
        "e": "ई",
        "f": "एफ",
        "g": "जी",
        "h": "एच",
        "i": "आई",
        "j": "जे",
        "k": "के",
        "l": "एल",
        "m": "एम",
        "n": "एन",
        "o": "ओ",
        "p": "पी",
        "r": "आर",
        "s": "एस",
        "t": "टी",
        "u": "यू",
        "v": "वी",
        "x": "एक्स",
    }.items()
    for spelt in spellings.split()
}
"""How Hindi spells the English letters of "HSR Layout": एचएसआर लेआउट."""
_SPELT_OUT: Final = re.compile("|".join(sorted(_LETTERS, key=len, reverse=True)))

_ALIKE: Final = [
    (needle, re.compile(pattern), sound)
    for needle, pattern, sound in (
        # A village: गाँव, गांव, गाव; gaon, gaav, gaw.
        ("ga", r"ga+(?:on|un|n?[vw])$", "gan"),
        ("ch", r"t?chh?", "C"),
        ("ck", r"ck", "k"),
        ("q", r"q", "k"),
        ("c", r"c(?=[eiy])", "s"),
        ("c", r"c", "k"),
        ("ght", r"ght", "t"),
        ("ion", r"(?<=.)[ts]ion$", "shan"),
        ("ph", r"ph", "f"),
        ("x", r"x", "ks"),
        ("z", r"z", "j"),
        ("ower", r"ower", "or"),
        ("w", r"(?<=[aeo])w(?![aeiou])", ""),
        ("w", r"w", "v"),
        ("h", r"(?<=[bCdfgjklmnprstv])h|h$", ""),
        ("o", r"ayo", "eo"),
        ("o", r"oa|ao|ou", "o"),
        ("u", r"aau|au", "o"),
        ("oo", r"oo", "u"),
        ("i", r"ii|ie", "i"),
        ("e", r"ee|ea", "i"),
        ("i", r"aai|ai|ei", "e"),
        ("y", r"(?<=[^aeiou])y(?![aeiou])", "i"),
        ("y", r"y", ""),
        ("v", r"v$", ""),
        ("", r"(.)\1+", r"\1"),
        ("a", r"(?<!^)a(?!$)", ""),
        ("m", r"m(?=[pbf])", "n"),
    )
]
"""What is written in several ways, and the one by which it is compared; in this order.

Before each stands what a word must have in it for the rest to be looked for.
"""
_UNVOWELLED: Final = re.compile("(?<!^)[aeiou]")


def sounds(folded: str) -> Iterator[Sound]:
    """Return how a folded name may sound: ड is said "d" or "r", and which one only a dot tells."""
    words = folded.split()
    if not words:
        return
    plain = tuple(_sound(word) for word in words)
    yield plain
    flapped = tuple(_sound(word, flapped=True) for word in words)
    if flapped != plain:
        yield flapped


def consonants(sound: str) -> str:
    """Return the consonants of a sound, and the vowel it begins with."""
    return _UNVOWELLED.sub("", sound)


@lru_cache(65_536)
def _sound(word: str, *, flapped: bool = False) -> str:
    if not word.isascii():
        word = _TRANSLATED.get(word) or _spelt_out(word) or _romanised(word, flapped=flapped)
    for needle, pattern, sound in _ALIKE:
        if needle in word:
            word = pattern.sub(sound, word)
    return word


def _spelt_out(word: str) -> str:
    """Return "hsr" for एचएसआर, and "" for a word that is more than the names of letters."""
    letters = _SPELT_OUT.findall(word)
    whole = len(letters) > 1 and "".join(letters) == word
    return "".join(_LETTERS[letter] for letter in letters) if whole else ""


def _romanised(word: str, *, flapped: bool) -> str:
    """Return a Devanagari word in Latin letters, by the names Unicode gives its letters."""
    letters: list[str] = []
    for character, following in pairwise(f"{word} "):
        if character in _NASALS:
            letters.append("n")
            continue
        _, _, name = unicodedata.name(character, "").lower().partition(" ")
        kind, _, letter = name.rpartition("letter " if "letter " in name else "sign ")
        if ord(character) in _CONSONANTS:
            consonant = letter.removesuffix("a")
            if flapped:
                consonant = {"dd": "r", "ddh": "r"}.get(consonant, consonant)
            consonant = {"c": "ch"}.get(consonant, consonant)
            letters.append(consonant)
            # A vowel sign or virama follows, or "a" is heard, which at the end is silent.
            if (
                following != " " and not unicodedata.category(following).startswith("M")
            ) or following in _NASALS:
                letters.append("a")
        elif kind == "vowel " or name.startswith("letter "):
            letters.append(_RARE_VOWELS.get(letter, letter))
        elif character != _VIRAMA:
            letters.append(character)
    return "".join(letters)


def distance(one: str, other: str) -> int:
    """Return how many letters have to be put in, taken out or changed to make one of the other."""
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, another in enumerate(other, 1):
            now.append(
                min(before[column] + 1, now[-1] + 1, before[column - 1] + (letter != another))
            )
        before = now
    return before[-1]
