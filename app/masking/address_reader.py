"""A text as words and signs, and the reader that walks over them to both sides. Pure.

Signs written as words or in brackets, "(at)" and "dot", are signs too. Each step looks at a bounded number of
neighbours, so the work is linear in the text's length.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from app.masking.contact_words import ContactWords, network
from app.masking.text_tokens import Token

_AROUND: Final = {"(": ")", "[": "]", "{": "}", "<": ">", "-": "-", "*": "*", "|": "|", "~": "~"}
"""Brackets around a sign, "asha(at)gmail", each with what closes it."""
_ARTICLES: Final = frozenset("the d da de द दी".split())
"""Words between "at" and "rate" where people spell the sign @."""
CHAIN: Final = 8
"""Most labels of a host, or parts of a name, that are read at once."""
NEAR: Final = 5
"""Most words between a network's name and the handle."""
GAP: Final = 6
"""Most spaces and line ends between two parts of one address."""


class Atom(NamedTuple):
    """A word (kind "w") or a sign (kind: its character); `spelled` if the sign was written in words."""

    kind: str
    start: int
    end: int
    text: str
    spelled: bool = False


def atoms_of(tokens: Sequence[Token], words: ContactWords) -> list[Atom]:
    """Return a text's words and signs; a sign in words or in brackets is one atom."""
    atoms: list[Atom] = []
    texts = [text for *_, text in tokens]
    place = 0
    while place < len(tokens):
        start, end, text = tokens[place]
        if text not in words.joining and text not in _AROUND:  # as most are
            is_word = len(text) > 1 or text.isalnum() or text == "_"
            atoms.append(Atom("w" if is_word else text, start, end, text))
            place += 1
            continue
        closing = _AROUND.get(text)
        if closing is not None and texts[place + 2 : place + 3] == [closing]:
            inner = texts[place + 1]
            sign = words.signs.get(inner) or (inner if inner in "@./,:" else None)
            if sign is not None:
                atoms.append(Atom(sign, start, tokens[place + 2][1], sign, spelled=True))
                place += 3
                continue
        sign = words.signs.get(text)
        following = texts[place + 1] if place + 1 < len(tokens) else ""
        pair = words.pairs.get((text, following))
        if (
            sign == "@"
            and following in _ARTICLES
            and texts[place + 2 : place + 3] in (["rate"], ["ret"], ["रेट"])
        ):
            place += 3 if texts[place + 3 : place + 4] == ["of"] else 2
            atoms.append(Atom("@", start, tokens[place][1], text, spelled=True))
        elif sign is not None:
            kind = "at" if sign == "@" else sign
            atoms.append(Atom(kind, start, end, text, spelled=True))
        elif pair is not None and tokens[place + 1][0] - end == 1:
            place += 1
            atoms.append(Atom("w", start, tokens[place][1], pair))
        else:
            is_word = len(text) > 1 or text.isalnum() or text == "_"
            atoms.append(Atom("w" if is_word else text, start, end, text))
        place += 1
    return atoms


class AddressReader:
    """Reads one text's atoms from a position to both sides."""

    def __init__(self, text: str, plain: str, atoms: Sequence[Atom], words: ContactWords) -> None:
        self._text = text
        self._plain = plain
        self._atoms = atoms
        self._kinds = [atom.kind for atom in atoms]
        self._words = words

    def _at(self, place: int) -> Atom | None:
        return self._atoms[place] if 0 <= place < len(self._atoms) else None

    def _is(self, place: int, *kinds: str) -> bool:
        return 0 <= place < len(self._kinds) and self._kinds[place] in kinds

    def _gap(self, place: int) -> int:
        """Return the number of characters between an atom and the one before it."""
        if not 0 < place < len(self._atoms):
            return 0 if place == 0 else GAP + 1
        return self._atoms[place].start - self._atoms[place - 1].end

    def _joins(self, place: int, *, loose: bool) -> bool:
        """Whether the sign at `place` joins its neighbours: no space, or spelled, or spaces on both sides."""
        atoms = self._atoms
        if not (0 < place < len(atoms) - 1):
            return False
        sign = atoms[place]
        before = sign.start - atoms[place - 1].end
        after = atoms[place + 1].start - sign.end
        if before == 0 and after == 0:
            return True
        if not (sign.spelled or loose) or before > GAP or after > GAP:
            return False
        return sign.spelled or before > 0 or sign.kind != "."

    def _right(
        self, place: int, *, loose: bool = True, comma: bool = False
    ) -> tuple[int, list[str]]:
        """Return the last atom of the chain of labels that begins at `place`, and the labels."""
        atoms, kinds, native = self._atoms, self._kinds, self._words.native_endings
        dots = (".", ",") if comma else (".",)
        labels: list[str] = []
        last = place - 1
        behind = len(kinds) - 2  # a sign and a word may follow
        while place < len(kinds) and kinds[place] == "w" and len(labels) < CHAIN:
            label = atoms[place].text
            labels.append(native.get(label, label) if labels else label)
            # "yellow-feathers" is one label.
            while (
                place < behind
                and kinds[place + 1] == "-"
                and kinds[place + 2] == "w"
                and self._joins(place + 1, loose=False)
            ):
                place += 2
            last = place
            if place >= behind or kinds[place + 1] not in dots or kinds[place + 2] != "w":
                break
            if not self._joins(place + 1, loose=loose):
                break
            place += 2
        return last, labels

    def _left(self, place: int, *, loose: bool = False) -> int:
        """Return the first atom of the name that ends at `place`."""
        steps = 0
        while steps < CHAIN and place >= 2 and self._is(place - 1, ".", "_", "-", "+", "'"):
            sign = self._atoms[place - 1]
            if not self._is(place - 2, "w"):
                break
            if not (sign.spelled or (self._gap(place - 1) == 0 and self._gap(place) == 0)):
                break
            place -= 2
            steps += 1
        return place

    def _span(self, first: int, last: int) -> tuple[int, int]:
        return self._atoms[first].start, self._atoms[last].end

    def _is_rare(self, place: int) -> bool:
        """Whether a word is neither ordinary nor one that people use around a handle."""
        words, text = self._words, self._atoms[place].text
        return not (
            text in words.ordinary
            or text in words.connectors
            or text in words.contact
            or text in words.no_name
            or network(text)
        )
