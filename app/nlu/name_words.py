"""Which words make a person's name, and how sure a name of these words is. Pure."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from app.catalogue import places
from app.catalogue.skills import find_named
from app.core.person_names import is_spelled_as_name
from app.masking.mask import mask
from app.nlu.common_words import is_called_so, is_common, said_around, sounds_common
from app.nlu.fact import Confidence, Fact
from app.nlu.intents import Intent, intents
from app.nlu.lexicon import Lexicon
from app.nlu.message_words import Word, plain_of
from app.nlu.name_context import is_possessive, is_second_name, is_title
from app.nlu.time_tokens import DAYS, FROM_TODAY, PARTS
from app.nlu.vocabulary import named_phrases, phrases, word_set

_LONGEST_INITIAL: Final = 3


def is_person_name(name: str) -> bool:
    """Return whether this can only be a person's name: "S. K. Rao", "O'Brien", "अंज़ूर्‍या"; no phone in words, no link."""
    if not is_spelled_as_name(name) or any(map(_is_handle, name.split())):
        return False
    return mask(name) == name


def _is_handle(word: str) -> bool:
    """Return whether a dot joins more than initials and titles: "Insta.asha", but not "S.K.Rao" or "Md.Arif"."""
    *before, last = word.split(".")
    return bool(last) and any(sum(map(str.isalpha, part)) > _LONGEST_INITIAL for part in before)


def is_of_name(word: str) -> bool:
    """Return whether a word may be of a name: no number, no day, nothing that is said around names."""
    if not any(map(str.isalpha, word)) or word in ends_a_name() or around_names().at([word], 0):
        return False
    if is_possessive(word):
        return False
    return is_called_so(word) or not (is_common(word) or word in _of_hours())


@cache
def _of_hours() -> frozenset[str]:
    """Return the days and the parts of the day: no name goes on with them ("Raj mon to fri")."""
    return word_set("calendar", *DAYS, *PARTS, *FROM_TODAY)


@cache
def around_names() -> Lexicon[bool]:
    """Return the single words that are said around names and around other facts, and are of none."""
    lists = ("around_place", "around_skill", "after_name", "i_am", "negation", "asking", "wants")
    known = [*phrases("phrases", *lists), *phrases("calendar", "and", "today", "tomorrow")]
    known += [phrase for _, phrase in named_phrases("numbers")]
    known += [phrase for _, phrase in named_phrases("units")]
    return Lexicon((phrase, True) for phrase in known if " " not in phrase)


@cache
def ends_a_name() -> frozenset[str]:
    """Return the words that stand right behind a name: "hai", "here"."""
    return frozenset(phrases("phrases", "after_name")) | {"is"}


def is_home(word: str) -> bool:
    """Return whether a word behind a name is where somebody lives, and nobody's name: "Sunita Ghatkopar"."""
    if is_called_so(word) or is_common(word):
        return False
    return any(place.sure for place in places.find_spelled(word))


def is_initial(word: Word) -> bool:
    """Return whether this is an initial: "A." in "A. K. Sharma", "R" in "Lakshmi R"."""
    return len(word.plain) == 1 and word.plain.isalpha() and word.written[:1].isupper()


def is_something_else(plain: Sequence[str]) -> bool:
    """Return whether the words are an intent, a skill, a city or a known quarter, and nobody's name."""
    whole = " ".join(plain)
    if intents(whole) or find_named(whole):
        return True
    if all(map(is_called_so, plain)):
        return False
    if all(word in _of_people() for word in plain):
        return True  # "female", "hindu"
    place = places.city_named(whole)
    if place is None or (len(plain) > 1 and any(map(is_called_so, plain))):
        return False
    return place.kind != "city" or place.people >= places.KNOWN_TO_ALL_PEOPLE


@cache
def _of_people() -> frozenset[str]:
    """Return words for what people are, which nobody is called."""
    return word_set("wishes", "sex_alone", "faith", "caste", "marital", "fresher")


def name_fact(words: Sequence[Word], start: int, end: int) -> Fact[str] | None:
    """Return the name that these words are; likely only where one of them is a common word."""
    part = words[start:end]
    cut = {words[at].origin for at in (start - 1, end) if 0 <= at < len(words)}
    written = [
        # Of "naam-kavita" the name is only a part.
        word.plain if word.origin in cut else word.written
        for number, word in enumerate(part)
        if word.origin in cut or not number or word.origin != part[number - 1].origin
    ]
    if written and len(written[-1]) > _LONGEST_INITIAL:
        bare = written[-1].rstrip(".")
        written[-1] = written[-1] if "." in bare else bare
    if len({word.casefold() for word in written}) == 1:
        written = written[:1]  # "Sunita Sunita"
    name = " ".join(written)
    plain = plain_of(part)
    if not name or not is_person_name(name):
        return None
    around = said_around()
    plain = [
        word
        for at, word in enumerate(plain)
        if not is_title(word) and not (at and at == len(plain) - 1 and is_second_name(word))
    ] or plain
    long = [word for word in plain if len(word) > _LONGEST_INITIAL or word in around] or plain
    common = [word for word in long if is_common(word) and not is_called_so(word)]
    if len(common) > 1 or any(Intent.STOP in intents(word) for word in plain):
        return None
    if any(
        word.plain in around and word.plain in plain and not is_called_so(word.plain)
        for word in part
        if not is_initial(word)
    ):
        return None
    # "galat" is no name, though no list of names or of words in these letters has it.
    odd = any(sounds_common(word) and not is_called_so(word) for word in long)
    sure = not odd and (not common or any(map(is_called_so, long)))
    said = " ".join(word.plain for word in part)
    return Fact(name, Confidence.CERTAIN if sure else Confidence.LIKELY, said)
