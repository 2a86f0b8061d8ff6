"""Find names on networks: "insta: asha_k", "telegram par ashajobs", "search asha on facebook". Pure.

A word after a network's name is a handle if it looks like one (digits, dots, underscores), if it is called so
("id", a colon), or if the text asks the reader to write there and the word does not belong to work ("Instagram
marketing").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.masking.address_reader import CHAIN, GAP, NEAR, AddressReader
from app.masking.contact_words import network
from app.masking.number_words import number_word
from app.masking.text_tokens import MIXED

_SHORTEST_HANDLE: Final = 3
_WRITE_TO: Final = frozenset({"dm", "inbox"})
_MINE: Final = frozenset("my our meri mera hamari hamara humara मेरी मेरा हमारी हमारा".split())
_ON: Final = frozenset("on pe par in via पर".split())
_NAMING: Final = frozenset(":=@–—>→➡⇒»")
_JOINED: Final = re.compile(r"[^\W_]_+[^\W_]")
"""Words joined by an underscore: near a network's name always a handle."""
_NUMBERED: Final = re.compile(r"([a-z]{2,30})[0-9]{1,6}")
"""A name with a number behind it, "rameshkadam84": a handle or a mailbox, unless it is a usual word."""
_LETTERS_OF_NUMBERED: Final = 5
"""Least letters of it, unless it ends a dotted name."""
_NEAR_NUMBERED: Final = 7
_HUMPED: Final = re.compile(r"[a-z][A-Z]\w*[a-z]")
"""Words written together, "SunriseCaterers"."""
_HYPHENS_OF_HANDLE: Final = 2
_INSIDE: Final = (".", "_", "#", "@", "-")
_AROUND: Final = frozenset({"(", ")", '"', "'", "“", "”", "at"})
_OF_MANY: Final = frozenset("channel channels group groups page profile account चैनल ग्रुप पेज".split())
"""People also work on these: a plain word after one is a name only if the text asks to go there."""
_SHOPS: Final = frozenset({"mart", "worthy"})
_SHORTEST_NAMED: Final = 3
_A_NAME: Final = frozenset("name naam username नाम".split())
"""Words beside a name of ordinary capitalised words: "page name Blue Door"."""


@dataclass(frozen=True, slots=True)
class _Lead:
    """What lies between a network's name and `first`, the word that may be a handle."""

    first: int
    named: bool
    asked: bool
    asked_name: bool
    colon: bool
    comma: bool
    dash: bool
    many: bool


class Handles(AddressReader):
    """Finds names on networks in one text."""

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield the spans of handles, in any order; they may overlap."""
        texts = {atom.text for atom in self._atoms}
        if texts.isdisjoint(_WRITE_TO) and not any(map(network, texts)):
            return
        known = False
        joined: list[tuple[int, int]] = []
        for place, atom in enumerate(self._atoms):
            if atom.kind == "w":
                if network(atom.text):
                    yield from self._handle(place)
                elif atom.text in _WRITE_TO:
                    yield from self._after_dm(place)
                elif _JOINED.search(atom.text) or self._is_numbered(place):
                    joined.append(self._span(self._left(place), place))
                known = known or network(atom.text) is not None
        if known:  # "my insta … , its raj_the_chef"
            yield from joined

    def _is_numbered(self, place: int) -> bool:
        """Whether a name with digits behind it, "rameshkadam84", stands near a network's name."""
        atom = self._atoms[place]
        name = _NUMBERED.fullmatch(atom.text)
        if name is None or name[1] in self._words.ordinary or number_word(name[1]) is not None:
            return False
        if len(name[1]) < _LETTERS_OF_NUMBERED and self._left(place) == place:
            return False
        around = self._atoms[max(0, place - _NEAR_NUMBERED) : place + _NEAR_NUMBERED + 1]
        return any(one.kind == "w" and network(one.text) for one in around)

    def _handle(self, place: int) -> Iterator[tuple[int, int]]:
        lead = self._lead(place)
        if lead is not None:
            yield from self._handle_after(place, lead)
        yield from self._handle_before(place)

    def _lead(self, place: int) -> _Lead | None:
        """Read the connecting words and signs after a network's name; None if no word follows them."""
        named = asked = asked_name = colon = comma = dash = many = False
        for first in range(place + 1, place + 2 + NEAR):
            atom = self._at(first)
            if atom is None or self._gap(first) > GAP:
                return None
            beside = first == place + 1 and self._gap(first) == 0
            if atom.kind == "w":
                dotted = self._is(first + 1, ".", "_") and self._gap(first + 1) == 0
                goes_on = dotted and self._is(first + 2, "w") and self._gap(first + 2) == 0
                if goes_on or atom.text not in self._words.connectors:
                    return _Lead(first, named, asked, asked_name, colon, comma, dash, many)
                many = many or atom.text in _OF_MANY
                named = named or atom.text in self._words.named
                asked = asked or atom.text in self._words.contact
                asked_name = asked_name or atom.text in _A_NAME
            elif atom.kind in _NAMING:
                named = True
                colon = colon or atom.kind == ":"
            elif atom.kind == "-":
                named, dash = True, dash or beside
            elif atom.kind == "." and beside and self._gap(first + 1) == 0:
                named = True
            elif atom.kind == ",":
                comma = True
            elif atom.kind not in _AROUND:
                return None
        return None

    def _handle_after(self, place: int, lead: _Lead) -> Iterator[tuple[int, int]]:
        first = lead.first
        last, looks = self._handle_end(first)
        text = self._atoms[first].text
        ordinary = not self._is_rare(first) or self._is_number(text)
        weak = ordinary or len(text) < _SHORTEST_HANDLE or self._is_weak(place)
        if (lead.dash and text in _SHOPS) or (lead.comma and not looks):
            return
        capital = self._text[self._atoms[first].start].isupper()
        named = lead.named or lead.many
        looks = looks or (named and self._is_humped(first) and not ordinary)
        if looks or (
            lead.named
            and (not ordinary or (lead.asked_name and capital))
            and len(text) >= _SHORTEST_NAMED
        ):
            if not looks:
                last = self._whole_name(first, last, lead)
            yield self._span(first, last)
        elif lead.many and capital and self._asked_after(named_to := self._capitals(first)):
            yield self._span(first, named_to)  # "FB page Blue Petal Events, send a message there"
        elif self._search_after(first) or (weak and lead.asked):
            yield from self._searched(first)
        elif not weak and self._asked_before(place):
            while last - first < 2 and self._is(last + 1, "w") and self._is_part(last + 1):
                last += 1
            yield self._span(first, last)
        elif weak or (lead.many and not lead.asked and not self._asked_after(last)):
            return
        elif lead.asked or self._ends_here(last) or self._asked_after(last):
            yield self._span(first, last)

    def _is_humped(self, place: int) -> bool:
        atom = self._atoms[place]
        return _HUMPED.search(self._text, atom.start, atom.end) is not None

    def _whole_name(self, first: int, last: int, lead: _Lead) -> int:
        """Return the last word of a name of several words: "mera naam Asha Rao", "insta: asha cooks"."""
        if lead.colon and self._is(last + 1, "w") and self._ends_here(last + 1):
            return last + 1
        start = self._text[self._atoms[first].start]
        if lead.colon or start.isupper() or not start.isascii():
            while last - first < 2 and self._is(last + 1, "w") and self._is_part(last + 1):
                last += 1
        return last

    def _capitals(self, first: int) -> int:
        """Return the last of up to `NEAR` capitalised words."""
        last = first
        while last - first < NEAR and self._is(last + 1, "w"):
            if not self._text[self._atoms[last + 1].start].isupper():
                break
            last += 1
        return last

    def _is_part(self, place: int) -> bool:
        """Whether a word may continue a name: a rare or a capitalised one."""
        capital = self._text[self._atoms[place].start].isupper()
        return self._is_rare(place) or (capital and not network(self._atoms[place].text))

    def _is_weak(self, place: int) -> bool:
        """Whether a network's name is an ordinary word too."""
        return network(self._atoms[place].text) in self._words.weak_networks

    def _handle_end(self, first: int) -> tuple[int, bool]:
        """Return the last atom of a handle, and whether it looks like one: digits, dots, underscores."""
        last, hyphens = first, 0
        looks = MIXED.search(self._atoms[first].text) is not None and not self._is_number(
            self._atoms[first].text
        )
        if self._atoms[first].text == "live" and self._is(first + 1, ":"):  # Skype's own names
            last, looks = min(first + 2, len(self._atoms) - 1), True
        while last - first < 2 * CHAIN and self._is(last + 1, *_INSIDE) and self._is(last + 2, "w"):
            sign = self._atoms[last + 1]
            if not (sign.spelled or (self._gap(last + 1) == 0 and self._gap(last + 2) == 0)):
                break
            last += 2
            hyphens += sign.kind == "-"
            looks = looks or sign.kind != "-" or MIXED.search(self._atoms[last].text) is not None
        return last, looks or hyphens >= _HYPHENS_OF_HANDLE

    @staticmethod
    def _is_number(text: str) -> bool:
        return text.isdecimal() or text[:-1].isdecimal()

    def _ends_here(self, last: int) -> bool:
        following = self._at(last + 1)
        return following is None or following.kind in set(".,!?;।\n")

    def _asked_before(self, place: int) -> bool:
        window = self._atoms[max(0, place - NEAR) : place]
        return any(one.text in self._words.contact or one.text in _MINE for one in window)

    def _asked_after(self, last: int) -> bool:
        window = self._atoms[last + 1 : last + 1 + NEAR]
        return any(one.text in self._words.contact for one in window)

    def _search_after(self, first: int) -> bool:
        window = self._atoms[first : first + NEAR]
        return any(one.text in self._words.search or one.text in _A_NAME for one in window[1:])

    def _searched(self, first: int) -> Iterator[tuple[int, int]]:
        """Yield the words before a verb of searching: "facebook par Meena Rasoi dhundho"."""
        last = first
        while self._is(last + 1, "w") and self._is_part(last + 1) and last - first < 3:
            last += 1
        if self._is_part(first):
            yield self._span(first, last)

    def _handle_before(self, place: int) -> Iterator[tuple[int, int]]:
        """Yield "search x on instagram", "add x on snapchat"."""
        words = self._words
        back = place - 1
        if not (self._is(back, "w") and self._atoms[back].text in _ON):
            return
        last = back - 1
        first = last
        for _ in range(3):
            atom = self._at(first)
            if atom is None or atom.kind != "w" or not self._is_rare(first):
                break
            first -= 1
        if first == last:
            return
        window = self._atoms[max(0, first - 3) : first + 1]
        if any(one.text in words.contact for one in window):
            yield self._span(first + 1, last)

    def _after_dm(self, place: int) -> Iterator[tuple[int, int]]:
        """Yield "dm x" where x looks like a handle."""
        first = place + 1
        while (
            first < place + 4
            and self._is(first, "w", ":", "-")
            and (
                self._atoms[first].kind != "w" or self._atoms[first].text in self._words.connectors
            )
        ):
            first += 1
        if self._is(first, "w"):
            last, looks = self._handle_end(first)
            if looks:
                yield self._span(first, last)
