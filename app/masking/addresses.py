"""Find mail addresses, payment handles, links and names on networks, also in disguise. Pure.

`app.masking.handles` finds the names on networks; `data/contact_words.toml` holds the words.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from app.masking.address_reader import CHAIN, GAP, NEAR, AddressReader, atoms_of
from app.masking.contact_words import ContactWords, contact_words, network
from app.masking.handles import Handles
from app.masking.text_tokens import MIXED, Token

_SIGN_INSIDE: Final = re.compile(r"[.,][^\s.,0-9]|\s\.\s|[a-z]\.[0-9]")
"""A dot or a comma that ends no sentence."""
_LEET_WORD: Final = re.compile(r"[a-z][013457$]|[013457$][a-z]")
_SHORT_LABEL: Final = 3
_PATH_ONLY: Final = frozenset("gle gl ee be uk us tv cc im gd at li sh gg so ws bz".split())
"""Top-level domains that count only with a path behind them."""


def address_spans(text: str, plain: str, words: Sequence[Token]) -> list[tuple[int, int]]:
    """Return the spans of addresses, handles and links in order, without overlap.

    `plain` and `words` are the text as `app.masking.text_tokens` reads it.
    """
    vocabulary = contact_words()
    if not _may_hold(plain, words, vocabulary):
        return []
    atoms = atoms_of(words, vocabulary)
    spans = [
        *_Addresses(text, plain, atoms, vocabulary).spans(),
        *Handles(text, plain, atoms, vocabulary).spans(),
    ]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _may_hold(plain: str, words: Sequence[Token], vocabulary: ContactWords) -> bool:
    """Whether a text has a word or sign that an address needs; most texts have none."""
    texts = {text for *_, text in words}
    if not vocabulary.triggers.isdisjoint(texts) or _SIGN_INSIDE.search(plain):
        return True
    if "me" in texts and "/" in texts:
        return True
    return _LEET_WORD.search(plain) is not None and any(map(network, texts))


class _Addresses(AddressReader):
    """Finds mail addresses, payment handles and links in one text."""

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield their spans, in any order; they may overlap."""
        for place, atom in enumerate(self._atoms):
            if atom.kind in {"@", "at"}:
                yield from self._mail(place)
            elif atom.kind == ".":
                yield from self._host(place)
            elif atom.kind == "w":
                if atom.text in self._words.schemes or atom.text == "www":
                    yield from self._url(place)
                elif atom.text in self._words.providers:
                    yield from self._provider(place)
                elif atom.text == "me" or atom.text in self._words.endings:
                    yield from self._slashed(place)

    # --- Mail addresses and payment handles -------------------------------------------------------

    def _mail(self, place: int) -> Iterator[tuple[int, int]]:
        atom, words = self._atoms[place], self._words
        if not self._is(place + 1, "w"):
            return
        sure = atom.kind == "@"
        glued_right = self._gap(place + 1) == 0
        glued_left = place > 0 and self._gap(place) == 0
        if self._gap(place + 1) > GAP or (place > 0 and self._gap(place) > GAP):
            return
        last, labels = self._right(place + 1, comma=True)
        known = labels[0] in words.providers or labels[0] in words.banks
        ends = next((n for n in range(len(labels) - 1, 0, -1) if labels[n] in words.endings), None)
        has_name = self._is(place - 1, "w")
        if not known and labels[0] in words.weak_banks:
            before = {one.text for one in self._atoms[max(0, place - NEAR) : place]}
            known = has_name and (
                bool(before & words.near_bank)
                or MIXED.search(self._atoms[place - 1].text) is not None
            )
        if len(labels) == 1 and not known and labels[0] in words.weak_providers:
            known = sure and has_name and (atom.spelled or glued_left)
        # "gmail com" without its dot, "ok icici" in two.
        following = self._at(last + 1)
        if len(labels) == 1 and following is not None and following.kind == "w":
            if known and following.text in words.endings and self._gap(last + 1) <= 1:
                last += 1
            elif (sure and labels[0] + following.text in words.banks) or (
                labels[0] == "ok" and following.text in words.weak_banks
            ):
                known, last = True, last + 1
        if not has_name:
            if sure and glued_right and not atom.spelled:
                yield from self._at_handle(place, last)
            return
        if sure and not atom.spelled and glued_left and glued_right:
            yield self._span(self._left(place - 1), last)
            return
        if known or (ends is not None and (sure or self._has_spelled_dot(place + 1, last))):
            first = self._left(place - 1)
            if (known and labels[0] in words.providers) or ends is not None:
                first = self._name_before(first)
            yield self._span(first, last)
            return
        if sure and not atom.spelled and glued_right:
            yield from self._at_handle(place, last)

    def _provider(self, place: int) -> Iterator[tuple[int, int]]:
        """Yield an address without its sign: "asha84 gmail com", "ashachef (gmail)"."""
        ending = place + 2 if self._is(place + 1, ".") else place + 1
        if self._is(place - 1, "w") and self._gap(place) <= 1:
            ends = self._is(ending, "w") and self._atoms[ending].text in self._words.endings
            if ends and (self._is_rare(place - 1) or MIXED.search(self._atoms[place - 1].text)):
                yield self._span(self._name_before(self._left(place - 1)), ending)
        elif (
            self._is(place - 1, "(")
            and self._is(place + 1, ")")
            and self._is(place - 2, "w")
            and self._is_rare(place - 2)
        ):
            yield self._span(self._left(place - 2), place)

    def _has_spelled_dot(self, first: int, last: int) -> bool:
        return any(one.kind == "." and one.spelled for one in self._atoms[first : last + 1])

    def _name_before(self, first: int) -> int:
        """Return where a name of several words before an address begins: "mail meena pillai 22 @ …".

        Words belong to it only where one that speaks of mail stands before them.
        """
        begins = first
        numbered = self._atoms[first].text.isdecimal()  # "meena pillai 22": no name ends so
        for _ in range(3):
            before = self._at(begins - 1)
            if before is None or self._gap(begins) > 1:
                return begins if numbered else first
            if before.kind != "w" or before.text in self._words.no_name:
                return begins
            begins = self._left(begins - 1)
        return first

    def _at_handle(self, place: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield "@handle"; "@5" and "@ 500" are prices."""
        text = self._atoms[place + 1].text
        if len(text) >= 3 and not text[0].isdigit():
            yield self._span(place, last)

    # --- Links ------------------------------------------------------------------------------------

    def _host(self, place: int) -> Iterator[tuple[int, int]]:
        if not (self._is(place - 1, "w") and self._is(place + 1, "w")):
            return
        # A chain is read from its first label; a very long one again from every eighth label.
        goes_on = self._is(place - 2, ".") and self._joins(place - 2, loose=True)
        if goes_on and (place // 2) % (CHAIN // 2):
            return
        loose = self._atoms[place].spelled or self._gap(place) > 0
        if not self._joins(place, loose=loose):
            return
        if self._gap(place) and not self._gap(place + 1) and not self._is_rare(place - 1):
            return  # "knowledge of .NET"
        last, labels = self._right(place - 1, loose=loose)
        first = self._left_label(place - 1)
        path = self._path(last)
        spelled = self._has_spelled_dot(first, last)
        if all(label.replace("_", "").isdecimal() for label in labels):
            return  # `digit_runs` reads numbers
        if path > last:
            known = labels[-1] in self._words.endings
            if known or labels[-1] in _PATH_ONLY or spelled or (loose and len(labels[-1]) <= 3):
                yield self._span(first, path)
        elif self._is_host(labels, first, last, spelled=spelled, loose=loose):
            if spelled:
                first = self._site_before(first)
            yield self._span(first, last)

    def _site_before(self, first: int) -> int:
        """Return where the name of a site of several words begins: "visit sunrise caterers dot com"."""
        begins = first
        for _ in range(NEAR):
            before = self._at(begins - 1)
            if before is None or before.kind != "w" or self._gap(begins) > 1:
                break
            if before.text in self._words.site:
                return begins
            begins -= 1
        return first

    def _is_host(
        self, labels: Sequence[str], first: int, last: int, *, spelled: bool, loose: bool
    ) -> bool:
        words = self._words
        ends = next((n for n in range(len(labels) - 1, 0, -1) if labels[n] in words.endings), None)
        if ends is None:
            return False
        if labels[1] == "me" and labels[0] in words.me:
            return True
        ending = labels[ends]
        if spelled:
            in_india = ending == "in" and (
                labels[ends - 1] == "co"
                or self._ends_sentence(last)
                or (len(labels[0]) > _SHORT_LABEL and self._is_rare(first))
            )
            return ending in words.spelled or in_india
        if loose:
            return ending in {"com", "org", "net"}
        # "K.Dev" is somebody's name.
        return ending != "dev" or any(len(one) > 1 or not one.isalpha() for one in labels[:ends])

    def _left_label(self, place: int) -> int:
        while (
            self._is(place - 1, "-")
            and self._joins(place - 1, loose=False)
            and self._is(place - 2, "w")
        ):
            place -= 2
            if self._atoms[place].start == 0:
                break
        return place

    def _ends_sentence(self, last: int) -> bool:
        following = self._at(last + 1)
        return following is None or following.kind in set(".,;!?)।")

    def _path(self, last: int) -> int:
        """Return the last atom of the path behind a host; `last` itself where there is none."""
        steps = 0
        while self._is(last + 1, "/") and steps < CHAIN:
            if not self._is(last + 2, "w", "+") or not self._joins(last + 1, loose=True):
                break
            last += 2
            if self._is(last, "+") and self._is(last + 1, "w"):
                last += 1
            while (
                self._is(last + 1, "-", ".", "_", "=", "?", "&", "%")
                and self._is(last + 2, "w")
                and self._gap(last + 1) == 0
                and self._gap(last + 2) == 0
            ):
                last += 2
            steps += 1
        return last

    def _slashed(self, place: int) -> Iterator[tuple[int, int]]:
        """Yield "t me slash x", "t me/x" and "cutt,ly/x"."""
        atom = self._atoms[place]
        before = self._at(place - 1)
        path = self._path(place)
        if path == place or before is None:
            return
        if atom.text == "me" and before.kind == "w" and before.text in self._words.me:
            yield self._span(place - 1, path)
            return
        glued = self._gap(place) == 0 and self._gap(place - 1) == 0
        if before.kind == "," and glued and self._is(place - 2, "w"):
            yield self._span(place - 2, path)

    def _url(self, place: int) -> Iterator[tuple[int, int]]:
        atom = self._atoms[place]
        start = place
        if atom.text == "www":
            if self._is(place + 1, "."):
                place += 1
            elif not (
                self._is(place + 1, "w")
                and self._is(place + 2, "w")
                and self._atoms[place + 2].text in self._words.endings
            ):
                return
            else:
                yield self._span(start, place + 2)
                return
        else:
            signs = 0
            while self._is(place + 1, ":", "/") and signs < 4:
                place += 1
                signs += 1
            if signs < 2:
                return
        if not self._is(place + 1, "w", "["):
            return
        last, _ = self._right(place + 1, loose=True)
        last = self._path(max(last, place + 1))
        # Whatever follows without a space belongs to the link.
        end = self._atoms[last].end
        while (
            end < len(self._plain)
            and not self._plain[end].isspace()
            and end - self._atoms[last].end < 200
        ):
            end += 1
        yield self._atoms[start].start, end
