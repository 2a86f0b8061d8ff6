"""Rows of digits and number words that could be one phone number. Pure, linear in the text's length."""

import datetime as dt
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import compress, pairwise
from operator import not_
from typing import Final, NamedTuple

from app.core.spoken_numbers import glued_digits, is_leet, said
from app.core.text_tokens import MIXED, PIECE, Token

READABLE_DIGITS: Final = 6
"""Most digits that may stand together: a PIN code, an amount; no phone is shorter than seven."""
_GAP_CHARACTERS: Final = 12
"""Signs, spaces and line ends between two digits that may still belong to one number."""
_STRONG_DIGITS: Final = 5
"""Digits without which words that only sound like digits, or letters that look so, are none."""
_WEAK_IN_A_ROW: Final = 2
_DIGITS_OF_UNIT: Final = 2
"""As many digits may belong to a unit, "20 minutes"."""
_UNITS: Final = frozenset(
    "minute minutes mins min hour hours ghante ghanta day days din week weeks month months mahine "
    "people persons person log km kms kg kilo years saal am pm baje floor floors rooms shifts "
    "tables guests मिनट घंटे घंटा दिन हफ्ते महीने लोग साल बजे किलो किमी".split()
)
_LAST_DAY: Final = 31
_AMOUNTS_IN_A_ROW: Final = 2
_SHORT_LETTERS: Final = 3
"""Letters of a piece of a number word that was cut up, "ni ne ei ght"."""
_FRAGMENTS: Final = 8
"""So many pieces in a row are put together and read again."""
_HARMLESS_CHARACTERS: Final = 64
"""The longest list of times, dates or years that is looked at."""

_TIME: Final = r"(?:[01]?\d|2[0-4])[:.][0-5]\d"
TIME: Final = re.compile(_TIME)
_TIMES: Final = re.compile(rf"{_TIME}(?:\s?(?:[-–—,&+]|to|and)\s?{_TIME})*")
_HOURS: Final = re.compile(r"(\d{1,2})\s?[-–—]\s?(\d{1,2})")
_LIST: Final = re.compile(r"[\s,&/+]+|\b(?:and|aur|to|then|phir|fir)\b|और|फिर")
_APART: Final = re.compile(r"[,+]|[^\W\d_]")
_CURRENCY: Final = re.compile(r"\s{0,3}(?:₹|rs\.?|inr|\$|€|£)\s{0,3}")
_AMOUNT: Final = re.compile(r"\d{1,2}0|\d{1,4}[05]0|\d{1,3}(?:,\d\d)?,\d00|\d{1,2}[05]")
_ROUND: Final = re.compile(r"\d{1,3}(?:00|50)")
_DATE: Final = re.compile(r"(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)")
_DATE_LOCAL: Final = re.compile(r"(?P<d>\d\d?)[/.-](?P<m>\d\d?)[/.-](?P<y>20\d\d)")
_YEAR: Final = re.compile(r"(?:19|20)\d\d(?:[-–—/]\d\d)?")
_AMOUNTS: Final = re.compile(r"(\d[\d,]{0,12})\s{0,3}[-–—]\s{0,3}(\d[\d,]{0,12})")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d\d){0,3},000")
_CURRENCY_BEFORE: Final = re.compile(r"(?:₹|rs\.?|inr|\$|€|£)\s*$")
_PAY_WORD: Final = r"(?:salary|pay|pays|paid|wages?|stipend|vetan|earn|वेतन|तनख्वाह)"
PAY_BEFORE: Final = re.compile(
    rf"(?:₹|rs\.?|inr|\$|€|£|{_PAY_WORD}(?:\s+(?:of|is|up ?to|from))?)[\s:=-]*\Z", re.IGNORECASE
)
PAY_AFTER: Final = re.compile(
    rf"\s{{0,3}}(?:/-|₹|(?:rs|inr|rupees?|rupaye|रुपये|रुपए|per|a day|a month|a week|an hour|monthly|daily|"
    rf"mahina|mahine|roz|महीना|महीने|{_PAY_WORD})(?!\w)|/\s*(?:day|month|hour|hr|week))",
    re.IGNORECASE,
)
_PAY_CHARACTERS: Final = 24
_CURRENCY_CHARACTERS: Final = 8


class Run(NamedTuple):
    """Digits that could be one number: where they stand, and how many they are."""

    start: int
    end: int
    digits: int


class _Said(NamedTuple):
    """What a word or a part of it says; `start` and `end` count from the word's beginning.

    `digits` is None where the number ends, 0 where it may go on. `weak` digits may be something else;
    `glued` ones are letters that touch digits; a `single` piece is one digit.
    """

    start: int
    end: int
    digits: int | None
    weak: bool = False
    single: bool = False
    glued: bool = False
    unit: bool = False

    def at(self, place: int) -> "_Said":
        """Return the same piece in a text where its word begins at `place`."""
        return self._replace(start=self.start + place, end=self.end + place)


def runs(words: Sequence[Token]) -> list[Run]:
    """Return the rows of digits among a text's words, in its order."""
    collector = _Collector()
    for start, _, text in words:
        for piece in _pieces(text):
            if piece.digits or collector.is_open:
                collector.take(start, piece)
            elif piece.weak:
                collector.wait(start, piece)
    collector.close()
    return collector.found


class _Collector:
    """Puts digits together while nothing ends the number."""

    def __init__(self) -> None:
        self.found: list[Run] = []
        self._strong = self._weak = self._between = self._last = 0
        self._start = self._end = 0
        self._single = False  # whether the last strong piece was one digit alone
        self._waiting: list[_Said] = []
        self._last_digits = 0
        self._before_last = (0, 0, 0)  # strong, weak and end without the last strong piece

    @property
    def is_open(self) -> bool:
        """Whether digits were taken that are not yet a number."""
        return self._strong > 0

    def wait(self, place: int, piece: _Said) -> None:
        """Keep what may be the first sign of a number that begins after it."""
        self._waiting = [piece.at(place)]

    def take(self, place: int, piece: _Said) -> None:
        """Take the next piece of the text; its word begins at `place`."""
        piece = piece.at(place)
        if not self._strong:
            self._last = piece.start
        self._between += piece.start - self._last
        self._last = piece.end
        if self._strong and self._between > _GAP_CHARACTERS:
            self.close()
        if piece.digits is None:
            if piece.unit:
                self._drop_last()
            self.close()
        elif piece.weak:
            self._waiting.append(piece)
            self._between = 0
        elif piece.digits:
            self._add(piece)

    def _add(self, piece: _Said) -> None:
        waiting = self._waiting
        glued = bool(waiting) and all(one.glued for one in waiting)
        alone = self._single and piece.single and len(waiting) <= _WEAK_IN_A_ROW
        if self._strong and waiting and not glued and not alone:
            self.close()
            waiting = self._waiting
        if not self._strong:
            first = waiting[-1] if waiting and waiting[-1].glued and glued else None
            touches = first is not None and first.end == piece.start
            self._start = first.start if first is not None and touches else piece.start
            waiting = [first] if first is not None and touches else []
        self._weak += sum(one.digits or 0 for one in waiting)
        self._waiting = []
        self._before_last = (self._strong, self._weak, self._end)
        self._strong += piece.digits or 0
        self._last_digits = piece.digits or 0
        self._single = piece.single
        self._end, self._between = piece.end, 0

    def _drop_last(self) -> None:
        """Leave the last digits to the unit behind them: "400001, five minutes"."""
        if self._last_digits <= _DIGITS_OF_UNIT and self._before_last[0]:
            self._strong, self._weak, self._end = self._before_last
            self._waiting = []

    def close(self) -> None:
        """End the number."""
        while self._strong and self._waiting and self._waiting[0].glued:
            last = self._waiting.pop(0)
            if last.start != self._end:
                break
            self._weak += last.digits or 0
            self._end = last.end
        digits = self._strong + (self._weak if self._strong >= _STRONG_DIGITS else 0)
        if digits:
            self.found.append(Run(self._start, self._end, digits))
        self._strong = self._weak = self._between = 0
        self._waiting = []
        self._single = False


@lru_cache(maxsize=16_384)
def _pieces(word: str) -> tuple[_Said, ...]:
    """Return what a word says of a number, in its parts: "9O4l", "nine8", "nine_eight" have several."""
    if len(word) == 1 and not word.isalnum():
        return ()
    if not MIXED.search(word):
        return (_spoken(0, len(word), word),)
    pieces = [(*match.span(), match[0]) for match in PIECE.finditer(word)]
    return tuple(
        _Said(start, end, end - start, single=end - start == 1)
        if text[0] in "0123456789"
        else _spoken(start, end, text, touches=_touches(pieces, place))
        for place, (start, end, text) in enumerate(pieces)
    )


def _touches(pieces: Sequence[tuple[int, int, str]], place: int) -> bool:
    """Whether a part of a word stands right beside another."""
    start, end, _ = pieces[place]
    before = place > 0 and pieces[place - 1][1] == start
    return before or (place + 1 < len(pieces) and pieces[place + 1][0] == end)


def _spoken(start: int, end: int, text: str, *, touches: bool = False) -> _Said:
    spoken = said(text)
    if touches and (spoken is None or not spoken.digits) and text.isascii() and is_leet(text):
        return _Said(start, end, len(text), weak=True, glued=True)
    if spoken is None:
        return _Said(start, end, None, unit=text in _UNITS)
    return _Said(start, end, spoken.digits, spoken.weak, single=spoken.digits == 1)


def fragments(words: Sequence[Token]) -> list[Run]:
    """Return numbers of which the words were cut into pieces, "ni ne ei ght sev en"."""
    found: list[Run] = []
    row: list[Token] = []
    for token in [*words, (0, 0, "")]:
        if 0 < len(token[2]) <= _SHORT_LETTERS and token[2].isalpha():
            row.append(token)
            continue
        if len(row) >= _FRAGMENTS:
            found += _put_together(row)
        row = []
    return found


def _put_together(row: Sequence[Token]) -> list[Run]:
    # The first piece may be a word before the number: a few places to begin at are enough.
    for first in range(min(_FRAGMENTS, len(row) - _FRAGMENTS + 1)):
        digits = glued_digits("".join(text for *_, text in row[first:]))
        if digits > READABLE_DIGITS:
            return [Run(row[first][0], row[-1][1], digits)]
    return []


def is_harmless(plain: str, start: int, end: int) -> bool:
    """Whether a run is nothing but times, dates, years, a rising list, or marked round amounts."""
    if end - start > _HARMLESS_CHARACTERS:
        return False
    run = plain[start:end]
    if _TIMES.fullmatch(run):
        return True
    if date := _DATE.fullmatch(run) or _DATE_LOCAL.fullmatch(run):
        return _exists(int(date["y"]), int(date["m"]), int(date["d"]))
    before = _CURRENCY_BEFORE.search(plain[max(0, start - _CURRENCY_CHARACTERS) : start])
    if amounts := _AMOUNTS.fullmatch(run):
        low, high = (int(amount.replace(",", "")) for amount in amounts.groups())
        marked = (
            before is not None
            or PAY_BEFORE.search(plain[max(0, start - _PAY_CHARACTERS) : start])
            or PAY_AFTER.match(plain, end)
        )
        if marked and low < high < 10**READABLE_DIGITS:
            return low % 100 == high % 100 == 0
    if before is not None and _GROUPED.fullmatch(run):
        return True
    segments = [segment.strip() for segment in run.split(",") if segment.strip()]
    timed = [bool(_TIMES.fullmatch(one) or _HOURS.fullmatch(one)) for one in segments]
    if any(timed) and ":" in run and all(map(_is_little, compress(segments, map(not_, timed)))):
        return True
    first, *amounts_after = _CURRENCY.split(run)
    if 0 < len(amounts_after) <= _AMOUNTS_IN_A_ROW and all(map(_AMOUNT.fullmatch, amounts_after)):
        first = first.strip(" ,;:-–—")
        few = sum(map(str.isdigit, first)) <= _DIGITS_OF_UNIT
        return few or _TIMES.fullmatch(first) is not None or _is_harmless_list(first)
    return _is_harmless_list(run)


def _is_little(segment: str) -> bool:
    """Whether this is one small number, or a word: "09:00-17:00, four nights"."""
    return segment.isalpha() or (segment.isdecimal() and len(segment) <= _DIGITS_OF_UNIT)


def _is_harmless_list(run: str) -> bool:
    parts = [part for part in _LIST.split(run) if part]
    if not parts:
        return False
    if _APART.search(run) and all(_ROUND.fullmatch(part) for part in parts) and len(parts) <= 3:
        return True
    if len(parts) > 1 and all(_YEAR.fullmatch(part) for part in parts):
        return True
    dates = [_DATE.fullmatch(part) or _DATE_LOCAL.fullmatch(part) for part in parts]
    if all(date and _exists(int(date["y"]), int(date["m"]), int(date["d"])) for date in dates):
        return True
    hours = [_HOURS.fullmatch(part) for part in parts]
    if all(hours):
        ranges = [(int(one[1]), int(one[2])) for one in hours if one]
        in_a_day = all(low <= 24 and high <= 24 for low, high in ranges)
        chain = all(a[1] == b[0] for a, b in pairwise(ranges))
        return in_a_day and (chain or len(ranges) <= 2)
    days = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 2]
    steps = {b - a for a, b in pairwise(days)}
    if len(days) < len(parts) or "," not in run or not steps or min(steps) < 1:
        return False
    return days[-1] <= _LAST_DAY or len(steps) == 1


def _exists(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
