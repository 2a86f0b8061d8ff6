"""Contact details in people's words, made unreadable: numbers, addresses, handles, links.

A contact is what employers pay for, and what workers give away only by accepting; so a phone written
into a name, a title or a description must not be readable, however it is dressed: spaced, dotted, in
Devanagari digits, in English or Hindi number words. Better a harmless number too many is hidden than a
phone too few is; a single time range, date or clearly marked amount stays, because job texts need them.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from app.core.addresses import hidden

MASK: Final = "•••"
"""What stands where something was."""

READABLE_DIGITS: Final = 6
"""Most digits that may stand together: a PIN code, an amount; no phone is shorter than seven."""

_GAP_CHARACTERS: Final = 12
"""Signs, spaces and line ends between two digits that may still belong to one number."""

_ENGLISH: Final = {
    **dict.fromkeys("zero oh nought one two three four five six seven eight nine".split(), 1),
    **dict.fromkeys("twenty thirty forty fourty fifty sixty seventy eighty ninety".split(), 1),
    **dict.fromkeys(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(), 2
    ),
    "double": 1,
    "triple": 2,
}
_HINDI: Final = dict.fromkeys(
    (
        "shunya shoonya sunya sifar ek do teen tin char chaar paanch panch paach che chhe chhah cheh "
        "chah saat aath aat ath nau nao "
        "शून्य शुन्य सिफर एक दो तीन चार पांच पाँच पाच छह छः छे छ सात आठ नौ नो "
        "जीरो ज़ीरो वन टू थ्री फोर फ़ोर फाइव फ़ाइव सिक्स सेवन एट नाइन डबल"
    ).split(),
    1,
)
_NUMBER_WORDS: Final = {
    unicodedata.normalize("NFC", word): digits for word, digits in {**_ENGLISH, **_HINDI}.items()
}
"""How many digits of a phone each word says: "ninety eight" are two."""

_FILLERS: Final = frozenset(
    "and then plus no dash hyphen space dot point aur phir fir और फिर डॉट नंबर".split()
)
"""Words that people put between the digits of a number."""

_LONGEST_NUMBER_WORD: Final = max(map(len, _NUMBER_WORDS))
_LETTERS_OF_NUMBERS: Final = frozenset("".join(_NUMBER_WORDS))

_TIME: Final = r"(?:[01]?\d|2[0-3])[:.][0-5]\d"
_TIME_RANGE: Final = re.compile(rf"{_TIME}\s*[-–—]\s*{_TIME}")
_DATE: Final = re.compile(r"(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)")
_DATE_LOCAL: Final = re.compile(r"(?P<d>\d\d?)[/.](?P<m>\d\d?)[/.](?P<y>20\d\d)")
_AMOUNTS: Final = re.compile(r"(\d[\d,]*)\s*[-–—]\s*(\d[\d,]*)")
_HARMLESS_CHARACTERS: Final = 32
"""The longest time range, date or range of amounts that is looked at."""
_SHORT_CHARACTERS: Final = 120
"""As long as a name, a title or a city may be."""
_TELLING_DIGITS: Final = 4
"""In a longer text, fewer digits than this are too common to be taken for part of a phone."""
_TELLING_WORDS: Final = 3
"""Fewer number words than this in a row are a name, "Studio Two"."""
_PART: Final = re.compile(r"[^\s,;]+")
_PART_ENDS: Final = ".!?)"
"""Signs at the end of a part that belong to its sentence."""
_HARMLESS_PART: Final = re.compile(rf"{_TIME}|(?:1?\d|2[0-4])[-–—](?:1?\d|2[0-4])|20[2-4]\d")
"""A time, hours from and to, a year."""
_UNIT_AFTER: Final = re.compile(
    r"\s*(?:%|\+|(?:k|kms?|kg|hrs?|hours?|h|mins?|minutes?|am|pm|baje|ghante|years?|yrs?|saal|days?|din|"
    r"weeks?|months?|nights?|shifts?|people|persons?|positions?|workers?|log|staff|covers|guests|tables|"
    r"seats|floors?|th|st|nd|rd|घंटे|बजे|दिन|साल|लोग|महीने|किमी)(?![\w]))",
    re.IGNORECASE,
)
_PAY_WORD: Final = r"(?:salary|pay|pays|paid|wages?|stipend|vetan|earn|वेतन|तनख्वाह)"
_PAY_BEFORE: Final = re.compile(
    rf"(?:₹|rs\.?|inr|\$|€|£|{_PAY_WORD}(?:\s+(?:of|is|up ?to|from))?)[\s:=-]*\Z", re.IGNORECASE
)
_PAY_AFTER: Final = re.compile(
    rf"\s*(?:/-|₹|(?:rs|inr|rupees?|rupaye|रुपये|रुपए|per|a day|a month|a week|an hour|monthly|daily|"
    rf"{_PAY_WORD})(?!\w)|/\s*(?:day|month|hour|hr|week))",
    re.IGNORECASE,
)
_CURRENCY_BEFORE: Final = re.compile(r"(?:₹|rs\.?|inr|\$|€|£)\s*$", re.IGNORECASE)


@lru_cache(maxsize=2_048)
def mask(text: str) -> str:
    """Return `text` with every contact detail replaced by `MASK`; masking twice changes nothing."""
    text = _visible(text)
    while True:
        masked = _mask_numbers(hidden(text, MASK))
        if masked == text:
            return masked
        text = masked


@lru_cache(maxsize=4_096)
def mask_together(*texts: str | None) -> tuple[str | None, ...]:
    """Mask texts that one reader sees side by side: a number split over them is hidden in each.

    Digits that mean something else (times, dates, marked amounts, numbers with a unit) don't count, nor
    do short numbers in a text of several sentences. What is left may have `READABLE_DIGITS` in all.
    """
    masked = [mask(text) if text else text for text in texts]
    loose = [_loose_runs(text) if text else [] for text in masked]
    if sum(digits for runs in loose for _, _, digits in runs) <= READABLE_DIGITS:
        return tuple(masked)
    return tuple(
        _hide(text, runs) if text else text for text, runs in zip(masked, loose, strict=True)
    )


def mask_name(name: str) -> str:
    """Mask the name of a person or a city: no digit belongs to it, so none is shown."""
    digits = "".join("0" if unicodedata.digit(c, None) is not None else c for c in mask(name))
    return re.sub("0+", MASK, digits) if "0" in digits else digits


def _visible(text: str) -> str:
    """Return `text` without invisible characters, but for joiners that a script is spelled with."""
    if text.isascii():
        return text
    return "".join(
        character
        for place, character in enumerate(text)
        if unicodedata.category(character) != "Cf"
        or (
            character in "\u200c\u200d"
            and not any(side.isascii() for side in text[max(0, place - 1) : place + 2])
        )
    )


def _loose_runs(text: str) -> list[tuple[int, int, int]]:
    """Return the numbers that could be parts of one that is split: start, end, how many digits."""
    least = 1 if len(text) <= _SHORT_CHARACTERS else _TELLING_DIGITS
    found: list[tuple[int, int, int]] = []
    for start, end, digits in _runs(text):
        if digits < _TELLING_WORDS and not any(map(str.isdigit, text[start:end])):
            continue
        parts = [
            (part.start(), part_end, said)
            for part in _PART.finditer(text, start, end)
            if (part_end := part.start() + len(part[0].rstrip(_PART_ENDS))) > part.start()
            and (said := sum(worth or 0 for *_, worth in _tokens(text[part.start() : part_end])))
            and not _means_something(text, part.start(), part_end)
        ]
        if sum(said for *_, said in parts) >= least:
            found += parts
    return found


def _means_something(text: str, start: int, end: int) -> bool:
    part = text[start:end]
    if _is_harmless(text, start, end) or _HARMLESS_PART.fullmatch(part):
        return True
    if len(part) <= READABLE_DIGITS and _UNIT_AFTER.match(text, end):
        return True
    amount = part.replace(",", "")
    if not amount.isdecimal() or len(amount) > READABLE_DIGITS:
        return False
    is_round = len(amount) < _TELLING_DIGITS or int(amount) % 50 == 0
    marked = _PAY_BEFORE.search(text[max(0, start - 24) : start]) or _PAY_AFTER.match(text, end)
    return is_round and marked is not None


def _hide(text: str, runs: list[tuple[int, int, int]]) -> str:
    for start, end, _ in reversed(runs):
        text = text[:start] + MASK + text[end:]
    return text


def _mask_numbers(text: str) -> str:
    parts: list[str] = []
    copied = 0
    for start, end, digits in _runs(text):
        if digits > READABLE_DIGITS and not _is_harmless(text, start, end):
            parts += (text[copied:start].rstrip("+("), MASK)
            copied = end
    return "".join([*parts, text[copied:]])


def _runs(text: str) -> list[tuple[int, int, int]]:
    """Return where digits stand that could be one number: start, end, how many digits."""
    runs: list[tuple[int, int, int]] = []
    start = end = digits = 0
    between = last = 0  # signs since the last digit; where the last token ended
    for token_start, token_end, worth in _tokens(text):
        between += token_start - last
        last = token_end
        if digits and (worth is None or between > _GAP_CHARACTERS):
            runs.append((start, end, digits))
            digits = 0
        if not worth:  # a word that ends a number, or one that may stand inside it
            continue
        if not digits:
            start = token_start
        digits += worth
        end, between = token_end, 0
    if digits:
        runs.append((start, end, digits))
    return runs


def _tokens(text: str) -> Iterator[tuple[int, int, int | None]]:
    """Yield digits and words with their places and their worth in digits.

    A worth of 0 may stand between the digits of a number; None ends it.
    """
    position = 0
    while position < len(text):
        if unicodedata.digit(text[position], None) is not None:
            yield position, position + 1, 1
            position += 1
        elif text[position].isalpha():
            end = position + 1
            while end < len(text) and _goes_on(text[end]):
                end += 1
            yield position, end, _worth(text[position:end])
            position = end
        else:
            position += 1


def _goes_on(character: str) -> bool:
    """Whether a word goes on: letters, and the marks that Devanagari writes vowels with."""
    return character.isalpha() or unicodedata.category(character).startswith("M")


def _worth(word: str) -> int | None:
    plain = unicodedata.normalize("NFC", word.casefold())
    if plain in _NUMBER_WORDS:
        return _NUMBER_WORDS[plain]
    if plain == "o":
        return 1
    if len(plain) == 1 or plain in _FILLERS:
        return 0
    return _glued(plain)


def _glued(word: str) -> int | None:
    """Return the digits of number words written as one word, "ninezero"; None if it is no such word.

    Of several ways to cut it the one with the most digits counts. The work grows with the word's
    length times that of the longest number word.
    """
    if not _LETTERS_OF_NUMBERS.issuperset(word):
        return None
    most: list[int | None] = [0]  # by how many characters are read
    for end in range(1, len(word) + 1):
        ways = [
            before + digits
            for start in range(max(0, end - _LONGEST_NUMBER_WORD), end)
            if (before := most[start]) is not None
            and (digits := _NUMBER_WORDS.get(word[start:end])) is not None
        ]
        most.append(max(ways, default=None))
    return most[-1]


def _is_harmless(text: str, start: int, end: int) -> bool:
    """Whether all of it is one time range, one date, or one range of round, marked amounts."""
    if end - start > _HARMLESS_CHARACTERS:
        return False
    run = text[start:end]
    if _TIME_RANGE.fullmatch(run):
        return True
    if date := _DATE.fullmatch(run) or _DATE_LOCAL.fullmatch(run):
        return _exists(int(date["y"]), int(date["m"]), int(date["d"]))
    if amounts := _AMOUNTS.fullmatch(run):
        low, high = (int(amount.replace(",", "")) for amount in amounts.groups())
        marked = _CURRENCY_BEFORE.search(text[max(0, start - 8) : start]) is not None
        return marked and low < high < 10**READABLE_DIGITS and low % 100 == high % 100 == 0
    return False


def _exists(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
