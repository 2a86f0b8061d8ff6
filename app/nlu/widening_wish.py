"""Read that people a little beyond a job's limits are fine too: "farther is fine", "door wale bhi chalenge". Pure."""

from dataclasses import dataclass
from typing import Final

from app.nlu.negation import has_negation
from app.nlu.normalize import normalize, split_words
from app.nlu.vocabulary import phrase_set

_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class WideningWish:
    """What a text says of people beyond a job's limits."""

    far: bool
    """Whether it names who lives beyond the radius."""
    less: bool
    """Whether it names who has less experience."""
    is_fine: bool
    """Whether they may be asked; else the text refuses them: "door wale nahi"."""


def find_widening_wish(text: str) -> WideningWish | None:
    """Return the wish in a text that says nothing else; None for any other text."""
    if len(text) > _CHARACTERS or "?" in text:
        return None
    words = split_words(text)
    far, less = (phrase_set(name).anywhere(words) for name in ("widen_far", "widen_less"))
    left = phrase_set("widen_far", "widen_less").without(words)
    # "no problem" refuses nobody.
    refuses = has_negation(normalize(" ".join(phrase_set("widen_fine").without(left))))
    if not (far or less) or not (refuses or phrase_set("widen_fine").anywhere(left)):
        return None
    around = phrase_set("widen_fine", "widen_around", "part_people", "filler", "polite", "negation")
    if around.without(left):
        return None
    return WideningWish(far, less, is_fine=not refuses)
