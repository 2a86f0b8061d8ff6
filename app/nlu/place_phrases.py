"""Find where a job is, in people's words: "in Bandra", "near Dadar station", "Andheri West, Mumbai". Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from app.catalogue import phonetic_search, places, skills
from app.catalogue.place_names import name_on_map
from app.core.languages import DEFAULT_LANGUAGE, languages
from app.nlu.common_words import is_common, sounds_common
from app.nlu.job_draft import Draft
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import has_devanagari, normalize, split_words
from app.nlu.vocabulary import phrase_set, phrases, vocabulary, word_set

MOST_CHARACTERS: Final = 300
"""So much of a message is read."""
_SAME_PLACE_KM: Final = 6.0
"""Parts of one locality: which of them is meant changes nobody's way to work."""
_MOST_OPTIONS: Final = 8
_LONGEST_NAME: Final = 4
"""Words in the name of a place."""
_MOST_LOOKED_AT: Final = 10
"""Words of a sentence in which a place is looked for."""
_LEAST_LETTERS: Final = 4
_KNOWN_SECTIONS: Final = ("intents", "phrases", "calendar", "numbers", "units")


def fillers() -> frozenset[str]:
    """Return the words of a job's text that name no place."""
    return word_set("places", "fillers")


def has_marker(chunk: str) -> bool:
    """Return whether a word says that this is a place: "in Dadar", "Dadar mein"."""
    words = chunk.split()
    return bool(words) and (
        words[0] in word_set("places", "before") or words[-1] in word_set("places", "after")
    )


def trim(words: list[str]) -> list[str]:
    """Return the words of a name without what stands around it."""
    while words and words[0].strip(".!?:") in word_set("places", "fillers", "before"):
        words = words[1:]
    while words and words[-1].strip(".!?:") in word_set("places", "fillers", "after"):
        words = words[:-1]
    return [word.strip("!?:") for word in words]


def with_place(draft: Draft, found: Sequence[places.Place], said: str) -> Draft:
    """Return the draft with the place that was found, or with those to choose from."""
    if not found:
        return draft
    said = _without_city(said, found[0])
    named = [p for p in found if f"{skills.fold(p.name)} ".startswith(f"{said} ")]
    found = named or found
    if not _one_place(found):
        return replace(draft, places=tuple(as_option(place) for place in found))
    chosen = as_option(found[0])
    name = found[0].name
    if named:
        # "Bandra" has an east and a west; whoever says only Bandra is told only Bandra.
        chosen["name"] = " ".join(name.split()[: len(said.split())])
        near = [place for place in found if _beside(place, found[0])]
        chosen["at"] = [
            round(sum(place.latitude for place in near) / len(near), 5),
            round(sum(place.longitude for place in near) / len(near), 5),
        ]
    return replace(draft, place=chosen)


def _without_city(said: str, place: places.Place) -> str:
    """Return what was said without the city or state behind it: "powai mumbai"."""
    words = said.split()
    about = {*skills.fold(place.city).split(), *skills.fold(place.state or "").split()}
    while (
        len(words) > 1 and words[-1] in about and words[-1] not in skills.fold(place.name).split()
    ):
        words = words[:-1]
    return " ".join(words)


def find_places(text: str, city: str | None = None) -> Draft:
    """Return the place a whole text means, or those to choose from, as a draft that knows no more."""
    whole = places.search(text[:MOST_CHARACTERS], _MOST_OPTIONS) if "," in text else []
    if sure := [place for place in whole if place.sure]:
        # An address is read whole: "Andheri West, Mumbai, Maharashtra" is not all of Mumbai.
        return with_place(Draft(), sure, skills.fold(text.partition(",")[0]))
    words = trim(normalize(text[:MOST_CHARACTERS]).replace(",", " , ").split())
    found, said, _ = find_longest(words, city) if words else ([], "", "")
    return with_place(Draft(), found or find_by_sound(words, city), said)


def find_by_sound(words: Sequence[str], city: str | None) -> list[places.Place]:
    """Return what sounds like words in Devanagari, which no name on the map is written in."""
    said = " ".join(phrase_set("station").without(words))
    if not has_devanagari(said) or all(map(is_common, said.split())):
        return []  # "घर पर" is at home, and no Gorai
    near = phonetic_search.search(f"{said}, {city}" if city else said, _MOST_OPTIONS)
    found = [place for place in near if skills.fold(place.name) != skills.fold(city or "")]
    return [place for place in found if place.sure] or found


def find_longest(words: Sequence[str], city: str | None) -> tuple[list[places.Place], str, str]:
    """Return the places that the longest run of these words names, the run, and the other words.

    What only sounds or begins like a place counts where nothing else is said, or a word says that it is one.
    """
    words = phrase_set("station").without(words)
    far: tuple[list[places.Place], str, str] | None = None
    amid: places.Place | None = None
    for at, end in _runs(words):
        if far is not None and end - at > 1:
            continue
        said = " ".join(words[at:end])
        initials = places.is_initials(said)
        short = len(said) < _LEAST_LETTERS and not initials
        if end - at < len(words) and (short or said in fillers()):
            continue
        common = not initials and all(map(is_common, words[at:end]))
        if said in word_set("places", "never_alone") or (common and end - at == 1):
            continue  # "small", "kitchen", "send": a village may be called so, and nobody means it
        if end < len(words) and words[end] in word_set("places", "business"):
            continue  # "Sagar restaurant" is called so, wherever it is
        found = _search(said, city)
        if end - at > 1 and _is_only_city(found, said):
            # "fc road pune": the city is found by its own name, and the rest is in it, or kept.
            if skills.fold(said).endswith(skills.fold(found[0].name)):
                amid = amid or found[0]
            continue
        if amid is not None:
            found = [
                place for place in found if places.km_between(place, amid) <= places.CITY_WITHIN_KM
            ]
        called = said.split() if not has_devanagari(said) else None
        named = [
            place for place in found if place.sure and (called is None or _is_called(place, called))
        ]
        is_told = end - at == len(words) or _is_marked(words, at, end)
        # "koi", which villages begin with, is a word of every sentence.
        unmarked = end - at == 1 and not initials and not _is_marked(words, at, end)
        common = common or (unmarked and len(said) <= _LEAST_LETTERS and sounds_common(said))
        guessed = found if is_told and not common else []
        if found := named or guessed:
            rest = trim([*words[:at], *words[end:]])
            if within := _quarter(found[0], rest, city):
                return within
            told = found, skills.fold(said), " ".join(rest)
            if (
                end - at > 1
                or len(words) == 1
                or _is_near(found[0], city)
                or _is_marked(words, at, end)
            ):
                return told
            # One word of several names a far village: a quarter of the own city may be named, too.
            far = far or told
    return far or ([], "", "")


def _is_only_city(found: Sequence[places.Place], said: str) -> bool:
    """Whether of a longer text only the city was found, whose name is a part of it."""
    return bool(found) and all(
        place.kind == "city" and not place.sure and skills.fold(place.name) in said
        for place in found
    )


def _quarter(
    place: places.Place, rest: Sequence[str], city: str | None
) -> tuple[list[places.Place], str, str] | None:
    """Return the quarter of a large city that the other words name, as `find_longest` does: "hinjewadi phase 1 pune"."""
    if place.kind != "city" or place.people < places.KNOWN_TO_ALL_PEOPLE or not rest:
        return None
    if city is not None and skills.fold(city) == skills.fold(place.name):
        return None
    found, said, left = find_longest(rest, place.name)
    if not found or found[0].kind == "city" or not found[0].sure:
        return None
    near = places.km_between(found[0], place) <= places.CITY_WITHIN_KM
    return (found, said, left) if near else None


def _is_near(place: places.Place, city: str | None) -> bool:
    """Whether a place is in or near this city, or a city that everybody knows; without one any place is."""
    own = places.by_city(city, places.HOME) if city else None
    known = place.kind == "city" and place.people >= places.KNOWN_TO_ALL_PEOPLE
    return own is None or known or places.km_between(place, own) <= places.CITY_WITHIN_KM


def _is_marked(words: Sequence[str], at: int, end: int) -> bool:
    """Return whether the words beside a run say that it is a place: "in Dadar", "Dadar mein"."""
    before, after = word_set("places", "before"), word_set("places", "after")
    return (at > 0 and words[at - 1] in before) or (end < len(words) and words[end] in after)


def _runs(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where a place may be named, the likeliest first: what follows "in", then the longer run, later first.

    In a long sentence only its end is looked at, because every look costs a search.
    """
    for at, word in enumerate(words[:-1]):
        if word in word_set("places", "before"):
            for end in range(min(len(words), at + 1 + _LONGEST_NAME), at + 1, -1):
                yield at + 1, end
            break
    first = max(0, len(words) - _MOST_LOOKED_AT)
    for length in range(min(len(words), _LONGEST_NAME + 1), 0, -1):
        for at in range(len(words) - length, first - 1, -1):
            if any(character.isalpha() for character in words[at]):
                yield at, at + length


def _search(said: str, city: str | None) -> list[places.Place]:
    if has_devanagari(said):
        names = (name_on_map(said, language) for language in languages())
        name = next(filter(None, names), None)
        # "रोड" alone is no place, though parts of names are called so.
        return [] if name is None or all(map(is_common, name.split())) else _search(name, city)
    if city and skills.fold(said) != skills.fold(city):
        near = places.search(f"{said}, {city}", _MOST_OPTIONS)
        # Of a locality nobody knows the city alone is found: that was not what was said.
        if near and not any(skills.fold(place.name) == skills.fold(city) for place in near):
            return near
    return places.search(said, _MOST_OPTIONS)


def _one_place(found: Sequence[places.Place]) -> bool:
    first = found[0]
    if first.kind == "city" and first.people > 100_000:
        return True
    return all(_beside(place, first) for place in found)


def _beside(place: places.Place, other: places.Place) -> bool:
    return (
        abs(place.latitude - other.latitude) < _SAME_PLACE_KM / 111
        and abs(place.longitude - other.longitude) < _SAME_PLACE_KM / 100
    )


def as_option(place: places.Place) -> dict[str, Any]:
    """Return a place as a draft keeps it."""
    # A PIN code's own city is only its district.
    nearest = places.nearest_city(place.latitude, place.longitude)
    return {
        "name": place.name,
        "city": nearest.name if nearest and place.kind != "city" else place.city,
        "state": place.state or "",
        "at": [place.latitude, place.longitude],
        "zone": place.time_zone,
    }


def find_exact(said: Sequence[str], city: str | None) -> Draft:
    """Return the place whose own name these words are, as a draft that knows no more.

    Nothing that only sounds or begins like it; and never what the conversation knows as another word, as
    "none" or "wait", nor a number, though a village may be called so.
    """
    words = phrase_set("station").without(split_words(" ".join(said)))
    if not words or any(word[0].isdecimal() for word in words) or are_known_words(words):
        return Draft()
    whole = " ".join(words)
    found = [
        place
        for place in _search(whole, city)
        if place.sure and (has_devanagari(whole) or _is_called(place, words))
    ]
    large = places.by_city(whole)
    if not found and large is not None and large.people >= places.KNOWN_TO_ALL_PEOPLE:
        found = [large]
    return with_place(Draft(), found, skills.fold(whole))


def _is_called(place: places.Place, words: Sequence[str]) -> bool:
    name = skills.fold(place.name).split()
    about = {word for part in (place.city, place.state or "") for word in skills.fold(part).split()}
    said = skills.fold(" ".join(words)).split()
    # "Bandra" has an east and a west, and "Dadar Mumbai" is Dadar.
    alike = next((at for at, word in enumerate(said) if name[at : at + 1] != [word]), len(said))
    return alike > 0 and set(said[alike:]) <= about


def are_known_words(words: Sequence[str]) -> bool:
    """Return whether the conversation knows each of these words as something else than a name."""
    return not _known().without(words)


@cache
def _known() -> Lexicon[bool]:
    # Number words that English has no list for, as "dedh" (1.5), may still be a name.
    sections = {name: vocabulary(DEFAULT_LANGUAGE)[name] for name in _KNOWN_SECTIONS}
    known = [phrase for name, lists in sections.items() for phrase in phrases(name, *lists)]
    return Lexicon((phrase, True) for phrase in [*known, *fillers()])
