"""Reads which part of a profile somebody wants to change, without saying to what: "time badal do", "change my area". Pure."""

from collections.abc import Mapping
from typing import Final

from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

READ_CHARACTERS: Final = 120
_PARTS: Final[Mapping[str, str]] = {
    "slots": "part_slots",
    "skills": "part_skills",
    "place": "part_home",
    "distance_km": "part_distance",
    "years": "part_years",
    "name": "part_name",
}
"""The list of words for each fact; of two that a text names the first counts: "change kaam ka time"."""


def part_to_change(text: str) -> str | None:
    """Return the fact that is to be changed, where the text says nothing else of it; None for any other text."""
    words = split_words(text)
    if len(text) > READ_CHARACTERS or not phrase_set("change_wish").anywhere(words):
        return None
    for fact, names in _PARTS.items():
        if phrase_set(names).anywhere(words):
            rest = phrase_set("change_wish", names, "around_change").without(words)
            return None if rest else fact
    return None
