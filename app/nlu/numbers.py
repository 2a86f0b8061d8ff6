"""The one reader of numbers: digits as India groups them, and words of every language. Pure.

Pay, hours, people, ages and distances ask here what a word counts: "pachees", "twenty-five", "dhai", "sava do sau",
"dedh lakh", "1,25,000". What the number measures is theirs to say.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from app.nlu.normalize import normalize
from app.nlu.vocabulary import EDGE, START, named_phrases, phrases, vocabulary, word_set

MOST_COUNTED: Final = 100
"""Words for more people than these are sums."""
_DIGITS: Final = re.compile(r"\d{1,3}(?:,\d{2,3})+|\d+")
_SMALL: Final = re.compile(r"\d{1,2}(?:\.\d{1,2})?")
"""A number before a hundred or a thousand has no more digits."""
_SIGNS: Final = ("+", "-")


@cache
def number_words() -> Mapping[str, float]:
    """Return every word, or phrase, that is a number by itself, normalized."""
    return {
        normalize(phrase): float(value)
        for value, phrase in named_phrases("numbers")
        if not value.startswith(_SIGNS)
    }


@cache
def added_words() -> Mapping[str, float]:
    """Return the words that change the number beside them by so much: "साढ़े" adds a half, "पौने" takes a quarter."""
    return {
        normalize(phrase): float(value)
        for value, phrase in named_phrases("numbers")
        if value.startswith(_SIGNS)
    }


@cache
def count_words() -> Mapping[str, int]:
    """Return the words that count people in any sentence, as no everyday word is spelt so: "teen", but not "a"."""
    doubtful = word_set("phrases", "doubtful_numbers")
    return {
        word: int(value)
        for word, value in number_words().items()
        if value.is_integer() and 1 <= value <= MOST_COUNTED and word not in doubtful
    }


@cache
def count_pattern() -> str:
    """Return a pattern of any number in words that counts people: "teen", "twenty-five", "half a dozen"."""
    names = sorted(count_words(), key=lambda word: (-len(word), word))
    tens, ones = _english_tens(), _english_ones()
    joined = rf"(?:{'|'.join(tens)})[ -](?:{'|'.join(ones)})"
    return f"(?:{joined}|{'|'.join(map(re.escape, names))})"


@cache
def _english_tens() -> Mapping[str, int]:
    return {
        word: int(value)
        for value, words in vocabulary("en")["numbers"].items()
        for word in words
        if value.isdecimal() and int(value) in range(20, 100, 10)
    }


@cache
def _english_ones() -> Mapping[str, int]:
    return {
        word: int(value)
        for value, words in vocabulary("en")["numbers"].items()
        for word in words
        if value.isdecimal() and 1 <= int(value) < 10 and len(word) > 2 and " " not in word
    }


def parse_whole(text: str) -> int | None:
    """Return the whole number that a text is: "3", "1,200", "pachees", "twenty-five"; None for anything else."""
    word = normalize(text)
    if _DIGITS.fullmatch(word):
        return int(word.replace(",", ""))
    tens, _, ones = word.replace("-", " ").partition(" ")
    if tens in _english_tens() and ones in _english_ones():
        return _english_tens()[tens] + _english_ones()[ones]
    return count_words().get(word)


def parse_digits(text: str) -> float | None:
    """Return the number that digits are, with commas between groups: "1,25,000"; None for anything else."""
    bare = text.replace(",", "")
    return float(bare) if bare.isdecimal() else None


# ── Sums in words ────────────────────────────────────────────────────────────────────────────────


def with_digits(text: str) -> str:
    """Return a normalized text with sums in words as digits: "aath sau", "dhai hazar", "sava lakh", "two hundred fifty".

    Only numbers with a hundred, a thousand or a lakh are sums; "do" and "a" alone may be other words.
    """
    words = text.split(" ")
    if not any(word in _scales() for word in words):
        return text
    left: list[str] = []
    at = 0
    while at < len(words):
        total, end = _sum_at(words, at)
        left.append(str(total) if total is not None else words[at])
        at = end if total is not None else at + 1
    return " ".join(left)


@cache
def _scales() -> Mapping[str, int]:
    hundreds = {
        word: 100 for word, number in number_words().items() if number == 100 and " " not in word
    }
    spoken = dict.fromkeys(word_set("pay", "hundred"), 100)
    thousands = dict.fromkeys(word_set("pay", "thousand"), 1_000)
    return hundreds | spoken | thousands | dict.fromkeys(word_set("pay", "lakh"), 100_000)


def _number(word: str) -> float | None:
    """Return the number that a word is: "das", "10", "1.5"; a sum with a scale needs no more than two digits."""
    return float(word) if _SMALL.fullmatch(word) else number_words().get(word)


def _is_english(word: str, number: float) -> bool:
    """Return whether "so" behind this is the word of English: behind digits, "do" and numbers of English."""
    return word[0].isdecimal() or word == "do" or (word in _english() and number < MOST_COUNTED)


@cache
def _english() -> frozenset[str]:
    return frozenset(word for words in vocabulary("en")["numbers"].values() for word in words)


def _sum_at(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """Return the sum whose words begin here and where they end; None where none does."""
    total, end = 0.0, at
    while end < len(words):
        added = added_words().get(words[end])
        first = end + (added is not None)
        following = words[first] if first < len(words) else ""
        if added is not None and following in _scales():
            # "sava sau": one and a quarter of a hundred.
            total += (1 + added) * _scales()[following]
            end = first + 1
            continue
        value = _number(following)
        scale = _scales().get(words[first + 1]) if first + 1 < len(words) else None
        if value is None or scale is None or value >= MOST_COUNTED:
            break
        if words[first + 1] in word_set("pay", "hundred") and _is_english(following, value):
            break  # "need 2 so please", "do so": only "teen so" is three hundred
        total += (value + (added or 0)) * scale
        end = first + 2
    if not total:
        return None, at
    tens = number_words().get(words[end], 0.0) if end < len(words) else 0.0
    if 20 <= tens < MOST_COUNTED and tens % 5 == 0:
        return round(total + tens), end + 1
    return round(total), end


def with_spoken_hundreds(text: str) -> str:
    """Return a normalized text about a sum with "six fifty" as 650; anywhere else that is a time, or two numbers."""
    return _spoken_hundreds().sub(
        lambda match: str(_english_ones()[match[1]] * 100 + _english_tens()[match[2]]), text
    )


@cache
def _spoken_hundreds() -> re.Pattern[str]:
    ones, tens = "|".join(_english_ones()), "|".join(_english_tens())
    return re.compile(rf"{START}({ones}) ({tens}){EDGE}")


def named_hours() -> Mapping[str, float]:
    """Return the words that are an hour of the clock, one to twelve; letters alone and "couple" are none."""
    spoken = phrases("phrases", "no_hours")
    return {
        word: value
        for word, value in number_words().items()
        if 1 <= value <= 12 and len(word) > 1 and word not in spoken
    }
