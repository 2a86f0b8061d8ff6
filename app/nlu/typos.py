"""Spell the words of commands, days, units and trades right where one slip makes them: "hepl", "mondya", "kiitchen". Pure.

A word that no list knows is taken for the one known word that a single slip makes of it: a letter left out, added,
exchanged, or two that changed places. Whoever asks for a text so spelled did not understand it as it is written, and
what it leads to is proposed: a slip is no certainty. Names and places are left alone; those have readers of their own.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Final

from app.catalogue import skills
from app.nlu.common_words import is_called_so, is_common
from app.nlu.normalize import normalize
from app.nlu.vocabulary import named_phrases, phrases, word_set

_MOST_CHARACTERS: Final = 120
"""A longer text is left as it is."""
_LEAST_LETTERS: Final = 4
_SHORT_LETTERS: Final = 3
"""In a word of three letters only two that changed places are a slip: "yse"."""
_MOST_LETTERS: Final = 16
_LEAST_OF_SKILL: Final = 5
"""Shorter words of trades are those of too much else."""
_SECTIONS: Final = ("intents", "commands", "calendar", "units", "months")
_LISTS: Final = ("confirms", "negation", "can_come", "cannot_come", "consent_yes", "post_it")
_OTHER: Final = re.compile(r"[^a-z\u0900-\u0963]")
"""No word of these letters has it."""
_SIGNS: Final = ".,;:!?()*\"'-"


@lru_cache(maxsize=256)
def without_typos(text: str) -> str:
    """Return a normalized text with each slip of a known word mended; the text itself where there is none."""
    if len(text) > _MOST_CHARACTERS:
        return text
    words = normalize(text).split()
    mended = [_mended(word) for word in words]
    return text if mended == words else " ".join(mended)


def _mended(word: str) -> str:
    bare = word.strip(_SIGNS)
    if not _SHORT_LETTERS <= len(bare) <= _MOST_LETTERS or _OTHER.search(bare) or _is_known(bare):
        return word
    found = nearest_known(bare)
    return word if found is None else word.replace(bare, found, 1)


def _is_known(word: str) -> bool:
    return word in _known() or is_common(word) or is_called_so(word) or word in _everyday()


@lru_cache(maxsize=4_096)
def nearest_known(word: str) -> str | None:
    """Return the known word that a single slip makes of this one; None for none, and for several of unlike meaning."""
    if len(word) > _MOST_LETTERS + 1:
        return None
    found = {known for key in _shortened(word) for known in _by_shortened().get(key, ())}
    near = {known for known in found if _is_slip(word, known)}
    if len(near) > 1:
        # A letter that was left out, or two that changed places, are likelier than another letter.
        near = {known for known in near if sorted(known) == sorted(word)} or {
            known for known in near if len(known) != len(word)
        }
    if len(near) > 1 and not frozenset.intersection(*(_meanings()[known] for known in near)):
        return None
    # The vocabularies hold misspelt words too: of "driver" and "drivar" the one that people use is shown.
    return min(near, key=lambda known: (not is_common(known), -len(known), known), default=None)


def _is_slip(written: str, known: str) -> bool:
    """Return whether a single slip makes the one of the other: the distance of Damerau is one."""
    if len(written) > len(known):
        return _is_slip(known, written)
    at = next(
        (at for at, (one, other) in enumerate(zip(written, known, strict=False)) if one != other),
        len(written),
    )
    if len(written) < len(known):
        return len(known) - len(written) == 1 and written[at:] == known[at + 1 :]
    swapped = written[at : at + 2] == known[at : at + 2][::-1]
    if swapped and written[at + 2 :] == known[at + 2 :]:
        return True
    if min(len(written), len(known)) <= _SHORT_LETTERS:
        return False
    return written[at + 1 :] == known[at + 1 :]


def _shortened(word: str) -> Iterator[str]:
    """Yield the word, and the word without each of its letters."""
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]


@cache
def _everyday() -> frozenset[str]:
    return word_set("phrases", "everyday")


@cache
def _known() -> frozenset[str]:
    return frozenset(_meanings())


@cache
def _meanings() -> Mapping[str, frozenset[str]]:
    """Return the words of commands, days, units and trades, each with the lists and the skills it is of."""
    said = [
        (f"{section}.{name}", phrase)
        for section in _SECTIONS
        for name, phrase in named_phrases(section)
    ]
    said += [(name, phrase) for name in _LISTS for phrase in phrases("phrases", name)]
    found: dict[str, set[str]] = {}
    for meaning, phrase in said:
        for word in normalize(phrase).split():
            found.setdefault(word, set()).add(meaning)
    for slug, skill in skills.SKILLS.items():
        for name in skill.known_as:
            for word in normalize(name).split():
                if len(word) >= _LEAST_OF_SKILL:
                    found.setdefault(word, set()).add(slug)
    return {
        word: frozenset(of)
        for word, of in found.items()
        if len(word) <= _MOST_LETTERS and not _OTHER.search(word)
    }


@cache
def _by_shortened() -> Mapping[str, tuple[str, ...]]:
    """Return the words that may be meant, by themselves and by what is left without one of their letters."""
    found: dict[str, list[str]] = {}
    for word in sorted(_known()):
        if len(word) < _SHORT_LETTERS:
            continue
        for key in dict.fromkeys(_shortened(word)):
            found.setdefault(key, []).append(word)
    return {key: tuple(words) for key, words in found.items()}
