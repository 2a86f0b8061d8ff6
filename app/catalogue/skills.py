"""The catalogue of skills: what a job can ask for and a worker can have."""

import re
import tomllib
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, lru_cache
from importlib.resources import files
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Final

from app.catalogue.skill_words import Words, content_of, heads_only
from app.core.languages import DEFAULT_LANGUAGE

MASK_BITS: Final = 63
"""Bits of one mask: it is stored as a signed 64-bit integer and must stay positive."""
MOST_BITS: Final = 2_046
"""Skills there can be: the key of `worker_skill_match` has room for so many. The two masks hold the first 126 only."""

_TYPO_RATIO: Final = 0.8
"""How alike a mistyped word must be; "waitr" is .91 of "waiter", "weight" .67."""
_TYPO_MORE_LETTERS: Final = 2
_TYPO_LETTERS: Final = 4
"""Shorter words are too like each other for a guess."""


WANTED_MOST: Final = (
    "waiter kitchen_helper bike_delivery shop_assistant home_cleaner security_guard picker_packer "
    "cook event_staff cashier telecaller data_entry child_care car_driver loader promoter"
).split()
"""What part-time jobs ask for most: what somebody most probably means who says "helper"."""
_DEMAND: Final = {slug: place for place, slug in enumerate(WANTED_MOST)}

_ASCII_WORDS: Final = re.compile(r"[a-z0-9]+")
_SPELT_ALIKE: Final = {0x093C: None, 0x0901: 0x0902}
"""The nukta goes; the chandrabindu becomes the anusvara."""


class CatalogueBroken(ValueError):
    """The data file contradicts itself; the message says where."""


@dataclass(frozen=True, slots=True)
class Category:
    """A field of work that a job belongs to."""

    slug: str
    names: Mapping[str, str]
    """By language."""

    def name(self, language: str) -> str:
        """Return the name in `language`, in the default language where there is none."""
        return self.names.get(language) or self.names[DEFAULT_LANGUAGE]


@dataclass(frozen=True, slots=True)
class Skill:
    """Something a worker can do; `bit` is its permanent place in the masks."""

    slug: str
    bit: int
    isco08: str
    category: str
    names: Mapping[str, str]
    """By language."""
    aliases: tuple[str, ...]

    def name(self, language: str) -> str:
        """Return the name in `language`, in the default language where there is none."""
        return self.names.get(language) or self.names[DEFAULT_LANGUAGE]

    @property
    def known_as(self) -> tuple[str, ...]:
        """Return its names in all languages, then the aliases."""
        return (*self.names.values(), *self.aliases)


def fold(text: str) -> str:
    """Return `text` as it is compared: no case, accents, punctuation or doubled spaces.

    Devanagari keeps its vowel signs, which are marks too but make the word; only the nukta goes,
    which people often leave out, and the chandrabindu is written as the anusvara that often stands
    for it. Joiners, which change how letters look and not which they are, go.
    """
    if text.isascii():
        return " ".join(_ASCII_WORDS.findall(text.lower()))
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = (
        c if unicodedata.category(c)[0] in "LN" or _is_indic_mark(c) else " "
        for c in decomposed
        if _is_indic_mark(c) or unicodedata.category(c) not in {"Mn", "Cf"}
    )
    return " ".join("".join(kept).translate(_SPELT_ALIKE).split())


def _is_indic_mark(character: str) -> bool:
    return "\u0900" <= character <= "\u0963"


@dataclass(frozen=True, slots=True)
class _Catalogue:
    skills: Mapping[str, Skill]
    categories: Mapping[str, Category]
    words: Mapping[str, tuple[str, ...]]
    """The folded names and aliases of each skill, by slug; its names come first."""


@cache
def _load() -> _Catalogue:
    raw = tomllib.loads(files("app.catalogue").joinpath("data/skills.toml").read_text("utf-8"))
    categories = {slug: Category(slug, names) for slug, names in raw["categories"].items()}
    skills = {slug: _skill(slug, row) for slug, row in raw["skills"].items()}
    _check(skills.values(), categories)
    words = {
        skill.slug: tuple(
            dict.fromkeys(
                fold(text)
                for text in (
                    *skill.names.values(),
                    skill.slug.replace("_", " "),
                    *skill.aliases,
                )
            )
        )
        for skill in skills.values()
    }
    return _Catalogue(MappingProxyType(skills), MappingProxyType(categories), words)


def _skill(slug: str, row: dict[str, Any]) -> Skill:
    return Skill(
        slug, row["bit"], row["isco"], row["category"], row["names"], tuple(row["aliases"])
    )


def _check(skills: Collection[Skill], categories: Mapping[str, Category]) -> None:
    owners: dict[str, str] = {}
    bits: set[int] = set()
    for skill in skills:
        if skill.bit in bits or not 0 <= skill.bit < MOST_BITS:
            raise CatalogueBroken(f"{skill.slug}: bit {skill.bit} is taken or out of range")
        bits.add(skill.bit)
        if skill.category not in categories:
            raise CatalogueBroken(f"{skill.slug}: no category {skill.category}")
        for text in {fold(name) for name in skill.known_as}:
            if owners.setdefault(text, skill.slug) != skill.slug:
                raise CatalogueBroken(f"{text!r} names both {owners[text]} and {skill.slug}")


def __getattr__(name: str) -> Any:
    """Read the file on first use: `SKILLS` and `CATEGORIES`, by slug."""
    if name == "SKILLS":
        return _load().skills
    if name == "CATEGORIES":
        return _load().categories
    raise AttributeError(name)


SKILLS: Mapping[str, Skill]
CATEGORIES: Mapping[str, Category]


def search(q: str, language: str | None = None, limit: int = 20) -> list[Skill]:
    """Return the skills that `q` may mean, best first; an empty `q` lists all, by category and name.

    In this order: a name or alias that is `q`, one that begins with it, one with a word that begins
    with it, one that stands whole in `q` ("data entry operator"), one that `q` may be a typing error
    of. Of equals, what is wanted most comes first; `language` orders the rest by that language's names.
    """
    catalogue = _load()
    order = language or DEFAULT_LANGUAGE
    wanted = fold(q[:SEARCHED_CHARACTERS])
    if not wanted:
        every = sorted(catalogue.skills.values(), key=lambda s: (s.category, s.name(order)))
        return every[:limit]
    return list(_found(wanted, order)[:limit])


@lru_cache(maxsize=4_096)
def _found(wanted: str, language: str) -> Sequence[Skill]:
    """Return all that a folded text may mean, best first; many people type the same."""
    skills = _load().skills
    # Guesses at a typing error only where nothing fits as it is typed.
    ranks = _fitting(wanted) or _mistyped(wanted)
    ranked = sorted(
        (rank, _DEMAND.get(slug, len(_DEMAND)), skills[slug].name(language), slug)
        for slug, rank in ranks.items()
    )
    return tuple(skills[slug] for *_, slug in ranked)


@cache
def _by_name() -> Mapping[str, str]:
    """Every name and alias, folded, with its skill: each belongs to one (`_check`)."""
    return {fold(name): skill.slug for skill in _load().skills.values() for name in skill.known_as}


def find_named(text: str) -> str | None:
    """Return the skill that is called exactly so, in whatever language, or None."""
    return _by_name().get(fold(text))


SEARCHED_CHARACTERS: Final = 100
"""Of a longer text the rest is not searched for: no skill has half so long a name."""
_WORD_LETTERS: Final = 4
"""A shorter alias within a longer text is as likely another word: "nai" is a barber, and a no."""

_WITHIN: Final = 3
"""The rank of what is found within a longer title."""

type _Rank = tuple[int, float]


@dataclass(frozen=True, slots=True)
class _Name:
    """A folded name or alias, with what finding it needs."""

    slug: str
    text: str
    letters: int
    """A bit for each letter there is in it."""


@dataclass(frozen=True, slots=True)
class _Names:
    """All names, and ways to leave most of them out at once."""

    every: Sequence[_Name]
    joined: str
    """All texts, each word with a space before it."""
    starts: Sequence[int]
    """Where in it each begins."""
    bits: Mapping[str, int]
    """Of each letter in any of them."""
    by_text: Mapping[str, Sequence[str]]
    """Slugs."""
    by_length: Mapping[int, Sequence[_Name]]
    most_words: int


@cache
def _names() -> _Names:
    texts = [(slug, text) for slug, words in _load().words.items() for text in words]
    used = sorted({letter for _, text in texts for letter in text})
    bits = {letter: 1 << number for number, letter in enumerate(used)}
    every = [_Name(slug, text, sum(bits[each] for each in set(text))) for slug, text in texts]
    by_text: dict[str, list[str]] = {}
    by_length: dict[int, list[_Name]] = {}
    for name in every:
        by_text.setdefault(name.text, []).append(name.slug)
        by_length.setdefault(len(name.text), []).append(name)
    joined = "\n".join(f" {name.text}" for name in every)
    starts = [0, *accumulate(len(name.text) + len(" \n") for name in every[:-1])]
    most_words = max(name.text.count(" ") + 1 for name in every)
    return _Names(every, joined, starts, bits, by_text, by_length, most_words)


@cache
def _words() -> Words:
    return Words((name.slug, name.text) for name in _names().every)


def _fitting(wanted: str) -> dict[str, _Rank]:
    """Return how well `wanted` fits each skill as it is typed, the smaller the better."""
    ranks: dict[str, _Rank] = {}
    names = _names()
    at = names.joined.find(f" {wanted}")
    while at >= 0:
        number = bisect_right(names.starts, at) - 1
        name = names.every[number]
        begins = 0 if name.text == wanted else 1
        _note(ranks, name.slug, (begins if at == names.starts[number] else 2, 0.0))
        at = names.joined.find(f" {wanted}", at + 1)
    words = wanted.split()
    said = frozenset(content_of(words))
    covered = False
    within: dict[str, _Rank] = {}
    for first in range(len(words)):
        for last in range(first + 1, min(len(words), first + names.most_words) + 1):
            text = " ".join(words[first:last])
            if len(text) >= _WORD_LETTERS and not heads_only(text):
                for slug in names.by_text.get(text, ()):
                    _note(within, slug, (_WITHIN, -float(len(text))))
                    covered |= said <= frozenset(words[first:last])
    if ranks or covered:
        return within | ranks
    # What stands in it is not all that names work: it is a title of other words.
    return {slug: (_WITHIN, -score) for slug, score in _words().find(wanted).items()} or within


def _mistyped(wanted: str) -> dict[str, _Rank]:
    """Return which skills `wanted` may be a typing error of, the smaller the likelier."""
    ranks: dict[str, _Rank] = {}
    long, bits = len(wanted), _names().bits
    if long < _TYPO_LETTERS:
        return ranks
    letters = sum(bits.get(letter, 0) for letter in set(wanted))
    known = long - sum(letter not in bits for letter in set(wanted))
    for short in range(long - _TYPO_MORE_LETTERS, long + _TYPO_MORE_LETTERS + 1):
        for name in _names().by_length.get(short, ()):
            # No more letters can match than both have: most names are ruled out by that alone.
            most = min(
                known - (letters & ~name.letters).bit_count(),
                short - (name.letters & ~letters).bit_count(),
            )
            if name.text[0] == wanted[0] and 2 * most >= _TYPO_RATIO * (long + short):
                ratio = SequenceMatcher(None, wanted, name.text).ratio()
                if ratio >= _TYPO_RATIO:
                    _note(ranks, name.slug, (4, -ratio))
    return ranks


def _note(ranks: dict[str, _Rank], slug: str, rank: _Rank) -> None:
    ranks[slug] = min(ranks.get(slug, rank), rank)


def masks(slugs: Iterable[str]) -> tuple[int, int]:
    """Return the two masks of these skills, each below 2**63. Raises KeyError for an unknown one.

    Skills whose bit is `2 * MASK_BITS` or more are in neither.
    """
    low = high = 0
    for slug in slugs:
        bit = _load().skills[slug].bit
        if bit < MASK_BITS:
            low |= 1 << bit
        elif bit < 2 * MASK_BITS:
            high |= 1 << (bit - MASK_BITS)
    return low, high


def unknown(slugs: Iterable[str]) -> list[str]:
    """Return those of `slugs` that no skill has."""
    return [slug for slug in slugs if slug not in _load().skills]


def names(slugs: Iterable[str], language: str) -> list[str]:
    """Return the names of these skills in `language`; an unknown slug stands for itself."""
    known = _load().skills
    return [known[slug].name(language) if slug in known else slug for slug in slugs]
