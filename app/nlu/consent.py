"""Reads a written answer to the question for consent, which asks for the age too. Pure."""

from typing import Final

from app.nlu import quantities
from app.nlu.intents import Intent, intents, yes_or_no
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

ADULT_YEARS: Final = 18
OLDEST_YEARS: Final = 120
"""A greater number is no age."""


def parse_consent(text: str) -> str | None:
    """Return what a written answer to the question for consent says.

    `yes`, `no`, `minor`, `of_age` for an age without a yes or no, and None for anything that is not
    only that: nobody agrees by half a sentence, and nobody under age by a yes.
    """
    words = split_words(text)
    if words and not phrase_set("delays", "polite").without(words):
        return None  # "not now" refuses nothing
    if phrase_set("not_under").anywhere(words):
        return None  # "I am not under 18" is no consent, and nobody under age
    if {Intent.YES, Intent.NO} & (meant := intents(text)):
        return "yes" if Intent.YES in meant else "no"
    found = quantities.age(words)
    if found is None:
        return None
    age, words = found
    without_minor = phrase_set("minor").without(words)
    not_under = phrase_set("under").without(without_minor)
    rest = phrase_set("over").without(not_under)
    under = len(not_under) < len(without_minor)
    meaning = yes_or_no(rest)
    if meaning is None and phrase_set("filler").without(rest):
        return None
    if len(without_minor) < len(words) or (age is not None and age < ADULT_YEARS):
        return "minor"
    if under:
        return "minor" if age == ADULT_YEARS else None
    if age is None or age > OLDEST_YEARS:
        return None
    if meaning is None:
        return "of_age"
    return "yes" if meaning is Intent.YES else None
