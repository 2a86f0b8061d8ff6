"""Reads a written answer to the question for consent, which asks for the age too. Pure."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from app.nlu import quantities
from app.nlu.intents import Intent, intents, yes_or_no
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_words
from app.nlu.vocabulary import named_phrases, phrase_set, word_set

ADULT_YEARS: Final = 18
YOUNGEST_WRITER_YEARS: Final = 10
"""A smaller number with nothing that says it is an age is none."""
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
    if _agreement(words) is Intent.YES:
        return "yes"
    found = quantities.age(words)
    if found is None or _is_no_age(found[0], words):
        return None
    return _with_age(*found)


def _is_no_age(years: int | None, words: Sequence[str]) -> bool:
    """Return whether a number of years is how long somebody does something: nobody of five writes "5 saal"."""
    if years is None or years >= YOUNGEST_WRITER_YEARS:
        return False
    return not phrase_set("age", "i_am", "minor", "under").anywhere(words)


def _with_age(age: int | None, words: Sequence[str]) -> str | None:
    """Return what an answer says in which an age may stand; the words are those without it."""
    under_age = age is not None and age < ADULT_YEARS
    if _is_of_another(words) and not (under_age and phrase_set("i_am").anywhere(words)):
        return None  # "yes, my son is 20": who writes has told no age
    if not under_age and _is_still_to_come(age, words):
        return None
    without_minor = phrase_set("minor").without(words)
    not_under = phrase_set("under").without(without_minor)
    rest = phrase_set("over").without(not_under)
    under = len(not_under) < len(without_minor)
    meaning = yes_or_no(rest) or _agreement(rest)
    if meaning is None and phrase_set("filler").without(rest):
        if under or not _begins_with_yes(rest):
            return None
        meaning = Intent.YES
    if len(without_minor) < len(words) or under_age:
        return "minor"
    if under:
        return "minor" if age == ADULT_YEARS else None
    if age is None or age > OLDEST_YEARS:
        return None
    if meaning is None:
        return "of_age"
    return "yes" if meaning is Intent.YES else None


def _is_of_another(words: Sequence[str]) -> bool:
    """Return whether words tell of somebody else than who writes: "my son is", "wo … ka hai"."""
    polite = word_set("phrases", "polite", "consent_filler")
    relatives = word_set("phrases", "relatives")
    if phrase_set("third_person").anywhere(words) or any(
        word in relatives - polite for word in words
    ):
        return True
    # "Yes bhai" is only polite; "mere bhai" and "my bro" are relatives.
    whose = word_set("phrases", "my", "whose")
    return any(before in whose and word in relatives for before, word in pairwise(words))


def _is_still_to_come(age: int | None, words: Sequence[str]) -> bool:
    """Return whether an age is one that somebody only will have: "18 next year", "almost 18", "18 hone wala hu"."""
    if phrase_set("age_to_come").anywhere(words):
        return True
    return age == ADULT_YEARS and (
        phrase_set("age_nearly").anywhere(words) or _months().anywhere(words)
    )


@cache
def _months() -> Lexicon[bool]:
    return Lexicon((phrase, True) for _, phrase in named_phrases("months"))


def _begins_with_yes(words: Sequence[str]) -> bool:
    """Return whether an answer with an age agrees first and limits nothing: "yes i am 20 years old student"."""
    limits = phrase_set("but", "first_of_all", "doubt", "negation", "asking", "delays")
    return bool(words) and yes_or_no(words[:1]) is Intent.YES and not limits.anywhere(words)


def _agreement(words: Sequence[str]) -> Intent | None:
    """Return a yes where the words are one in everyday words, several times or with fillers: "ya", "sure why not"."""
    rest = phrase_set("consent_yes", "consent_filler", "filler", "polite").without(words)
    if not rest:
        return Intent.YES if phrase_set("consent_yes").anywhere(words) else None
    return yes_or_no(rest) if yes_or_no(rest) is Intent.YES else None


class AnswerWithMore(NamedTuple):
    """A yes to the question for consent with which something else is said."""

    certain: bool
    """Whether the yes stands by itself: no "but", no "first", no "if" limits it."""
    rest: str


_SENTENCE: Final = re.compile(r"(?<=[.?!।\n,;])")
_MOST_SENTENCES: Final = 12


def consent_with_more(text: str) -> AnswerWithMore | None:
    """Return the yes that a text begins with, where more follows: "haan ji, par pehle batao koi paisa lagega?"."""
    first, *others = sentences(text)
    words = first.split()
    limits = phrase_set("but", "first_of_all")
    limited = limits.anywhere(split_words(text))
    if not others or not parse_yes(first):
        # "yes but is it free?" has no comma.
        at = next(
            (at for at in range(1, len(words)) if limits.anywhere(split_words(words[at]))), None
        )
        if at is None or not parse_yes(" ".join(words[:at])):
            return None
        return AnswerWithMore(False, " ".join([*words[at + 1 :], *others]))
    return AnswerWithMore(not limited, " ".join(others))


def parse_yes(text: str) -> bool:
    """Return whether a text is a yes to the question for consent and nothing else."""
    return parse_consent(text) == "yes"


def sentences(text: str) -> Sequence[str]:
    """Return the sentences and clauses of a text, at least one."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()][:_MOST_SENTENCES] or [
        ""
    ]
