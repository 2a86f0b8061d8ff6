"""Which scams a sentence has the parts of: concepts that stand together, and none that explains them. Pure.

Concepts and rules are data (`data/scams.toml`). Where a sign in review.toml is a sentence's wording, a rule
here is its sense: somebody pays, for something of the job, before it begins. The work grows with the
number of words: a rule walks once over the places of its concepts.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import product
from typing import Any, Final

from app.masking.deobfuscation import fold

_AMOUNT: Final = "amount"
_NUMBER: Final = "number"
DENIED: Final = "denied"
"""Stands among the concepts of a sentence that denies something."""
_DEFAULT_WITHIN: Final = 10
"""Words within which the concepts of a rule stand, where it does not say."""
_CHOICES: Final = 2
"""Places of one concept that are tried: the last may be another concept's too."""
_LEAST_STEM: Final = 2
_DIGITS_OF_AMOUNT: Final = 7
"""Most digits of an amount in rupees, "2500000": a landline's number written together has eight."""


type _Phrase = tuple[tuple[str, ...], str]
"""The words of a phrase, and the concept it says."""
_ANY: Final = ""
"""Stands for the second word of phrases where it has a star."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule; concepts are bits, each of `required` has those of which one must be said."""

    kind: str
    all: tuple[frozenset[str], ...]
    required: tuple[int, ...]
    unless: int
    within: int
    deniable: bool


@dataclass(frozen=True, slots=True)
class _Words:
    single: Mapping[str, frozenset[str]]
    stems: Mapping[str, frozenset[str]]
    phrases: Mapping[str, Mapping[str, list[_Phrase]]]
    cancels: Mapping[str, list[_Phrase]]
    currency: frozenset[str]
    units: frozenset[str]
    amounts: frozenset[str]
    denies: frozenset[str]
    denies_other: frozenset[str]
    taken_back: frozenset[str]
    ending: frozenset[str]
    before: int
    after: int


def concept_names() -> tuple[str, ...]:
    """Return the names of all concepts, `DENIED` among them."""
    return (*_bits(), DENIED)


@lru_cache(maxsize=1_024)
def concepts_in(reading: str) -> frozenset[str]:
    """Return the concepts that a folded sentence says, and `DENIED` if it denies something."""
    said = tuple(reading.split())
    return frozenset(_places(said)) | ({DENIED} if _denied(said) else frozenset())


def kinds_in(reading: str) -> set[str]:
    """Return the kinds of scams that a folded sentence has the parts of."""
    said = tuple(reading.split())
    places = _places(said)
    bits = _bits()
    present = 0
    for concept in places:
        present |= bits[concept]
    found: set[str] = set()
    denied: list[int] | None = None
    for rule in _rules():
        if present & rule.unless or rule.kind in found:
            continue
        if not all(present & choice for choice in rule.required):
            continue
        for first, last in _together(rule, places):
            if rule.deniable:
                denied = _denied(said) if denied is None else denied
                if _is_denied(said, denied, first, last):
                    continue
            found.add(rule.kind)
            break
    return found


def _together(rule: _Rule, places: Mapping[str, Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Yield the first and last word of each narrow passage that has every concept of a rule.

    One word may not stand for two of them.
    """
    marked = sorted(
        (place, number)
        for number, choice in enumerate(rule.all)
        for place in {place for one in choice for place in places.get(one, ())}
    )
    last: dict[int, tuple[int, ...]] = {}  # by number of the concept: where it stood last, twice
    for place, number in marked:
        last[number] = (place, *last.get(number, ()))[:_CHOICES]
        if len(last) < len(rule.all):
            continue
        for chosen in product(*last.values()):
            if max(chosen) - min(chosen) < rule.within and len(set(chosen)) == len(chosen):
                yield min(chosen), max(chosen)
                break


def _denied(said: Sequence[str]) -> list[int]:
    """Return where words of denial stand that are about nothing else ("no experience needed")."""
    words = _words()
    return [
        place
        for place, word in enumerate(said)
        if word in words.denies
        and not words.denies_other.intersection(said[place + 1 : place + 3])
        and (not place or said[place - 1] not in words.taken_back)
    ]


def _is_denied(said: Sequence[str], denied: Iterable[int], first: int, last: int) -> bool:
    words = _words()
    return any(
        first - words.before <= place <= last + words.after
        and not (place < first and said[place] in words.ending and said[place + 1] == ",")
        for place in denied
    )


@lru_cache(maxsize=1_024)
def _places(said: tuple[str, ...]) -> Mapping[str, Sequence[int]]:
    """Return by concept the places of the words that say it."""
    words = _words()
    places: dict[str, list[int]] = {}
    cancelled: dict[str, set[int]] = {}
    for place, word in enumerate(said):
        concepts, phrases = _concepts(word)
        for concept in concepts:
            places.setdefault(concept, []).append(place)
        if phrases:
            following = said[place + 1] if place + 1 < len(said) else ""
            for phrase, concept in (*phrases.get(following, ()), *phrases.get(_ANY, ())):
                if _fits(said, place, phrase):
                    places.setdefault(concept, []).append(place)
        if _is_number(word) or word in words.amounts:
            _add_number(said, place, places, words)
        for phrase, concept in words.cancels.get(word, ()):
            if _fits(said, place, phrase):
                cancelled.setdefault(concept, set()).update(range(place, place + len(phrase)))
    for concept, gone in cancelled.items():
        left = [place for place in places.pop(concept, ()) if place not in gone]
        if left:
            places[concept] = left
    return places


def _fits(said: Sequence[str], place: int, phrase: Sequence[str]) -> bool:
    if len(said) - place < len(phrase):
        return False
    return all(
        word == wanted or (wanted[-1] == "*" and word.startswith(wanted[:-1]))
        for word, wanted in zip(said[place : place + len(phrase)], phrase, strict=True)
    )


def _add_number(
    said: Sequence[str], place: int, places: dict[str, list[int]], words: _Words
) -> None:
    following = said[place + 1] if place + 1 < len(said) else ""
    if following in words.currency or (place and said[place - 1] in words.currency):
        places.setdefault(_AMOUNT, []).append(place)
        return
    digits = said[place].rstrip("k")
    tells = not digits.isdecimal() or len(digits) > 1 or said[place].endswith("k")
    if tells and (following not in words.units or following == ","):
        places.setdefault(_NUMBER, []).append(place)


def _is_number(word: str) -> bool:
    """Whether a word is a number that an amount may have: no phone number, no code."""
    digits = word.rstrip("k")
    return word[0].isdecimal() and digits.isdecimal() and len(digits) <= _DIGITS_OF_AMOUNT


@lru_cache(maxsize=16_384)
def _concepts(word: str) -> tuple[frozenset[str], Mapping[str, list[_Phrase]]]:
    """Return the concepts a word says alone, and the phrases that begin with it by their second word."""
    words = _words()
    found = set(words.single.get(word, ()))
    for end in range(_LEAST_STEM, len(word) + 1):
        found |= words.stems.get(word[:end], frozenset())
    return frozenset(found), words.phrases.get(word, {})


@cache
def _data() -> Mapping[str, Any]:
    path = files("app.jobs") / "data" / "scams.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _words() -> _Words:
    data = _data()
    single: dict[str, set[str]] = {}
    stems: dict[str, set[str]] = {}
    phrases: dict[str, dict[str, list[_Phrase]]] = {}
    for concept, listed in data["concepts"].items():
        for entry in fold(listed).split(","):
            parts = tuple(entry.split())
            if len(parts) > 1:
                second = _ANY if parts[1].endswith("*") else parts[1]
                phrases.setdefault(parts[0], {}).setdefault(second, []).append((parts, concept))
            elif parts and parts[0].endswith("*"):
                stems.setdefault(parts[0][:-1], set()).add(concept)
            elif parts:
                single.setdefault(parts[0], set()).add(concept)
    cancels: dict[str, list[_Phrase]] = {}
    for concept, listed in data["cancels"].items():
        for parts in (tuple(entry.split()) for entry in fold(listed).split(",")):
            cancels.setdefault(parts[0], []).append((parts, concept))
    numbers, denial = data["numbers"], data["denial"]
    return _Words(
        single={word: frozenset(concepts) for word, concepts in single.items()},
        stems={stem: frozenset(concepts) for stem, concepts in stems.items()},
        phrases=phrases,
        cancels=cancels,
        currency=frozenset(fold(numbers["currency"]).split()),
        units=frozenset(fold(numbers["units"]).split()),
        amounts=frozenset(fold(numbers["words"]).split()),
        denies=frozenset(fold(denial["words"]).split()),
        denies_other=frozenset(fold(f"{denial['other']} {denial['taken_back']}").split()),
        taken_back=frozenset(fold(denial["taken_back"]).split()),
        ending=frozenset(fold(denial["ending"]).split()),
        before=denial["before"],
        after=denial["after"],
    )


@cache
def _bits() -> Mapping[str, int]:
    concepts = (*_data()["concepts"], _AMOUNT, _NUMBER)
    return {concept: 1 << number for number, concept in enumerate(concepts)}


@cache
def _rules() -> tuple[_Rule, ...]:
    bits = _bits()

    def choices(listed: Sequence[str]) -> tuple[frozenset[str], ...]:
        split = tuple(frozenset(choice.split("|")) for choice in listed)
        unknown = {one for choice in split for one in choice} - bits.keys()
        if unknown:
            raise ValueError(f"scams.toml names unknown concepts: {sorted(unknown)}")
        return split

    def said(listed: Sequence[str]) -> tuple[int, ...]:
        return tuple(sum(bits[one] for one in choice) for choice in choices(listed))

    return tuple(
        _Rule(
            kind=rule["kind"],
            all=choices(rule["all"]),
            required=said([*rule["all"], *rule.get("needs", ())]),
            unless=sum(set(said(rule.get("unless", ())))),
            within=rule.get("within", _DEFAULT_WITHIN),
            deniable=rule.get("deniable", True),
        )
        for rule in _data()["rules"]
    )
