"""Choose from a list of places by a typed answer in place of a tap. Pure."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from app.catalogue.skills import fold
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import normalize, split_words
from app.nlu.vocabulary import named_phrases, phrase_set


def choose_place(text: str, options: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return those of `options` that a text may mean: "2", "the one in Jaipur", "rampur himachal pradesh".

    None of them where it names another place, and where it would leave all of them to choose from.
    """
    whole = split_words(text)
    if (number := _ordinal(whole)) is not None:
        return options[number - 1 : number]
    said = phrase_set("around_place", "filler", "about_offer").without(whole)
    words = {word for part in said for word in _spelt_out(part).split()}
    if len(said) == 1 and said[0].isdecimal():
        number = int(said[0]) if len(said[0]) <= len(str(len(options))) else 0
        return options[number - 1 : number] if number else ()
    fits = [option for option in options if words <= _name(option) | _about(option)]
    if not words or not fits:
        return ()
    # Who says a whole name means no longer one: "andheri mumbai" is not Andheri East.
    named = [option for option in fits if _name(option) <= words]
    called = [option for option in named if _name(option) | _about(option) == words]
    left = called or named or fits
    return left if len(left) < len(options) else ()


def _ordinal(words: Sequence[str]) -> int | None:
    """Return the number in "the second one", "पहला", "doosra wala"."""
    found = {int(span.meaning) for span in _ordinals().scan(words) if span.meaning is not None}
    return found.pop() if len(found) == 1 else None


@cache
def _ordinals() -> Lexicon[str]:
    return Lexicon((phrase, number) for number, phrase in named_phrases("ordinals"))


def _spelt_out(word: str) -> str:
    """Return a state by its name, where it was written in short or in Devanagari: "UP", "बिहार"."""
    return fold(_states().get(word) or word)


@cache
def _states() -> Mapping[str, str]:
    return {normalize(phrase): state for state, phrase in named_phrases("states")}


def _name(option: Mapping[str, Any]) -> set[str]:
    return set(fold(str(option["name"])).split())


def _about(option: Mapping[str, Any]) -> set[str]:
    return {word for key in ("city", "state") for word in fold(str(option.get(key) or "")).split()}
