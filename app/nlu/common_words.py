"""Whether a word is common in English, Hindi or Hinglish, and whether people are called so. Pure.

The lists are made by `scripts/build_common_words.py`. Hinglish is written by ear, so a word in Latin letters
is compared with the words of Hindi by its sound: "baad" is बाद.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from app.catalogue.phonetics import distance, sounds
from app.catalogue.skills import fold
from app.core.week import WEEKDAYS
from app.nlu.normalize import has_devanagari, normalize
from app.nlu.vocabulary import named_phrases, word_set

_LEAST_SOUND: Final = 3
"""A shorter sound is that of too many words."""
_LEAST_HEARD: Final = 5
"""A shorter word in Latin letters is a name only as names are spelt: "nill" sounds like Neil."""
_DOUBLED: Final = re.compile(r"(.)\1+")
_READ_LETTERS: Final = 40
"""No word of these lists is longer."""
_LISTS: Final = ("filler", "polite", "about_offer", "asking", "change_words", "negation", "tongues")
"""What people say around everything; the words of Hinglish stand here as people write them."""


@cache
def _words(name: str) -> frozenset[str]:
    text = files("app.nlu").joinpath(f"data/{name}.txt").read_text("utf-8")
    return frozenset(text.split())


@cache
def _sounds(name: str) -> frozenset[str]:
    """Return how the words of a list sound that people write by ear: those in Devanagari, and all names."""
    return frozenset(
        sound
        for word in _words(name)
        if (name == "person_names" or not word.isascii()) and (sound := sound_of(word))
    )


@lru_cache(65_536)
def sound_of(word: str) -> str:
    """Return how a word sounds, "" where it is too short to tell."""
    found = next((sound[0] for sound in sounds(word)), "")
    found = found.removesuffix("a") if len(found) > 1 else found
    return found if len(found) >= _LEAST_SOUND else ""


@cache
def said_around() -> frozenset[str]:
    """Return the words that people say around everything, folded."""
    return frozenset(
        fold(word) for phrase in word_set("phrases", *_LISTS) for word in phrase.split()
    )


_SECTIONS: Final = (
    *("intents", "phrases", "calendar", "numbers", "units", "months", "dates", "pay"),
    *("job", "places", "hours", "commands", "distance"),
)


@cache
def own_words() -> frozenset[str]:
    """Return the single words that the vocabularies hold, but for the days of the week, which are names too."""
    return frozenset(
        normalize(phrase)
        for section in _SECTIONS
        for name, phrase in named_phrases(section)
        if " " not in phrase and name not in WEEKDAYS
    )


def is_common(word: str) -> bool:
    """Return whether people use this word every day, as it is spelt; no name of a large city is one."""
    folded = fold(word[:_READ_LETTERS])
    return folded in _words("common_words") or folded in said_around()


def sounds_common(word: str) -> bool:
    """Return whether a word is common, or sounds like a common word of Hindi: "Bandra" is like बंदर, a monkey."""
    folded = fold(word[:_READ_LETTERS])
    if is_common(folded):
        return True
    return (
        folded.isascii()
        and not is_called_so(folded)
        and sound_of(folded) in _sounds("common_words")
    )


def is_called_so(word: str) -> bool:
    """Return whether people in India have this first or last name, however they spell it."""
    folded = fold(word[:_READ_LETTERS])
    if folded in _words("person_names"):
        return True
    # In the other script, and in another spelling, only by ear; and then no everyday word is a name.
    if folded in _words("common_words") or folded in said_around():
        return False
    if folded.isascii():
        return len(folded) >= _LEAST_HEARD and _is_spelt_like_a_name(folded)
    return has_devanagari(folded) and sound_of(folded) in _sounds("person_names")


@lru_cache(16_384)
def _is_spelt_like_a_name(folded: str) -> bool:
    """Return whether a name that sounds so is written nearly so: "Sunitha", but not "tabiyat" for "Tabit"."""
    plain = _spelling(folded)
    return any(
        distance(plain, _spelling(name)) <= 1
        for name in _names_by_sound().get(sound_of(folded), ())
    )


@cache
def _names_by_sound() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(_words("person_names")):
        if name.isascii() and (sound := sound_of(name)):
            found.setdefault(sound, []).append(name)
    return found


def _spelling(word: str) -> str:
    """Return a word without what people spell as they like: doubled letters, long vowels, w for v."""
    plain = word.replace("ee", "i").replace("oo", "u").replace("w", "v").replace("ph", "f")
    return _DOUBLED.sub(r"\1", plain)


def warm_up() -> None:
    """Read the lists, which the first message would otherwise wait for."""
    _sounds("common_words")
    _sounds("person_names")
    _names_by_sound()
