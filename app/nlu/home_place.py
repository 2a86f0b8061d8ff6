"""Reads where a worker lives: a place by its name, or a PIN code. Pure.

Certain are only a PIN code, a city or a quarter whose name is unique at home, and a name said with its city.
Namesakes, what only sounds or begins alike, and places abroad are proposals. A common word and a person's name
are no place, unless its city stands beside it: "Fort, Mumbai".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from app.catalogue import phonetic_search as by_sound
from app.catalogue import places
from app.catalogue.phonetics import distance, sounds
from app.catalogue.places import Place
from app.catalogue.skills import find_named, fold
from app.nlu.common_words import is_called_so, is_common, said_around, sounds_common
from app.nlu.fact import Confidence, Fact
from app.nlu.intents import Intent, intents
from app.nlu.lexicon import Lexicon
from app.nlu.name_context import is_possessive
from app.nlu.normalize import normalize, split_words
from app.nlu.place_phrases import are_known_words
from app.nlu.vocabulary import named_phrases, phrase_set, phrases

HOME_CHARACTERS: Final = 150
"""A home is looked for in so much of a text."""
_MOST_PLACES: Final = 8
_MOST_WORDS: Final = 6
"""Words among which a place is looked for: each look costs a search."""
_LONGEST_NAME: Final = 4
_LEAST_LETTERS: Final = 3
_ONE_PLACE_KM: Final = 10.0
"""Quarters of one name that are nearer than this are one."""
_TOWN_PEOPLE: Final = 300_000
"""Near a city of so many people the name of a quarter that nothing else has is meant."""
_ALL_KNOW_PEOPLE: Final = 500_000
"""A city of so many people is meant by its name, whatever villages and people are called so too."""
_HEARD_PEOPLE: Final = 1_500_000
"""A city of so many people is meant although a letter of its name sounds otherwise."""
_PIN: Final = re.compile(r"(?<!\d)[1-9]\d{2} ?\d{3}(?!\d)")
"""An Indian PIN code, in one or in two halves."""
_PIN_DIGITS: Final = 6
_PIN_CHARACTERS: Final = 100
"""A PIN code is looked for in the first characters only."""
_PARTS: Final = re.compile(r"[;|।\n!?]|\.(?=\s|$)|,")

type HomeFact = Fact[tuple[Place, ...]]
"""The place, or those to choose from."""


def find_home(text: str, city: str | None = None) -> HomeFact | None:
    """Return where a text says that somebody lives; `city` is where they are known to live."""
    text = text[:HOME_CHARACTERS]
    if (
        (pins := _PIN.findall(normalize(text)))
        and len(pins) == 1
        and (at := places.by_pin(pins[0]))
    ):
        return Fact((at,), Confidence.CERTAIN, pins[0])
    own = places.by_city(city) if city else None
    first: HomeFact | None = None
    for part, surely in _parts(text):
        found = _read(part, own)
        if found is not None and (found.certain or not surely):
            return found
        first = first or found
    return first


# ── Which part of a message says it ──────────────────────────────────────────────────────────────


def _parts(text: str) -> Iterator[tuple[list[str], bool]]:
    """Return the words that may name the home, the likeliest first: where one lives, not where one comes from.

    With each, whether it counts only where it is certain, because what follows says more.
    """
    whole = split_words(text)
    parts = [split_words(part) for part in _PARTS.split(text)]
    clauses = [clause for part in parts for clause in _clauses(part) if clause]
    lives = [clause for clause in clauses if phrase_set("lives_in").anywhere(clause)]
    comes = [clause for clause in clauses if phrase_set("comes_from").anywhere(clause)]
    if lives and len(clauses) > len(lives):
        beside = [
            word
            for clause in clauses
            if clause not in lives and clause not in comes and not _is_something_else(clause)
            for word in clause
        ]
        yield from ((clause, True) for clause in lives)
        yield from (([*clause, *beside], False) for clause in lives)
        return
    left = (
        [clause for clause in clauses if clause not in comes] if len(clauses) > len(comes) else []
    )
    yield ([word for clause in left for word in clause] if left and comes else whole), False
    yield from ((clause, False) for clause in left if len(clauses) > 1)


def _clauses(words: Sequence[str]) -> Iterator[list[str]]:
    clause: list[str] = []
    for word in words:
        if word in _between() and clause:
            yield clause
            clause = []
        clause.append(word)
    yield clause


@cache
def _between() -> frozenset[str]:
    known = [*phrases("calendar", "and"), *phrases("phrases", "but")]
    return frozenset(phrase for phrase in known if " " not in phrase)


def _is_something_else(words: Sequence[str]) -> bool:
    return find_named(" ".join(words)) is not None or phrase_set("is_called").anywhere(words)


# ── The place in a part ──────────────────────────────────────────────────────────────────────────


def _read(words: list[str], own: Place | None) -> HomeFact | None:
    if words and intents(words[0]) & {Intent.YES, Intent.NO}:
        words = words[1:]  # "No, Dadar" answers a proposal.
    if phrase_set("asking", "negation").anywhere(words):
        return None
    words = _names([_in_full().get(word, word) for word in words])
    if not words:
        return None
    whole = " ".join(words)
    found = [] if _is_no_place(words) else _spelled(whole, own)
    if any(fold(place.name) == fold(whole) for place in found):
        return _fact(found, whole, alone=True)
    city, named, rest = _with_city(words)
    if city is not None:
        found_there = _in_city(city, rest)
        said = found_there.evidence.removesuffix(city.name).strip()
        return replace(found_there, evidence=f"{said} {named}".strip())
    if found:
        return _fact(found, whole, alone=True)
    for window in _windows(words):
        if not _is_no_place(window) and (found := _spelled(" ".join(window), own)):
            alone = len(window) == len(words) or all(map(_says_nothing, set(words) - set(window)))
            return _fact(found, " ".join(window), alone=alone)
    return _by_sound(words, own)


@cache
def _in_full() -> Mapping[str, str]:
    """Return the cities that people write in short: "hyd", "blr"."""
    return {phrase: city for city, phrase in named_phrases("cities_in_short")}


def _names(words: Sequence[str]) -> list[str]:
    """Return the words without what stands around the name of a place."""
    bare = _around().without(words)
    return [word for word in bare if any(map(str.isalnum, word))][:_MOST_WORDS]


@cache
def _around() -> Lexicon[bool]:
    lists = (
        "around_place",
        "lives_in",
        "comes_from",
        "filler",
        "polite",
        "station",
        "around_home",
        "but",
    )
    known = [
        *phrases("phrases", *lists),
        *phrases("calendar", "and"),
        *phrases("intents", "greeting"),
    ]
    return Lexicon((phrase, True) for phrase in known)


def _is_no_place(words: Sequence[str]) -> bool:
    """Return whether the words are everyday ones, a skill, or a person's name, although a village may be called so."""
    whole = " ".join(words)
    if places.is_initials(whole):
        return False
    if len(whole) < _LEAST_LETTERS or are_known_words(words) or find_named(whole):
        return True
    city = places.by_city(whole)
    if (
        city is not None
        and city.people >= places.KNOWN_TO_ALL_PEOPLE
        and city.country == places.HOME
    ):
        return False
    # "Gandhi Nagar" is a quarter, although both words are names too; "Sharma's clinic" is in none of that name.
    return len(words) == 1 and (
        is_common(whole) or is_called_so(whole) or whole.isdecimal() or is_possessive(whole)
    )


def _says_nothing(word: str) -> bool:
    # Frequent words of Hindi hold the names of quarters; in Latin letters those are left out.
    common = is_common(word) if word.isascii() else word in said_around()
    return common or any(map(str.isdecimal, word))


def _with_city(words: list[str]) -> tuple[Place | None, str, list[str]]:
    """Return the large city that is named, its last mention first, how it is called, and the other words."""
    for length in (3, 2, 1):
        for at in range(len(words) - length, -1, -1):
            named = " ".join(words[at : at + length])
            city = (
                None if is_common(named) and named.isascii() else places.by_city(named, places.HOME)
            )
            if city is not None and fold(city.name) != fold(named) and is_called_so(named):
                city = None  # "Krishna river": Machilipatnam is called so after its district
            small = city is None or city.people < places.KNOWN_TO_ALL_PEOPLE
            if small and not named.isascii() and length == 1:
                city = _city_by_sound(named)
            if city is not None and city.people >= places.KNOWN_TO_ALL_PEOPLE:
                return city, named, [*words[:at], *words[at + length :]]
    return None, "", words


def _city_by_sound(word: str) -> Place | None:
    """Return the large city that a word in Devanagari sounds like: "इंदौर"."""
    found = [place for place in by_sound.search(word, 3) if place.kind == "city"]
    if not found or found[0].people < _TOWN_PEOPLE:
        return None
    known = {"".join(sound) for sound in sounds(fold(found[0].name))}
    near = min(distance("".join(sound), one) for sound in sounds(fold(word)) for one in known)
    return found[0] if near <= (found[0].people >= _HEARD_PEOPLE) else None


def _in_city(city: Place, rest: list[str]) -> HomeFact:
    """Return the quarter of a city that is named, or the city: certain where nothing else is said."""
    if not rest or all(map(_says_nothing, rest)):
        return _fact([city], city.name, alone=True)
    rest = _joined_initials(rest)
    said = " ".join(word for word in rest if not word.isdecimal())
    heard = _quarters(by_sound.search(f"{said}, {city.name}", _MOST_PLACES), city)
    # The map writes no name in Devanagari: those are compared by their sound, whole.
    alike = [] if said.isascii() else [p for p in heard if p.sure or _sounds_so(said, p)]
    begins = [place for place in heard if alike and _begins_so(place, alike[0])]
    if one := _merged([*alike, *begins], said) if alike else None:
        return Fact((one,), Confidence.CERTAIN, said)
    for window in _windows(rest):
        part = " ".join(window)
        near = places.find_spelled(f"{part}, {city.name}") if window[0][0].isalpha() else []
        if named := _quarters([place for place in near if place.sure], city):
            one = _merged(named, part)
            kept = (one,) if one else tuple(named[:_MOST_PLACES])
            return Fact(kept, _sure_if(one), part)
    if near := [
        place for place in heard if places.km_between(place, city) <= places.CITY_WITHIN_KM
    ]:
        return Fact(tuple(near[:_MOST_PLACES]), Confidence.LIKELY, said)
    return Fact((replace(city, sure=False),), Confidence.LIKELY, city.name)


def _quarters(found: Sequence[Place], city: Place) -> list[Place]:
    """Return the parts of a city; the map takes some for towns, as Powai in Mumbai: those where it has no others."""
    parts = [place for place in found if place.kind != "city"]
    return parts or [
        place
        for place in found
        if place.sure
        and place.people < places.KNOWN_TO_ALL_PEOPLE
        and places.km_between(place, city) <= places.CITY_WITHIN_KM
        and fold(place.name) != fold(city.name)
    ]


def _joined_initials(words: Sequence[str]) -> list[str]:
    """Return the words with initials written as one: "j p nagar" is JP Nagar."""
    joined: list[str] = []
    latest = ""
    for word in words:
        single = len(word) == 1 and word.isalpha()
        if single and latest:
            joined[-1] += word
        else:
            joined.append(word)
        latest = word if single else ""
    return joined


def _begins_so(place: Place, other: Place) -> bool:
    """Return whether a place is called like another and more: "Garia BT", 14 km from Garia."""
    return fold(place.name).startswith(f"{fold(other.name)} ")


def _sounds_so(said: str, place: Place) -> bool:
    """Return whether the place is called just so, by its sound."""
    return not set(sounds(fold(said))).isdisjoint(sounds(fold(place.name)))


def _windows(words: Sequence[str]) -> Iterator[Sequence[str]]:
    for length in range(min(len(words), _LONGEST_NAME), 0, -1):
        for at in range(len(words) - length + 1):
            yield words[at : at + length]


def _spelled(said: str, own: Place | None) -> list[Place]:
    """Return the places that are written so; of namesakes those in the person's own city."""
    found = [place for place in places.find_spelled(said) if place.sure]
    city = places.by_city(said)
    if city is not None and city in found and city.people >= _TOWN_PEOPLE:
        # "Gurgaon" is Gurugram, although a quarter is called so too.
        return [city, *(place for place in found if place is not city)]
    if own is not None:
        near = [place for place in found if places.km_between(place, own) <= places.CITY_WITHIN_KM]
        return near or found
    return found


def _fact(found: Sequence[Place], said: str, *, alone: bool) -> HomeFact:
    """Return what was found: certain where it is one place at home that people know, and nothing else was said."""
    first = found[0]
    home = first.country == places.HOME
    city = first.kind == "city" and first.people >= places.KNOWN_TO_ALL_PEOPLE
    if home and city and (fold(first.name) == fold(said) or first.people >= _TOWN_PEOPLE):
        # A city that everybody knows is meant, whatever villages are called so too.
        least = places.KNOWN_TO_ALL_PEOPLE if first.people >= _ALL_KNOW_PEOPLE else 0
        rivals = [
            place
            for place in found[1:]
            if place.country == places.HOME
            and place.people >= least
            and fold(place.name) == fold(said)
            and places.km_between(place, first) > places.CITY_WITHIN_KM
        ]
        named = is_called_so(said) and first.people < _ALL_KNOW_PEOPLE
        sure = alone and not rivals and not named
        kept = (first, *rivals) if rivals else (first,)
        return Fact(kept, Confidence.CERTAIN if sure else Confidence.LIKELY, said)
    distinct = places.without_duplicates(found)
    known = (
        home
        and len(distinct) == 1
        and places.people_around(first.latitude, first.longitude) >= _TOWN_PEOPLE
    )
    # A part of a name may be a word of Hindi, too: "upar hai" is no Upar Hali.
    everyday = is_common if fold(first.name) == fold(said) else sounds_common
    unusual = not all(everyday(word) or is_called_so(word) for word in said.split())
    sure = known and alone and unusual
    ordered = sorted(
        distinct, key=lambda place: -places.people_around(place.latitude, place.longitude)
    )
    return Fact(
        tuple(ordered[:_MOST_PLACES]), Confidence.CERTAIN if sure else Confidence.LIKELY, said
    )


def _sure_if(one: Place | None) -> Confidence:
    return Confidence.LIKELY if one is None else Confidence.CERTAIN


def _merged(found: Sequence[Place], said: str) -> Place | None:
    """Return the one place that these are parts of: "Andheri, Mumbai" has an east and a west; None for several."""
    first = found[0]
    exact = [place for place in found if fold(place.name) == fold(said)]
    near = exact or found
    if any(places.km_between(place, near[0]) > _ONE_PLACE_KM for place in (*near, *found)):
        return None
    if len(near) == 1:
        return near[0]
    words = len(said.split())
    return replace(
        near[0],
        name=" ".join(first.name.split()[:words]) if not exact else near[0].name,
        latitude=round(sum(place.latitude for place in near) / len(near), 5),
        longitude=round(sum(place.longitude for place in near) / len(near), 5),
    )


def _by_sound(words: Sequence[str], own: Place | None) -> HomeFact | None:
    """Return what sounds like the words: certain only for Devanagari, which no name on the map is written in."""
    said = [word for word in words if not sounds_common(word) and not is_called_so(word)]
    if not said or not any(len(word) > _LEAST_LETTERS for word in said):
        return None
    if not words[0].isascii():
        said = list(words)  # "कोरेगांव पार्क": a park is a common word.
    text = " ".join(said)
    near = by_sound.search(f"{text}, {own.name}", _MOST_PLACES) if own else []
    near = [place for place in near if own and fold(place.name) != fold(own.name)]
    found = near or by_sound.search(text, _MOST_PLACES)
    found = [place for place in found if place.country == places.HOME]
    if text.isascii():
        # By ear only a whole name: what only begins so is another.
        found = [place for place in found if _spelt_alike(text, place)]
    if not found:
        return None
    sure = [place for place in found if place.sure]
    big = found[0].kind == "city" and found[0].people >= _TOWN_PEOPLE and _sounds_so(text, found[0])
    # "वही जो ऊपर है" is no Upar Hali: everyday words are a place only where one is written so.
    unusual = big or not all(map(is_common, words))
    certain = not text.isascii() and len(said) == len(words) and (len(sure) == 1 or big) and unusual
    if certain:
        return Fact(((sure or found)[0],), Confidence.CERTAIN, text)
    return Fact(tuple(found), Confidence.LIKELY, text)


def _spelt_alike(said: str, place: Place) -> bool:
    name = fold(place.name)
    return distance(said, name) <= max(2, len(said) // 3)


def parse_pin_code(text: str) -> str | None:
    """Return the digits of a PIN code, however it is cut up: "400 028", "400-050", "४००० ५८".

    None where anything else is said with it, but the words around a place.
    """
    words = [word for word in split_words(text[:_PIN_CHARACTERS]) if word != "-"]
    left = phrase_set("around_place", "filler", "polite").without(words)
    digits = "".join(left)
    plain = digits.isdecimal() and len(digits) == _PIN_DIGITS and digits[0] != "0"
    return digits if plain else None
