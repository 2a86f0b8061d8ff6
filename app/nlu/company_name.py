"""What the chat takes for the name of a company, for having none, and for a correction of a name. Pure.

Anything may be a company's name, but not whatever somebody says when they are asked for it: a delay, a question,
an "ok" or a "no" names nobody. What is introduced as a name may hold words that alone are none.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from itertools import takewhile
from typing import Final

from app.nlu import pay
from app.nlu.common_words import is_called_so
from app.nlu.intents import intents
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_words
from app.nlu.person_name import find_name
from app.nlu.vocabulary import phrase_set, whole_word

_CHARACTERS: Final = 200
"""A longer text names no company."""
_MOST_WORDS: Final = 8
"""A longer text names a company only where it says that it does."""
_SIGNS: Final = " ,.;:-–*\"'“”!?"
_SHORT: Final = 3
"""A dot behind so few letters is one of an initial: "S. K. Rao"."""
_NO_NAME: Final = (
    "offer_delays",
    "doubt",
    "asking",
    "no_name_words",
    "wants",
    "hiring",
    "negation",
)
"""Whoever says any of these says something else than a name."""


class NameKind(Enum):
    """Whose name is meant."""

    COMPANY = auto()
    CONTACT = auto()


@dataclass(frozen=True, slots=True)
class SaidNames:
    """The names in an answer to a question for one."""

    company: str | None = None
    """The company's, "" for having none; None where none is named."""
    contact: str = ""
    """The person's own, "" where none is named."""


@dataclass(frozen=True, slots=True)
class NameCorrection:
    """What is said to be wrong about a name."""

    kind: NameKind | None
    """Which name is meant; None where the words leave it open."""
    name: str
    """The right one, as it is written; "" where it is not said."""


def find_company(text: str) -> str:
    """Return the name in "we are …", "hamari company ka naam … hai": as it is written, on one line.

    "" where there is none, and for a text that is too long to be a name.
    """
    if len(text) > _CHARACTERS:
        return ""
    words = unicodedata.normalize("NFC", text).split()
    plain = [" ".join(split_words(word)) for word in words]
    before, after = ("before_company", "name_put"), ("after_company", "name_put")
    begin = next((n for n in range(len(words), 0, -1) if _only(plain[:n], *before)), 0)
    end = next((n for n in range(begin, len(words)) if _only(plain[n:], *after)), len(words))
    name = " ".join(words[begin:end]).strip(_SIGNS)
    return "" if _says_something_else(name, introduced=begin > 0) else name


def has_no_company(text: str) -> bool:
    """Whether somebody says that they hire for themselves: "no company", "ghar ke liye"."""
    said = split_words(text[:_CHARACTERS])
    return bool(said) and not phrase_set("no_company", "polite", "filler").without(said)


def names_company(text: str) -> bool:
    """Whether a text says that a company is called so: "dukan ka naam Sagar Store hai"."""
    said = split_words(text[:_CHARACTERS])
    return phrase_set("names_company").anywhere(said) and phrase_set("part_name").anywhere(said)


def introduced_names(text: str) -> SaidNames:
    """Return the names that a text about something else introduces: "600 roz, company Sagar Foods"."""
    said = split_words(text[:_CHARACTERS])
    if len(text) > _CHARACTERS or not phrase_set("part_name", "company_is").anywhere(said):
        return SaidNames()
    corrected = read_name_correction(text, "", "")
    if corrected is not None and corrected.kind is NameKind.COMPANY and corrected.name:
        return SaidNames(corrected.name)
    company, contact = None, ""
    for clause in _clauses(text):
        words = split_words(clause)
        begins = phrase_set("names_company").at(words, 0) if words else None
        if begins is not None and _calls_by_name(begins.words):
            company = company or find_company(_behind(clause, "names_company")) or None
        elif words and phrase_set("own_name").at(words, 0) and _calls_by_name(words):
            contact = contact or find_name(clause)
    return SaidNames(company, contact)


def without_names(text: str) -> str:
    """Return a text without its clauses that only introduce a name: "my name is Ravi" says nothing of a Sunday."""
    if introduced_names(text) == SaidNames():
        return text
    return ", ".join(clause for clause in _clauses(text) if not _introduces(clause))


def _introduces(clause: str) -> bool:
    words = split_words(clause)
    begins = _introductions().at(words, 0) if words else None
    return begins is not None and _calls_by_name(begins.words)


def _calls_by_name(words: Sequence[str]) -> bool:
    """Whether words say that what follows is a name: "dukan ka naam", but not "hamari company"."""
    return phrase_set("company_is").covers(words) or phrase_set("part_name").anywhere(words)


def _only(words: Sequence[str], *names: str) -> bool:
    said = [part for word in words for part in word.split()]
    return bool(said) and not phrase_set(*names).without(said)


def _says_something_else(name: str, *, introduced: bool) -> bool:
    """Whether these words are no name: a delay, a question, a yes, a sentence."""
    said = split_words(name)
    if not any(map(str.isalnum, name)) or (not introduced and intents(name)):
        return True
    numbered = [word for at, word in enumerate(said) if not _is_numbered(said, at)]
    if phrase_set(*_NO_NAME).anywhere(numbered):
        return True
    if not introduced and pay.unit_of_answer(name) is not None:
        return True  # "per day" answers the question before
    return not introduced and (
        len(said) > _MOST_WORDS or phrase_set("courtesy", "yes", section="intents").covers(said)
    )


def _is_numbered(said: Sequence[str], at: int) -> bool:
    """Whether a "no" stands for "number": "No. 1 Tailors"."""
    return said[at] == "no" and said[at + 1 : at + 2] != [] and said[at + 1].isdecimal()


# ── Both names in one answer ─────────────────────────────────────────────────────────────────────


def read_names(text: str, asked: NameKind) -> SaidNames:
    """Return the names in an answer: "Sagar Foods, my name is Ravi". What names none is read as the one asked for."""
    if len(text) > _CHARACTERS:
        return SaidNames()
    company: str | None = None
    contact = ""
    left: list[str] = []
    for clause in _clauses(text):
        said = split_words(clause)
        if said and phrase_set("names_company").at(said, 0) and not company:
            company = find_company(_behind(clause, "names_company")) or None
        elif said and phrase_set("own_name").at(said, 0) and not contact:
            contact = find_name(_behind(clause, "own_name")) or find_name(clause)
        elif asked is NameKind.COMPANY and has_no_company(clause) and company is None:
            company = ""
        elif not phrase_set("own_title").covers(said):
            left.append(_behind(clause, "part_name"))
    if not left:
        return SaidNames(company, contact)
    rest = ", ".join(left)
    if asked is NameKind.COMPANY and company is None:
        return SaidNames(find_company(rest) or None, contact)
    if asked is NameKind.CONTACT and not contact:
        return SaidNames(company, find_name(rest))
    return SaidNames(company, contact)


def _clauses(text: str) -> list[str]:
    """Return the parts of a text: at commas, full stops and new lines, and where a name is introduced."""
    clauses: list[list[str]] = [[]]
    text = _called().sub(r"\1 ", unicodedata.normalize("NFC", text.replace("\n", ", ")))
    words = text.split()
    plain = [" ".join(split_words(word)) or "-" for word in words]
    introduced = 0
    for at, word in enumerate(words):
        begins = _introductions().at(plain, at) if at >= introduced else None
        if begins is not None:
            introduced = at + len(begins.words)
            clauses.append([])
        clauses[-1].append(word)
        bare = word.rstrip(".")
        if word[-1] in ",;।" or (word[-1] == "." and len(bare) > _SHORT):
            clauses.append([])
    joined = [" ".join(clause).strip(_SIGNS) for clause in clauses]
    return [left for clause in joined if (left := _without_and(clause))]


@cache
def _introductions() -> Lexicon[bool]:
    return phrase_set("own_name", "names_company")


@cache
def _called() -> re.Pattern[str]:
    """Return the pattern of "name:" and "naam-"."""
    return re.compile(rf"({whole_word('phrases', 'part_name')})\s?[-:–]\s?", re.IGNORECASE)


def _behind(clause: str, introduction: str) -> str:
    """Return a clause without the phrase that introduces its name."""
    words = clause.split()
    plain = [" ".join(split_words(word)) or "-" for word in words]
    found = phrase_set(introduction).at(plain, 0)
    return clause if found is None else " ".join(words[len(found.words) :])


def _without_and(clause: str) -> str:
    """Return a clause without the "and" that joins it to the next."""
    words = clause.split()
    ands = phrase_set("and", section="calendar")
    while words and ands.covers(split_words(words[-1]) or ["-"]):
        words = words[:-1]
    while words and ands.covers(split_words(words[0]) or ["-"]):
        words = words[1:]
    return " ".join(words)


# ── A correction ─────────────────────────────────────────────────────────────────────────────────


def read_name_correction(
    text: str, company: str, contact: str, *, is_read_back: bool = True
) -> NameCorrection | None:
    """Return which name is said to be wrong, and the right one: "naam galat hai, Meera likho"; else None.

    `company` and `contact` are the names that are known: beside the right one they are what is denied. Where
    they were read back, "name should be Meera" corrects one, too; where a name is asked for, it is the answer.
    """
    if len(text) > _CHARACTERS:
        return None
    said = split_words(text)
    names = phrase_set("part_name").anywhere(said)
    of_company = phrase_set("part_company").anywhere(said)
    words = unicodedata.normalize("NFC", text).split()
    plain = [" ".join(split_words(word)) or "-" for word in words]
    denied = _denied(plain, company, contact)
    lists = ("name_wrong", "name_put") if is_read_back else ("name_wrong",)
    if not names or not (denied or phrase_set(*lists).anywhere(said)):
        return None
    left = [
        words[span.start]
        for span in _around_corrections().scan(plain)
        if span.meaning is None and span.start not in denied
    ]
    name = " ".join(left).strip(_SIGNS)
    if name and _says_something_else(name, introduced=True):
        return None
    own = phrase_set("my").anywhere(said)
    return NameCorrection(_kind(name, of_company=of_company, own=own), name)


@cache
def _around_corrections() -> Lexicon[bool]:
    return phrase_set(
        *("names_company", "own_name", "part_name", "name_wrong", "name_put", "name_around"),
        *("filler", "polite", "change_words", "negation"),
    )


def _denied(plain: Sequence[str], *known: str) -> range:
    """Return where a known name stands beside a "not": in front of "nahi", or behind "not"."""
    for name in filter(None, known):
        wanted = [" ".join(split_words(word)) for word in name.split()]
        for at in range(len(plain)):
            # "Ravi nahi" denies Ravi Kumar, too.
            alike = zip(plain[at:], wanted, strict=False)
            end = at + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], alike))
            beside = [*plain[max(0, at - 1) : at], *plain[end : end + 1]]
            if end > at and phrase_set("negation").anywhere(beside):
                return range(at, end)
    return range(0)


def _kind(name: str, *, of_company: bool, own: bool) -> NameKind | None:
    if of_company:
        return NameKind.COMPANY
    words = split_words(name)
    if phrase_set("business", section="places").anywhere(words):
        return NameKind.COMPANY
    called = bool(words) and any(map(is_called_so, words))
    return NameKind.CONTACT if own or called else None
