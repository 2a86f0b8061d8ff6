"""Detect calls for help: somebody is in danger, or was cheated of money. Pure.

In doubt the message counts as a call, because a missed one costs more than a needless look. A mere
question ("is this a fraud?", "what if he does not pay?") is no call.
"""

from enum import Enum, auto
from functools import cache
from typing import Final

from app.nlu.intents import Intent
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set, phrases

CHARACTERS: Final = 500
"""The rest of a longer message is ignored."""
_LEAST_SUM: Final = 100
"""A smaller number counts people or hours, not money."""


class Distress(Enum):
    """The reason for a call for help."""

    DANGER = auto()
    """Violence, threats, harassment: the number of the police is said."""
    WRONGED = auto()
    """Money or papers taken or held back."""


class _Part(Enum):
    DANGER = auto()
    DANGER_WORD = auto()
    NO_DANGER = auto()
    BY = auto()
    ME = auto()
    MONEY = auto()
    NUMBER = auto()
    SUM = auto()
    NOT_PAID = auto()
    NOT_GIVEN = auto()
    TAKEN = auto()
    CHEATED = auto()
    TO_ME = auto()
    NOT_BY_THEM = auto()
    SUPPOSING = auto()
    FILLER = auto()


def find_distress(text: str, *, own_words: bool = False) -> Distress | None:
    """Return the reason for which a text calls for help, or None.

    `own_words`: a name, a skill or a place is asked for, and "police lines" is one.
    """
    words = split_words(text[:CHARACTERS])
    parts = _parts(words)
    somebody = bool(parts & {_Part.BY, _Part.ME, _Part.TO_ME})
    if _Part.DANGER in parts:
        return Distress.DANGER
    if _Part.DANGER_WORD in parts:
        alone = parts <= {_Part.DANGER_WORD, _Part.FILLER, _Part.NUMBER, _Part.SUM}
        if len(words) == 1 or (not own_words and (alone or somebody)):
            return Distress.DANGER
    if _Part.CHEATED in parts and "?" not in text and _Part.SUPPOSING not in parts:
        # "Is it a fraud?" asks; "fraud hua mere saath" and "the company is a fraud" tell.
        asks = phrase_set("asking").anywhere(words)
        if _Part.TO_ME in parts or (_Part.BY in parts and not asks):
            return Distress.WRONGED
    begins_to_ask = "?" in text or phrase_set("asking").anywhere(words[:2])
    if begins_to_ask and parts.isdisjoint({_Part.BY, _Part.TO_ME, _Part.NOT_GIVEN, _Part.MONEY}):
        return None  # "is it unpaid?"
    return Distress.WRONGED if _wronged(parts) else None


def _wronged(parts: set[_Part | None]) -> bool:
    """Return whether money was not paid, or taken: by somebody, or from whoever writes."""
    if _Part.SUPPOSING in parts:
        return False
    if _Part.NOT_PAID in parts:
        return True
    by_them = _Part.BY in parts
    if _Part.NOT_BY_THEM in parts and not by_them:
        return False
    if _Part.NOT_GIVEN in parts:
        return _Part.MONEY in parts
    of_somebody = by_them or bool(parts & {_Part.ME, _Part.TO_ME})
    return _Part.TAKEN in parts and bool(parts & {_Part.MONEY, _Part.SUM}) and of_somebody


def _parts(words: list[str]) -> set[_Part | None]:
    """Return the kinds of the phrases in the words; None stands for an unknown word."""
    found: set[_Part | None] = set()
    for part, _, (word, *_) in _lexicon().scan(words):
        if part is None and word[0].isdecimal():
            # "They took 3 people" is no sum of money.
            sum_of_money = word.isdecimal() and int(word) >= _LEAST_SUM
            found.add(_Part.SUM if sum_of_money else _Part.NUMBER)
        else:
            found.add(part)
    return found


@cache
def _lexicon() -> Lexicon[_Part]:
    """Return all known phrases, the sums and fillers too; of two lists the first counts."""
    lists = [
        (_Part.NO_DANGER, ["no_danger"]),
        (_Part.DANGER, ["danger"]),
        (_Part.DANGER_WORD, ["danger_word"]),
        (_Part.SUPPOSING, ["supposing"]),
        (_Part.NOT_BY_THEM, ["not_by_them"]),
        (_Part.NOT_PAID, ["not_paid"]),
        (_Part.NOT_GIVEN, ["not_given"]),
        (_Part.CHEATED, ["cheated"]),
        (_Part.TAKEN, ["taken"]),
        (_Part.MONEY, ["rupees", "about_pay"]),
        (_Part.TO_ME, ["to_me"]),
        (_Part.ME, ["wronged_me"]),
        (_Part.BY, ["wronged_by"]),
        (_Part.FILLER, ["filler", "polite", "about_offer"]),
    ]
    known = [(phrase, part) for part, names in lists for phrase in phrases("phrases", *names)]
    known += [(word, _Part.FILLER) for word in phrases("intents", Intent.HELP, Intent.HUMAN)]
    return Lexicon(known)
