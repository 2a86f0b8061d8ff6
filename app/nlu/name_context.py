"""What the words around a name say of it: that it is somebody else's, refused, or that of a place. Pure.

"main Ravi ka dost hoon", "my son's name is Aryan" and "mera naam Ravi nahi hai" hold a name, and none of who writes.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

from app.catalogue import places
from app.nlu.common_words import is_called_so
from app.nlu.message_words import Word
from app.nlu.vocabulary import phrase_set, word_set

_POSSESSIVE: Final = ("'s", "s'")
_OF_IN_SHORT: Final = ("k", "s")
"""How many write "ke" and "'s": "ravi k bhai", "sunil s wife". Alone they are initials too."""


def is_possessive(word: str) -> bool:
    """Return whether a word says whose something is: "ravi's", "सुनील's"."""
    return word.endswith(_POSSESSIVE) and len(word) > len(_POSSESSIVE[0]) + 1


def is_of_another(words: Sequence[Word], begin: int, end: int) -> bool:
    """Return whether the name that is introduced at `begin` and ends before `end` is not the writer's own.

    "main Ravi ka dost", "papa ka naam Ramesh", "father name Ramesh", "my son's name is Aryan".
    """
    plain = [word.plain for word in words]
    if end < len(words) and not words[end - 1].ends and _says_whose(plain, end):
        return True
    if not begin or words[begin - 1].ends or plain[begin] not in word_set("phrases", "name_words"):
        return False
    before = plain[begin - 1]
    if is_possessive(before) or before in word_set("phrases", "of_whom", "whose"):
        return True
    # "Brother, name Ravi" is polite; "father name Ramesh" is not, nor is "Ravi last name Kumar".
    return before in _relatives() or (before not in _polite() and is_called_so(before))


def _says_whose(plain: Sequence[str], at: int) -> bool:
    """Return whether the word at `at` makes the name before it somebody's: "ka", "k bhai"."""
    if plain[at] in word_set("phrases", "of_whom"):
        return True
    behind = plain[at + 1 : at + 2]
    return plain[at] in _OF_IN_SHORT and bool(behind) and _is_kin(behind[0])


def _is_kin(word: str) -> bool:
    return word in word_set("phrases", "relatives", "kin_behind", "polite")


def is_refused(words: Sequence[Word], begin: int, end: int) -> bool:
    """Return whether a "not" belongs to the name: "main Ravi nahi hoon", "don't call me Raju".

    "nahi, mera naam Ravi hai" corrects something else.
    """
    negation = phrase_set("negation")
    plain = [word.plain for word in words]
    if end < len(words) and not words[end - 1].ends and negation.at(plain, end):
        return True
    return any(word in word_set("phrases", "do_not") for word in plain[max(0, begin - 2) : begin])


def is_relation(plain: Sequence[str]) -> bool:
    """Return whether bare words tell of somebody by a relative: "ravi k bhai", "Sunil's wife", "papa", "pitaji Ramesh"."""
    if any(map(is_possessive, plain)):
        return True
    if plain and plain[0] in _relatives() and not is_called_so(plain[0]):
        return True
    return any(_says_whose(plain, at) for at in range(1, len(plain) - 1))


@cache
def _relatives() -> frozenset[str]:
    """Return the words for relatives with which nobody is only addressed politely: "papa", but not "bhai"."""
    return word_set("phrases", "relatives") - _polite()


@cache
def _polite() -> frozenset[str]:
    return word_set("phrases", "polite")


def is_second_name(word: str) -> bool:
    """Return whether a word is a name behind another one only: "Das", which is ten, "More", "Din"."""
    return word in word_set("phrases", "second_names")


def is_title(word: str) -> bool:
    """Return whether a word stands before a name: "Mr", "Smt", "श्री"."""
    return word in word_set("phrases", "name_titles")


def may_be_other(plain: Sequence[str]) -> bool:
    """Return whether words that are names may be a place, a shop or a greeting: "Ashok Nagar", "Raju dhaba", "Hari Om"."""
    if len(plain) < 2:
        return False
    if plain[-1] in word_set("phrases", "place_tails") or phrase_set("may_greet").covers(plain):
        return True
    return any(place.sure for place in places.find_spelled(" ".join(plain)))
