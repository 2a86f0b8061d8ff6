"""Places found by how their names sound: in Devanagari, or spelt as somebody heard them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from app.catalogue import places
from app.catalogue.phonetics import Sound, consonants, distance, sounds
from app.catalogue.places import Place
from app.catalogue.skills import fold

_LEAST_SOUND: Final = 2
"""A shorter sound is a syllable that too many names begin with."""
_LEAST_BEGINNING: Final = 3
"""A shorter sound may be a whole name, but not the beginning of one."""
_ODD_VOWELS: Final = {2: 1, 3: 1, 4: 2, 5: 2}
"""How many vowels may differ in a name of so many consonants before it is another name."""
_MOST_ODD_VOWELS: Final = 3
_GOES_ON: Final = 0.5
"""How odd it is to say the beginning of a name, as "अंधेरी" for Andheri East, or an uncommon one."""
_FAR_OFF: Final = ((1_000_000, 0.0), (places.KNOWN_TO_ALL_PEOPLE, 1.0))
"""How odd it is to mean a place in or near a city of so many people, where most who look for work live."""
_IN_THE_COUNTRY: Final = 2.0
_CLEARLY: Final = 1.0
"""By how much more odd than one place all others must be for it alone to be meant."""
_KNOWN_BY_NAME_PEOPLE: Final = 300_000
"""A city as large as this is meant by its name, whatever else sounds like it or begins so."""
_MOST_WEIGHED: Final = 60
"""Of more names that sound alike the first are enough to choose from."""


@dataclass(frozen=True, slots=True)
class _Name:
    """A name on the map: `where` is the city, or the PIN code of a locality."""

    sound: Sound
    name: str
    where: Place | str
    alias: bool
    """Whether the map has another name for it."""

    def place(self) -> Place | None:
        return places.area(self.name, self.where)


@dataclass(frozen=True, slots=True)
class _Index:
    by_beginning: dict[str, list[_Name]]
    """By the sounds of a name's first words, and of all."""
    by_bones: dict[str, list[_Name]]


@cache
def _index() -> _Index:
    by_beginning: dict[str, list[_Name]] = defaultdict(list)
    by_bones: dict[str, list[_Name]] = defaultdict(list)
    for folded, where, name in places.names_at_home():
        for sound in sounds(folded):
            known = _Name(sound, name, where, fold(name) != folded)
            for end in range(1, len(sound) + 1):
                by_beginning[_key(sound[:end])].append(known)
            by_bones[consonants(_key(sound))].append(known)
    return _Index(dict(by_beginning), dict(by_bones))


def warm_up() -> None:
    """Read what the first search would otherwise wait for."""
    _index()


def _key(sound: Sound) -> str:
    """Return a name as one word, for people set spaces at will; a final "a" is often not heard."""
    return "".join(word.removesuffix("a") if len(word) > 1 else word for word in sound)


def search(text: str, limit: int = 10) -> list[Place]:
    """Return the places `text` may mean, by how they are written or else by how they sound.

    As `places.search`. What only sounds like it is `sure` where nothing else comes near, and so is a
    name in Devanagari, which may be that of a village where somebody means a quarter of their city.
    Of a large city's name the city is sure, and not what begins with it.
    """
    text = text[: places.SEARCHED_CHARACTERS]
    found = places.find_spelled(text)
    certain = [place for place in found if place.sure]
    # "Gurgaon" is Gurugram, although a quarter is called so too.
    city = places.by_city(text)
    if city is not None and city in certain and _settled(city):
        certain = [city, *(place for place in certain if place is not city)]
    if certain and _settled(certain[0]):
        return [certain[0], *(replace(place, sure=False) for place in certain[1:limit])]
    if certain and text.isascii():
        return certain[:limit]
    heard = _sounding(text)
    least = min((oddity for oddity, _ in heard), default=0.0)
    heard = [(oddity, place) for oddity, place in heard if oddity <= least + _CLEARLY]
    exact = [place for oddity, place in heard if not oddity]
    rivals = [place for oddity, place in heard if oddity <= _CLEARLY]
    alone = len(places.without_duplicates([*certain, *rivals])) == 1
    said = certain or exact
    told = places.without_duplicates([*exact, *certain, *(place for _, place in heard)])
    told = [replace(place, sure=alone and place in said) for place in told]
    return (told or found or places.cities_in(text))[:limit]


def _settled(place: Place) -> bool:
    return place.kind == "pin" or place.people >= _KNOWN_BY_NAME_PEOPLE


def _sounding(text: str) -> list[tuple[float, Place]]:
    for wanted, near in _readings(text):
        if found := _weighed(wanted, near):
            return found
    return []


def _readings(text: str) -> Iterator[tuple[str, Place | None]]:
    """Return what the text may say; a city may be only heard, too: "दादर, मुम्बई"."""
    first, _, rest = text.partition(",")
    if rest and not places.by_city(rest):
        heard = [place for _, place in _weighed(fold(rest), None) if place.people]
        if heard:
            yield fold(first), max(heard, key=lambda place: place.people)
    yield from places.interpretations(text)


def _weighed(wanted: str, near: Place | None) -> list[tuple[float, Place]]:
    """Return the places that sound like these words with how odd each would be, the least odd first."""
    odd: list[tuple[float, Place]] = []
    for known, oddity in _alike(wanted):
        place = known.place()
        if place is None:
            continue
        if near is None:
            odd.append((oddity + _far_off(place), place))
        elif places.km_between(place, near) <= places.CITY_WITHIN_KM:
            odd.append((oddity, place))
    odd.sort(key=lambda item: item[0])
    return odd


def _far_off(place: Place) -> float:
    """Return how unlikely it is that somebody lives there, as oddities of a name."""
    people = places.people_around(place.latitude, place.longitude)
    return next((odd for least, odd in _FAR_OFF if people >= least), _IN_THE_COUNTRY)


def _alike(wanted: str) -> list[tuple[_Name, float]]:
    """Return the names that sound like this, begin so, or have other vowels, and how odd each is."""
    found: dict[int, tuple[_Name, float]] = {}
    for sound in sounds(wanted):
        key = _key(sound)
        skeleton = consonants(key)
        if len(key) < _LEAST_SOUND:
            continue
        for known in _index().by_beginning.get(key, ()):
            whole = _key(known.sound) == key
            if not whole and len(key) < _LEAST_BEGINNING:
                continue
            # "दादर" is not "दादरा"; but the last "a" of a Latin name is often not heard.
            ends = known.sound[-1].endswith("a") == sound[-1].endswith("a")
            same = whole and ends and not known.alias
            found[id(known)] = (known, 0.0 if same else _GOES_ON)
        allowed = _ODD_VOWELS.get(len(skeleton), _MOST_ODD_VOWELS)
        for known in _index().by_bones.get(skeleton, ()) if len(skeleton) >= _LEAST_SOUND else ():
            if id(known) not in found and (odd := distance(key, _key(known.sound))) <= allowed:
                found[id(known)] = (known, float(odd))
    ordered = sorted(found.values(), key=lambda item: item[1])[:_MOST_WEIGHED]
    return [item for item in ordered if item[1] == _GOES_ON or _looks_alike(wanted, item[0].name)]


def _looks_alike(wanted: str, name: str) -> bool:
    """Return whether one could write the name so, in its own script: "zzzzqqqq" sounds like Joka, on paper."""
    if not wanted.isascii():
        return True
    return distance(wanted, fold(name)) <= max(2, len(wanted) // 3)
