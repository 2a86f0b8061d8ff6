"""Find runs of digits and number words that could be one phone number. Pure, linear in the text."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from app.masking.harmless_numbers import READABLE_DIGITS, is_phone
from app.masking.number_words import glued_digits, is_leet, number_word, undisguised
from app.masking.text_tokens import MIXED, PIECE, Token, plain, tokens

_GAP_CHARACTERS: Final = 12
"""Most signs, spaces and line ends between two digits of one number."""
_STRONG_DIGITS: Final = 5
"""Certain digits that a run needs before `weak` pieces count as digits."""
_WEAK_IN_A_ROW: Final = 2
_DIGITS_OF_UNIT: Final = 2
"""Most digits that belong to a unit, "20 minutes"."""
_UNITS: Final = frozenset(
    "minute minutes mins min hour hours ghante ghanta day days din week weeks month months mahine "
    "people persons person log km kms kg kilo years saal am pm baje floor floors rooms shifts "
    "tables guests मिनट घंटे घंटा दिन हफ्ते महीने लोग साल बजे किलो किमी".split()
)
_SHORT_LETTERS: Final = 3
"""Most letters of a fragment of a number word, "ni ne ei ght"."""
_FRAGMENTS: Final = 8
"""Least fragments in a row that are put together."""
_DIGITS: Final = "0123456789"
_ROMAN: Final = {
    **{digit: int(digit) for digit in _DIGITS},
    **dict(zip("i ii iii iv v vi vii viii ix".split(), range(1, 10), strict=True)),
    "o": 0,
}
_ROMAN_LETTERS: Final = frozenset(_ROMAN) - frozenset(_DIGITS) - {"o"}


class Run(NamedTuple):
    """The span of digits that could be one number, and how many they are."""

    start: int
    end: int
    digits: int


class _Piece(NamedTuple):
    """A word or a part of it; `start` and `end` count from the word's beginning.

    `digits` is None where the number ends and 0 where it may continue. `weak` digits may be ordinary words;
    `glued` ones are letters that touch digits; a `single` piece is one digit.
    """

    start: int
    end: int
    digits: int | None
    weak: bool = False
    single: bool = False
    glued: bool = False
    unit: bool = False

    def at(self, place: int) -> "_Piece":
        """Return the piece with its position in the text; its word begins at `place`."""
        return self._replace(start=self.start + place, end=self.end + place)


def runs(words: Sequence[Token]) -> list[Run]:
    """Return the runs of digits among a text's words, in order."""
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
    """Collects pieces into runs."""

    def __init__(self) -> None:
        self.found: list[Run] = []
        self._strong = self._weak = self._between = self._last = 0
        self._start = self._end = 0
        self._single = False  # whether the last strong piece was one digit alone
        self._waiting: list[_Piece] = []
        self._last_digits = 0
        self._before_last = (0, 0, 0)  # strong, weak and end without the last strong piece

    @property
    def is_open(self) -> bool:
        """Whether a run has begun."""
        return self._strong > 0

    def wait(self, place: int, piece: _Piece) -> None:
        """Keep a weak piece that may begin the next run."""
        self._waiting = [piece.at(place)]

    def take(self, place: int, piece: _Piece) -> None:
        """Add the next piece of the text; its word begins at `place`."""
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

    def _add(self, piece: _Piece) -> None:
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
        """Drop the last digits, which a unit follows: "400001, five minutes"."""
        if self._last_digits <= _DIGITS_OF_UNIT and self._before_last[0]:
            self._strong, self._weak, self._end = self._before_last
            self._waiting = []

    def close(self) -> None:
        """End the run."""
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
def _pieces(word: str) -> tuple[_Piece, ...]:
    """Return a word's pieces; "9O4l", "nine8" and "nine_eight" have several."""
    if len(word) == 1 and not word.isalnum():
        return ()
    if not MIXED.search(word):
        return (_spoken(0, len(word), word),)
    if disguised := undisguised(word):  # "n1ne", "thr33"
        return (_Piece(0, len(word), disguised, single=disguised == 1),)
    pieces = [(*match.span(), match[0]) for match in PIECE.finditer(word)]
    return tuple(
        _Piece(start, end, end - start, single=end - start == 1)
        if text[0] in "0123456789"
        else _spoken(start, end, text, touches=_touches(pieces, place))
        for place, (start, end, text) in enumerate(pieces)
    )


def _touches(pieces: Sequence[tuple[int, int, str]], place: int) -> bool:
    """Whether a part of a word touches another."""
    start, end, _ = pieces[place]
    before = place > 0 and pieces[place - 1][1] == start
    return before or (place + 1 < len(pieces) and pieces[place + 1][0] == end)


def _spoken(start: int, end: int, text: str, *, touches: bool = False) -> _Piece:
    spoken = number_word(text)
    if touches and (spoken is None or not spoken.digits) and text.isascii() and is_leet(text):
        return _Piece(start, end, len(text), weak=True, glued=True)
    if spoken is None:
        return _Piece(start, end, None, unit=text in _UNITS)
    return _Piece(start, end, spoken.digits, spoken.weak, single=spoken.digits == 1)


def without_phones(text: str) -> str:
    """Return the text with a space for each phone number in figures; amounts, times and dates stay."""
    seen = plain(text)
    if sum(map(_DIGITS.__contains__, seen)) <= READABLE_DIGITS:
        return text
    kept: list[str] = []
    copied = 0
    for run in runs(tokens(seen)):
        if run.digits > READABLE_DIGITS and is_phone(seen, run.start, run.end):
            kept += (text[copied : run.start], " ")
            copied = run.end
    return "".join([*kept, text[copied:]])


def fragments(words: Sequence[Token]) -> list[Run]:
    """Return the runs whose number words were cut into fragments, "ni ne ei ght sev en"."""
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
    # The first fragments may be words before the number, so a few starting points are tried.
    for first in range(min(_FRAGMENTS, len(row) - _FRAGMENTS + 1)):
        digits = glued_digits("".join(text for *_, text in row[first:]))
        if digits > READABLE_DIGITS:
            return [Run(row[first][0], row[-1][1], digits)]
    return []


def romans(words: Sequence[Token]) -> list[Run]:
    """Return the runs in Roman digits, "IX VIII II 0"; one that counts up, "I II III", is a list."""
    found: list[Run] = []
    if _ROMAN_LETTERS.isdisjoint(text for *_, text in words):
        return found
    row: list[tuple[int, int, int]] = []
    letters = 0
    for start, end, text in [*words, (0, 0, "")]:
        digit = _ROMAN.get(text)
        if digit is not None:
            row.append((start, end, digit))
            letters += text not in _DIGITS
            continue
        if text and not text[0].isalnum():
            continue  # a sign between two digits
        steps = {after[2] - before[2] for before, after in pairwise(row)}
        if len(row) > READABLE_DIGITS and letters > 1 and not steps <= {0, 1}:
            found.append(Run(row[0][0], row[-1][1], len(row)))
        row, letters = [], 0
    return found
