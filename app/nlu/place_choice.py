"""Choose from a list of places by a typed answer in place of a tap. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.catalogue.skills import fold
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set


def choose_place(text: str, options: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return those of `options` that a text may mean: "2", "the one in Jaipur", "rampur himachal pradesh".

    None of them where it names another place, and where it would leave all of them to choose from.
    """
    said = phrase_set("around_place", "filler", "about_offer").without(split_words(text))
    words = {word for part in said for word in fold(part).split()}
    if len(said) == 1 and said[0].isdecimal():
        number = int(said[0]) if len(said[0]) <= len(str(len(options))) else 0
        return options[number - 1 : number] if number else ()
    fits = [option for option in options if words <= _name(option) | _about(option)]
    if not words or not fits:
        return ()
    # Who says a whole name means no longer one: "andheri mumbai" is not Andheri East.
    named = [option for option in fits if _name(option) <= words]
    whole = [option for option in named if _name(option) | _about(option) == words]
    left = whole or named or fits
    return left if len(left) < len(options) else ()


def _name(option: Mapping[str, Any]) -> set[str]:
    return set(fold(str(option["name"])).split())


def _about(option: Mapping[str, Any]) -> set[str]:
    return {word for key in ("city", "state") for word in fold(str(option.get(key) or "")).split()}
