"""Read numbers as people write them: "5 km tak", "do saal", "ten", "2-3 years", "dedh saal". Pure.

What would have to be guessed is not read: a unit of something else ("30 minutes" for a distance), two
numbers that make no range, number words in the middle of a sentence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from app.catalogue.places import by_city
from app.nlu.intents import Intent, intents, yes_or_no
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_clauses, split_words
from app.nlu.numbers import added_words, number_words
from app.nlu.vocabulary import named_phrases, phrase_set, phrases, word_set

_KM_OF: Final = {"": 1.0, "km": 1.0, "metre": 0.001, "mile": 1.609}
_YEARS_OF: Final = {"year": 1.0, "month": 1 / 12, "week": 1 / 52, "day": 1 / 365}
_YOUNGEST_WRITER: Final = 5
"""A smaller number is no age: "I am a …"."""
_YOUNGEST_WORKER: Final = 12
"""A smaller number is no age that somebody tells who looks for work: "I am 2 years in this"."""
_MOST_DIGITS: Final = 5
"""Longer numbers are PIN codes and phones, and measure nothing."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number or a range of them, with its unit; "" where none was named."""

    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class _Number:
    value: float
    added: bool = False
    """Whether it adds to its neighbour: "and a half"."""
    digits: bool = False
    """Whether it was written in digits: "400 28" is no four hundred and twenty-eight."""


_FRACTION: Final = re.compile(r"\b1/[2-9]\b")
"""A part of one."""

type _Token = _Number | str
"""A number, a unit, or what stands between: `-` for a range, "" for nothing of interest."""
_RANGE: Final = "-"


def kilometres(text: str) -> float | None:
    """Return the distance a text names in km, of a range the far end; None where it names none."""
    found = _amounts(text)
    if found is None or len(found) != 1:
        found = _only_clause(text, _KM_OF)
    if found is None or len(found) != 1 or found[0].unit not in _KM_OF:
        return None
    if _FRACTION.search(text) or (found[0].low < found[0].high and _denies_a_number(text)):
        return None  # "1/2 km" is no two, and "5, 10 nahi" no ten.
    return found[0].high * _KM_OF[found[0].unit]


def reach_in_words(text: str) -> str | None:
    """Return `near` or `far` for who says how far they go without a number: "only nearby", "anywhere in Mumbai".

    None where anything else is said.
    """
    words = split_words(text)
    said = [
        name for name in ("near", "far") if phrase_set(name, section="distance").anywhere(words)
    ]
    rest = phrase_set("near", "far", "around", section="distance").without(words)
    if not said or (rest and by_city(" ".join(rest)) is None):
        return None
    return said[-1]


def _denies_a_number(text: str) -> bool:
    near = phrase_set("near", section="distance").without(split_words(text))
    return phrase_set("negation").anywhere(phrase_set("no_trouble").without(near))


def years(text: str) -> float | None:
    """Return the time a text names in years, of a range the near end; None where it names none."""
    found = _amounts(text) or _only_clause(text, _YEARS_OF) or _worked(text)
    if not found or len(found) > len(_YEARS_OF) or _FRACTION.search(text):
        return None
    if len(found) == 1 and not found[0].unit:
        return found[0].low
    units = [amount.unit for amount in found]
    if len(set(units)) < len(units) or not set(units) <= set(_YEARS_OF):
        return None
    return sum(amount.low * _YEARS_OF[amount.unit] for amount in found)


def _worked(text: str) -> list[Amount] | None:
    """Return the one time in a sentence that says so long somebody works: "पाँच साल से कर रही हूँ"."""
    words = split_words(text)
    if not phrase_set("experience_near").anywhere(words) or phrase_set("negation").anywhere(words):
        return None
    found = [one.amount for one in find_measures(words) if one.amount.unit in {"year", "month"}]
    return found if len(found) == 1 else None


def _only_clause(text: str, units: Mapping[str, float]) -> list[Amount] | None:
    """Return the amounts of the one clause that says one in these units: "many years now, ten twelve years".

    "zyada door nahi, 2 3 km" says how far, and denies nothing of it.
    """
    found = [
        amounts
        for clause in split_clauses(text)
        if (amounts := _amounts(clause))
        and any(amount.unit and amount.unit in units for amount in amounts)
    ]
    digits = sum(any(letter.isdecimal() for letter in clause) for clause in split_clauses(text))
    return found[0] if len(found) == 1 and digits <= 1 and not _denies_a_number(text) else None


def age(words: Sequence[str]) -> tuple[int | None, list[str]] | None:
    """Return the age among the words and the words without it; None where there are several."""
    tokens = _tokens(words)
    found = _measured([token for token, _ in tokens])
    if found is None or len(found) > 1:
        return None
    rest = [
        word
        for token, part in tokens
        if not isinstance(token, _Number) and token != "year"
        for word in part
    ]
    if not found:
        return None, rest
    low, high, unit = found[0].low, found[0].high, found[0].unit
    if high < _YOUNGEST_WRITER:
        return None, list(words)
    return (int(low), rest) if low == high and unit in {"", "year"} else None


def is_only_a_duration(words: Sequence[str]) -> bool:
    """Return whether it is a number, of years or of nothing, and nobody is said to be so old: "10 saal ka"."""
    return all(
        isinstance(token, _Number) or set(part[token == "year" :]) <= word_set("years", "around")
        for token, part in _tokens(words)
    )


def in_kilometres(amount: Amount) -> float | None:
    """Return how far an amount is, of a range the far end; None for what is no distance."""
    return amount.high * _KM_OF[amount.unit] if amount.unit and amount.unit in _KM_OF else None


def in_years(amount: Amount) -> float | None:
    """Return how long an amount is in years, of a range the near end; None for what is no such time."""
    return amount.low * _YEARS_OF[amount.unit] if amount.unit in _YEARS_OF else None


class Measure(NamedTuple):
    """A number with its unit among the words of a message."""

    amount: Amount
    start: int
    """Where it begins among the words, and where it ends."""
    end: int


def find_measures(words: Sequence[str]) -> list[Measure]:
    """Return every number, or range of two, that a unit follows: "5 se 10 km", "3 saal", "dedh saal"."""
    found: list[Measure] = []
    begins, position = -1, 0
    pieces: list[_Token] = []
    for token, part in _tokens(words):
        if isinstance(token, _Number):
            begins = begins if pieces else position
            pieces.append(token)
        elif pieces and token == _RANGE and pieces[-1] != _RANGE:
            pieces.append(token)
        else:
            if pieces and token and token != _RANGE:
                amounts = _measured([*pieces, token])
                if amounts and len(amounts) == 1:
                    found.append(Measure(amounts[0], begins, position + len(part)))
            pieces = []
        position += len(part)
    return found


def _amounts(text: str) -> list[Amount] | None:
    """Return everything measured in a text, or None where it can't be read."""
    words = split_words(text)
    tokens = _tokens(words)
    if any(word[0].isdecimal() for word in words):
        # Where there are digits, other words are no numbers: the English "do" is no two.
        units = [token for token, _ in tokens[1:]] + [""]
        measured = [
            ""
            if isinstance(token, _Number)
            and not (token.added or part[0][0].isdecimal() or following in _YEARS_OF)
            else token
            for (token, part), following in zip(tokens, units, strict=True)
        ]
        if _of_something_else(tokens):
            return None
        found = _measured(measured)
        bare = found is not None and not any(amount.unit for amount in found)
        return None if bare and _tells_when(words) else found
    if any(token == "" and not _filler(part) for token, part in tokens):
        return None
    return _measured([token for token, _ in tokens])


def _of_something_else(tokens: Sequence[tuple[_Token, Sequence[str]]]) -> bool:
    """Return whether a number in digits measures what is no unit here: "6 baje", "5 people"."""
    return any(
        number[0][0].isdecimal() and meaning == "" and not _filler(part) and not yes_or_no(part)
        for (_, number), (meaning, part) in pairwise(tokens)
    )


def _tells_when(words: Sequence[str]) -> bool:
    return _times().anywhere(words)


@cache
def _times() -> Lexicon[bool]:
    known = phrases("calendar", "after", "every_day", "morning", "afternoon", "evening", "night")
    return Lexicon((phrase, True) for phrase in known if not _filler(split_words(phrase)))


def _filler(words: Sequence[str]) -> bool:
    return not phrase_set("filler", "over").without(words)


@cache
def _lexicon() -> Lexicon[_Token]:
    known: list[tuple[str, _Token]] = [
        (phrase, _Number(value)) for phrase, value in number_words().items()
    ]
    known += [(phrase, _Number(value, added=True)) for phrase, value in added_words().items()]
    known += [(phrase, unit) for unit, phrase in named_phrases("units")]
    known += [(phrase, _RANGE) for phrase in phrases("calendar", "to")]
    # Fillers are phrases here too, so that "a" in "i am a" is not taken for a one.
    known += [(phrase, "") for phrase in phrases("phrases", "filler", "over")]
    return Lexicon(known)


def _tokens(words: Sequence[str]) -> list[tuple[_Token, Sequence[str]]]:
    tokens: list[tuple[_Token, Sequence[str]]] = []
    for meaning, _, part in _lexicon().scan(words):
        if part[0][0].isdecimal():
            number = _Number(float(part[0]), digits=True)
            tokens.append((number if _short(part[0]) else "", part))
        else:
            tokens.append((meaning or "", part))
    return tokens


def _short(digits: str) -> bool:
    return len(digits.partition(".")[0]) <= _MOST_DIGITS


def _measured(tokens: Sequence[_Token]) -> list[Amount] | None:
    """Join numbers to values, values to ranges, and each with the unit that follows it."""
    found: list[Amount] = []
    pending = 0.0
    """What the next number is raised by: साढ़े."""
    open_range = False
    last: _Token = ""
    for token in tokens:
        if isinstance(token, _Number) and token.added:
            if found:
                found[-1] = _raised(found[-1], token.value)
            else:
                pending = token.value
        elif isinstance(token, _Number):
            value = token.value + pending
            pending = 0.0
            whole = isinstance(last, _Number) and last.digits and token.digits
            joined = _joined(found, value, last, open_range=open_range, whole=whole)
            if joined is None:
                return None
            found, open_range = joined, False
        elif token == _RANGE:
            open_range = bool(found) and not found[-1].unit
        elif token and pending and not found:
            # "sava saal", "paune ghanta": of one.
            found, pending = [Amount(1 + pending, 1 + pending, token)], 0.0
        elif token and found and not found[-1].unit:
            found[-1] = Amount(found[-1].low, found[-1].high, token)
        last = token
    return found


def _raised(amount: Amount, by: float) -> Amount:
    return Amount(amount.low + by, amount.high + by, amount.unit)


def _joined(
    found: list[Amount], value: float, last: _Token, *, open_range: bool, whole: bool
) -> list[Amount] | None:
    """Return the amounts with one more number: the end of a range, a part of the last, or another.

    `whole`: both are written in digits, and neither is a part of the other.
    """
    if not found or found[-1].unit:
        return [*found, Amount(value, value)]
    before = found[-1]
    if open_range:
        return [*found[:-1], Amount(before.low, value)] if value > before.high else None
    if not isinstance(last, _Number):
        return None
    if whole:
        return [*found[:-1], Amount(before.low, value)] if value > before.high else None
    if value == 100 and before.high < 10:
        return [*found[:-1], Amount(before.low * 100, before.high * 100)]
    tens = before.high % 100
    if (before.high >= 20 and tens % 10 == 0 and tens != 10 and tens and value < 10) or (
        before.high >= 100 and tens == 0 and value < 100
    ):
        return [*found[:-1], _raised(before, value)]
    # "do teen saal", "das pandrah km": two numbers in a row are a range.
    return [*found[:-1], Amount(before.low, value)] if value > before.high else None


def says_no_experience(text: str) -> bool:
    """Return whether somebody says that they have no experience: "I'm new", "naya hoon", "no"."""
    bare = " ".join(phrase_set("filler").without(split_words(text)))
    return bool({Intent.NEW, Intent.NO} & (intents(text) | intents(bare)))


def says_age(text: str) -> bool:
    """Return whether a number says how old somebody is: "my age is 30", "I am 24", "25 saal ka hu"."""
    words = split_words(text)
    found = age(words)
    if found is None or found[0] is None or found[0] < _YOUNGEST_WORKER:
        return False
    rest = phrase_set("filler").without(found[1])
    # "im 21, yes" answers the question for consent once more.
    bare = not rest or yes_or_no(rest) is not None
    return phrase_set("age").anywhere(words) or (bare and phrase_set("i_am").anywhere(words))
