"""Hide contact details in people's text: numbers, addresses, handles, links. Pure.

Employers pay for a contact, and workers reveal it only by accepting. So nobody may read a phone in a name, a
title or a description, in whatever disguise: spaced, dotted, in digits of any script, in number words of nine
languages. When in doubt a number is hidden; times, dates, years and clearly marked amounts stay, because job
texts need them. The work is linear in the text's length.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from app.masking.addresses import address_spans
from app.masking.contact_words import names_network
from app.masking.digit_runs import Run, fragments, romans, runs
from app.masking.harmless_numbers import (
    PAY_AFTER,
    PAY_BEFORE,
    READABLE_DIGITS,
    TIME,
    is_harmless,
    is_phone_like,
)
from app.masking.number_words import number_word
from app.masking.text_tokens import MIXED, PIECE, plain, tokens

MASK: Final = "•••"
"""Replaces each contact detail."""

LONGEST_TEXT: Final = 20_000
"""Most characters that are read; the rest is cut off. No endpoint accepts as many."""

_PASSES: Final = 6
"""Most passes until nothing changes any more; ordinary texts need two."""
_LONG_GAP: Final = re.compile(r"(\s{3})\s+")
_SHORT_CHARACTERS: Final = 120
"""The longest name, title or city."""
_TELLING_DIGITS: Final = 4
"""Least digits that count as part of a phone in a longer text."""
_PARTS_OF_MOBILE: Final = 3
_LEAST_DIGITS: Final = 10
_MOST_DIGITS: Final = 120
"""Most digits of a text in which ten left over may be a mobile number."""
_TELLING_WORDS: Final = 3
"""Least number words in a row; fewer are a name, "Studio Two"."""
_PART: Final = re.compile(r"[^\s,;]+")
_PART_ENDS: Final = ".!?)"
"""Signs at the end of a part that belong to the sentence."""
_HARMLESS_PART: Final = re.compile(rf"{TIME.pattern}|(?:1?\d|2[0-4])[-–—](?:1?\d|2[0-4])|20[2-4]\d")
"""A time, a range of hours, a year."""
_UNIT_AFTER: Final = re.compile(
    r"\s{0,3}(?:%|\+|(?:k|kms?|kg|kilo|hrs?|hours?|h|mins?|minutes?|am|pm|baje|ghante|years?|yrs?|saal|days?|"
    r"din|weeks?|months?|nights?|shifts?|people|persons?|positions?|workers?|log|staff|covers|guests|"
    r"tables|seats|floors?|items?|boxes|orders?|parcels?|students?|children|rooms?|flats?|packets?|"
    r"th|st|nd|rd|घंटे|बजे|दिन|साल|लोग|महीने|किमी|किलो)(?![\w]))",
    re.IGNORECASE,
)
_PLACE_BEFORE: Final = re.compile(
    r"(?:\b(?:shop|flat|plot|room|floor|sector|gate|platform|bus|route|tower|wing|block|phase|lane|stall|"
    r"exit|nh|sco|form|class|lift|pin|pin code|pincode|house|building|counter|hall|ward|age|ages|size|"
    r"section|line|rule|step|dukan|makan)\s*(?:no\.?|number|numbers|nos\.?|nr\.?|#|code|:)?|दुकान नंबर|सेक्टर|पिन कोड)"
    r"[\s:#-]*\Z",
    re.IGNORECASE,
)
_PIN_CODE: Final = re.compile(r"[1-8]\d{5}")
_CONTACT_WORD: Final = re.compile(
    r"\b(?:call|phone|number|mobile|mob|whats ?app|contact|ring|dial|digits|sms|text|fon|numbr|"
    r"first half|second half)\b|नंबर|नम्बर|फोन|फ़ोन|कॉल|मोबाइल",
    re.IGNORECASE,
)
"""With one of these, six digits are half a phone number rather than a PIN code."""
_BEFORE_CHARACTERS: Final = 24
"""How far before a number a word may explain it."""
_TELLING_LETTERS: Final = 3
"""Least letters after a network's name; fewer are an initial."""
LONGEST_NAME: Final = 200
"""Most characters of a name that are read; the rest is cut off."""
_NAME_OF_TWO: Final = re.compile(r"(?<=[a-z]{3})[._](?=[a-z]{3})")
"""A dot that makes a handle of two words, "asha.kulkarni"."""
_NO_NAME: Final = re.compile(
    r"[@_:#|\\/=~*+<>{}\[\]^%$\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F\u20E3]"
)


@lru_cache(maxsize=2_048)
def mask(text: str) -> str:
    """Return `text` with every contact detail replaced by `MASK`; masking twice changes nothing."""
    text = _visible(text[:LONGEST_TEXT])
    for _ in range(_PASSES):
        masked = _once(text)
        if masked == text:
            return _without_halves(masked)
        text = masked
    return text if _once(text) == text else MASK


def _once(text: str) -> str:
    seen = plain(text)
    words = tokens(seen)
    if spans := address_spans(text, seen, words):
        text = _hide(text, spans)
        seen = plain(text)
        words = tokens(seen)
    found = [
        run
        for run in runs(words)
        if run.digits > READABLE_DIGITS and not is_harmless(seen, run.start, run.end)
    ]
    found += [*fragments(words), *romans(words)]
    if not found:
        return text
    return _hide_numbers(text, sorted(found, key=lambda run: (run.start, -run.end)))


def _without_halves(text: str) -> str:
    """Hide a number given in two parts, "first 98712, then …".

    Beside a word such as "call" any such digits are hidden; elsewhere only the ten of a mobile number.
    """
    calls = _CONTACT_WORD.search(text) is not None
    if not calls and not _LEAST_DIGITS <= sum(map(str.isdigit, text)) <= _MOST_DIGITS:
        return text
    halves = _loose_runs(text, _TELLING_DIGITS)
    if sum(run.digits for run in halves) <= READABLE_DIGITS:
        return text
    if not calls and not _is_mobile(text, halves):
        return text
    return _hide(text, [(run.start, run.end) for run in halves])


def _is_mobile(text: str, halves: list[Run]) -> bool:
    """Whether up to three parts are the ten digits of a mobile number, and none is a round amount."""
    parts = [plain(text[run.start : run.end]) for run in halves]
    if len(parts) > _PARTS_OF_MOBILE or not all(
        part.isascii() and part.isdigit() for part in parts
    ):
        return False
    return is_phone_like("".join(parts)) and all(int(part) % 50 for part in parts)


@lru_cache(maxsize=4_096)
def mask_together(*texts: str | None) -> tuple[str | None, ...]:
    """Mask texts that one reader sees together: a number split over them is hidden in each.

    Digits with another meaning (times, dates, marked amounts, numbers with a unit) don't count, and neither do
    short numbers in a long text. All other digits together may be `READABLE_DIGITS`.
    """
    masked = [mask(text) if text else text for text in texts]
    loose = [_loose_runs(text) if text else [] for text in masked]
    if sum(run.digits for found in loose for run in found) <= READABLE_DIGITS:
        return tuple(masked)
    return tuple(
        _hide(text, [(run.start, run.end) for run in found]) if text else text
        for text, found in zip(masked, loose, strict=True)
    )


def mask_name(name: str) -> str:
    """Mask the name of a person or a city, which needs no digit and no sign but those of names.

    A network's name ("Insta", "wa") is hidden together with what is attached to it or the word after it.
    """
    name = _NAME_OF_TWO.sub(" ", mask(name[:LONGEST_NAME]))
    seen = plain(name)
    words = [token for token in tokens(seen) if token[2][0].isalnum() or len(token[2]) > 1]
    spans: list[tuple[int, int]] = []
    place = 0
    while place < len(words):
        start, end, text = words[place]
        digits = number_word(text)
        if names_network(text) or names_network(text.strip("0123456789_")):
            glued = False
            while place + 1 < len(words):
                following, _, name_of = words[place + 1]
                apart = " " in seen[end:following]
                if apart and (glued or len(name_of) < _TELLING_LETTERS):
                    break
                place += 1
                end = words[place][1]
                glued = True
            spans.append((start, end))
        elif digits is not None and digits.digits >= _TELLING_WORDS:
            spans.append((start, end))
        place += 1
    letters = "".join(
        "0" if c.isdecimal() or unicodedata.digit(c, None) is not None else c
        for c in _hide(name, spans)
    )
    shown = re.sub("•{3,}[.]?", MASK, re.sub("0+", MASK, _NO_NAME.sub("", letters)))
    return " ".join(shown.split())


def _visible(text: str) -> str:
    """Return `text` with at most three spaces in a row and no invisible characters but a script's joiners."""
    if not text.isascii():
        text = "".join(
            character
            for place, character in enumerate(text)
            if unicodedata.category(character) != "Cf"
            or (
                character in "\u200c\u200d"
                and not any(side.isascii() for side in text[max(0, place - 1) : place + 2])
            )
        )
    return _LONG_GAP.sub(r"\1", text)


def _loose_runs(text: str, least: int = 0) -> list[Run]:
    """Return the numbers of at least `least` digits that could be parts of a split number."""
    least = least or (1 if len(text) <= _SHORT_CHARACTERS else _TELLING_DIGITS)
    seen = plain(text)
    calls = _CONTACT_WORD.search(text) is not None
    found: list[Run] = []
    for start, end, digits in runs(tokens(seen)):
        if digits < _TELLING_WORDS and not any(map(str.isdigit, seen[start:end])):
            continue
        if digits > READABLE_DIGITS and is_harmless(seen, start, end):
            continue
        parts = [
            Run(part.start(), part_end, digits_of_part)
            for part in _PART.finditer(seen, start, end)
            if (part_end := part.start() + len(part[0].rstrip(_PART_ENDS))) > part.start()
            and (digits_of_part := _digits_of(seen[part.start() : part_end]))
            and not _has_other_meaning(seen, part.start(), part_end, calls=calls)
        ]
        if sum(part.digits for part in parts) >= least:
            found += parts
    return found


def _digits_of(part: str) -> int:
    """Return how many digits a part of a number stands for."""
    digits = 0
    for piece in PIECE.findall(part) if MIXED.search(part) else [text for *_, text in tokens(part)]:
        if piece[0] in "0123456789":
            digits += sum(character in "0123456789" for character in piece)
        else:
            spoken = number_word(piece.strip(",.-"))
            digits += spoken.digits if spoken else 0
    return digits


def _has_other_meaning(text: str, start: int, end: int, *, calls: bool) -> bool:
    part = text[start:end]
    if is_harmless(text, start, end) or _HARMLESS_PART.fullmatch(part):
        return True
    if len(part) <= READABLE_DIGITS and _UNIT_AFTER.match(text, end):
        return True
    before = text[max(0, start - _BEFORE_CHARACTERS) : start]
    amount = part.replace(",", "")
    if not amount.isdecimal() or len(amount) > READABLE_DIGITS:
        return False
    if len(amount) < _TELLING_DIGITS and _PLACE_BEFORE.search(before):
        return True
    if _PIN_CODE.fullmatch(amount) and (_PLACE_BEFORE.search(before) or not calls):
        return True
    is_round = len(amount) < _TELLING_DIGITS or int(amount) % 50 == 0
    marked = PAY_BEFORE.search(before) or PAY_AFTER.match(text, end)
    return is_round and marked is not None


def _hide(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    copied = 0
    for start, end in spans:
        parts += (text[copied:start], MASK)
        copied = end
    return "".join([*parts, text[copied:]])


def _hide_numbers(text: str, found: list[Run]) -> str:
    parts: list[str] = []
    copied = 0
    for start, end, _ in found:
        if start < copied:  # two readings of one number
            copied = max(copied, end)
            continue
        parts += (text[copied:start].rstrip("+("), MASK)
        copied = end
    return "".join([*parts, text[copied:]])
