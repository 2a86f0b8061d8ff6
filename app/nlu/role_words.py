"""Find the work that a job's text names: by its very name, by words that name one, or out of a list. Pure.

A role is guessed only from words that name work. Small talk, a "no" and words of every day name none, though
a trade may begin alike: "came" is no cameraman.
"""

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from app.catalogue import skills
from app.catalogue.phonetics import distance
from app.nlu import negation
from app.nlu.common_words import is_common
from app.nlu.head_count import parse_count
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import normalize, split_words
from app.nlu.numbers import count_words
from app.nlu.place_phrases import MOST_CHARACTERS, fillers
from app.nlu.spelling import bones
from app.nlu.vocabulary import named_phrases, phrase_set, word_set

MOST_OPTIONS: Final = 8
_LONGEST_NAME: Final = 5
"""Words in the name of a role."""
_LEAST_LETTERS: Final = 4
_ONE: Final = frozenset({"a", "an", "1"})
_ANSWER_CHARACTERS: Final = 100
_ANY_DAY: Final = dt.date(2000, 1, 1)
"""No answer to the question for the role names a day."""
_RANGE: Final = re.compile(r"(\d{1,2})[-–](\d{1,2})")
_NARROW, _FEW = 2, 6
"""A range so narrow that begins so low is one of people: "2-3 waiters", but not "9-11 cook"."""
_SIGNS: Final = frozenset("-–:=x*")
_LEAST_HEARD: Final = 3
"""Consonants by which a misspelt role is known."""


@dataclass(frozen=True, slots=True)
class Named:
    """A role that words name."""

    slug: str
    said: str
    """The words, as they are compared."""

    @property
    def is_setting(self) -> bool:
        """Whether the words say where or for what the work is, when other words name the work: "shaadi", "mall"."""
        return phrase_set("settings", section="job").covers(self.said.split())

    @property
    def is_vague(self) -> bool:
        """Whether several kinds of work are called by this word alone: "attendant", "porter"."""
        return self.said in _may_mean()

    @property
    def may_mean(self) -> Sequence[str]:
        """The kinds of work that are likely where nothing but a setting or a vague word is named."""
        return _may_mean().get(self.said) or [self.slug]

    @property
    def is_generic(self) -> bool:
        """Whether the words name a worker of any kind, where other words name the work: "bai", "helper"."""
        return phrase_set("generic_roles", section="job").covers(self.said.split())


@cache
def _may_mean() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for slug, word in named_phrases("may_mean"):
        found.setdefault(skills.fold(word), []).append(slug)
    return found


def strongest(named: Sequence[Named]) -> list[str]:
    """Return the roles that are meant: a setting or a "helper" is one only where nothing else is named."""
    work = [one for one in named if not one.is_setting] or named
    work = [one for one in work if not one.is_generic] or work
    return [*dict.fromkeys(one.slug for one in work)]


@dataclass(frozen=True, slots=True)
class RoleCount:
    """How many people are wanted for a role."""

    people: int
    said: str
    """The number with the words that it counts."""
    sure: bool = True
    """Whether it is one number, and no range."""


def take_counts(text: str) -> tuple[str, list[RoleCount]]:
    """Take the numbers beside a role's name out of a normalized text: "15 waiter", "2-3 cooks", "Waiter - 6".

    A number behind "to" or "at", or before an hour, counts nobody.
    """
    words = text.split(" ")
    counts: list[RoleCount] = []
    left: list[str] = []
    at = 0
    while at < len(words):
        people, sure, numbers = _number_at(words, at)
        begin = at + numbers
        length = _role_length(words, begin)
        behind = _number_behind(words, begin + length) if length and people is None else None
        if length and (people is not None or behind is not None):
            end = begin + length + (2 if behind is not None else 0)
            counts.append(RoleCount(people or behind or 1, " ".join(words[at:end]), sure))
            left += words[begin : begin + length]
            at = end
            continue
        left.append(words[at])
        at += 1
    return (" ".join(left) if counts else text), counts


def _number_at(words: Sequence[str], at: int) -> tuple[int | None, bool, int]:
    """Return the number of people that stands here, whether it is one number, and how many words it has."""
    none = (None, True, 0)
    before = words[at - 1].strip(".:-") if at else ""
    if before in word_set("job", "hour_before", "numbered") or before[-1:].isdecimal():
        return none
    if (span := _RANGE.fullmatch(words[at])) is not None:
        low, high = int(span[1]), int(span[2])
        return (high, False, 1) if low < high <= low + _NARROW and low <= _FEW else none
    if words[at].isdecimal():
        people = parse_count(words[at])
        return none if people is None else (people, True, 1)
    named = _numbers().at(words, at)
    return (
        none if named is None or named.meaning is None else (named.meaning, True, len(named.words))
    )


@cache
def _numbers() -> Lexicon[int]:
    return Lexicon(count_words().items())


def _number_behind(words: Sequence[str], at: int) -> int | None:
    """Return the number of a list's line, "Waiter - 6"; None for hours, "waiter - 6 to 11"."""
    if at + 1 >= len(words) or words[at] not in _SIGNS or not words[at + 1].isdecimal():
        return None
    after = words[at + 2] if at + 2 < len(words) else ""
    others = word_set("job", "hour_before", "years", "old") | word_set("units", "hour", "day")
    is_other = after in others | word_set("hours", "clock", "morning_half", "evening_half")
    return None if is_other else parse_count(words[at + 1])


def _role_length(words: Sequence[str], at: int) -> int:
    """Return how many words the name of a role has that begins here, at most `_LONGEST_NAME`; 0 where none does."""
    generic = word_set("job", "generic_roles")
    if at >= len(words) or not words[at][:1].isalpha():
        return 0
    for length in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
        part = words[at : at + length]
        if part[-1][-1:].isalnum() and _may_begin(part[0]) and _named(part) is not None:
            return length
    return int(words[at].strip(".,") in generic - word_set("job", "people"))


def roles_in(chunk: str) -> tuple[list[str], list[str], int | None]:
    """Return as `named_in`, with the roles that are meant."""
    left, named, people = named_in(chunk)
    return left, strongest(named), people


def named_in(chunk: str) -> tuple[list[str], list[Named], int | None]:
    """Take the roles named exactly out of a chunk; return what is left, them, and how many people.

    Of a longer chunk than anybody writes of a job the rest is left out.
    """
    words = chunk[:MOST_CHARACTERS].split()
    begins = [at for at, word in enumerate(words) if _may_begin(word)]
    for length in range(min(_LONGEST_NAME, len(words)), 0, -1):
        for at in begins:
            slug = _named(words[at : at + length]) if at + length <= len(words) else None
            if slug is None:
                continue
            before, people = words[:at], None
            numbered = len(before) > 1 and before[-2] in word_set("job", "numbered")
            if (
                before
                and not numbered
                and (before[-1] in _ONE or parse_count(before[-1]) is not None)
            ):
                people = 1 if before[-1] in _ONE else parse_count(before[-1])
                before = before[:-1]
            left, first, some = named_in(" ".join(before))
            right, last, more = named_in(" ".join(words[at + length :]))
            one = Named(slug, skills.fold(" ".join(words[at : at + length])))
            return [*left, *right], [*first, one, *last], people or some or more
    return [" ".join(words)], [], None


@lru_cache(maxsize=4_096)
def _may_begin(word: str) -> bool:
    """Return whether a role's name may begin with this word; what is no word may stand before any."""
    first, *_ = skills.fold(word).split() or [""]
    forms = (first, first.removesuffix("s"), first.removesuffix("es"))
    known = not first or any(form in _first_words() for form in forms)
    return known or _misspelt(first) is not None


@cache
def _first_words() -> frozenset[str]:
    return frozenset(name.split()[0] for name in _names() if name)


def _named(words: Sequence[str]) -> str | None:
    return _named_by(" ".join(words))


@lru_cache(maxsize=4_096)
def _named_by(phrase: str) -> str | None:
    """Return the role of that name; kept, because each reader of a message asks for the same phrases."""
    said = skills.fold(phrase)
    if not said or said in fillers():
        return None
    for form in (said, said.removesuffix("s"), said.removesuffix("es")):
        if slug := _names().get(form):
            return slug
    return _misspelt(said) if " " not in phrase else None


@lru_cache(maxsize=4_096)
def _misspelt(said: str) -> str | None:
    """Return the role of whose name a word has all consonants: "drivr", "recptionist"; None for a common word."""
    frame = bones(said)
    if len(frame) < _LEAST_HEARD or not said.isascii() or is_common(said):
        return None
    near = {
        slug
        for name, slug in _by_bones().get(frame, ())
        if name[0] == said[0] and (said == frame or distance(said, name) <= 1 + (len(said) > _LONG))
    }
    return near.pop() if len(near) == 1 else None


_LONG: Final = 6
"""In a longer word two letters may be wrong."""


@cache
def _by_bones() -> Mapping[str, Sequence[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for name, slug in _names().items():
        if name.isascii() and name.isalpha() and not is_common(name):
            found.setdefault(bones(name), []).append((name, slug))
    return found


@cache
def _names() -> Mapping[str, str]:
    phrases = {skills.fold(phrase): slug for slug, phrase in named_phrases("role_phrases")}
    return phrases | {
        skills.fold(name): skill.slug for skill in skills.SKILLS.values() for name in skill.known_as
    }


@cache
def _words_of(slug: str) -> frozenset[str]:
    """Return the words of a role's names, without those that name no work by themselves."""
    skill = skills.SKILLS[slug]
    words = {word for name in skill.known_as for word in skills.fold(name).split()}
    return frozenset(
        word for word in words if len(word) >= _LEAST_LETTERS and word not in fillers()
    )


def begins_a_role(said: str) -> bool:
    """Return whether a role's name, or a word of one, begins with this."""
    wanted = skills.fold(said).removesuffix("s")
    if len(wanted) < _LEAST_LETTERS or (is_common(said) and not _is_of_a_name(wanted)):
        return False
    beginnings = _beginnings()
    place = bisect_left(beginnings, wanted)
    return place < len(beginnings) and beginnings[place].startswith(wanted)


@cache
def _beginnings() -> list[str]:
    """Return the roles' names and the words of them, sorted."""
    return sorted({part for name in _names() for part in (name, *name.split())})


@cache
def _every_word() -> frozenset[str]:
    return frozenset(word for slug in skills.SKILLS for word in _words_of(slug))


def _is_of_a_name(word: str) -> bool:
    return word in _every_word()


def guess_roles(said: str, language: str) -> list[str]:
    """Return the roles that words may mean, the likeliest first; none for words that name no work."""
    said = said[: skills.SEARCHED_CHARACTERS]
    if not skills.fold(said):
        # Of an emoji nothing is left to look for.
        return []
    folded = skills.fold(said).split()
    if vague := next(filter(None, map(_may_mean().get, folded)), None):
        return [*vague]
    words = [word for word in folded if len(word) >= _LEAST_LETTERS]
    rare = any(not is_common(word) for word in words)
    for form in (said, said.removesuffix("s")):
        found = [skill.slug for skill in skills.search(form, language, MOST_OPTIONS)]
        meant = [slug for slug in found if rare or not _words_of(slug).isdisjoint(words)]
        if meant:
            return meant
    return []


# ── A list to choose from ────────────────────────────────────────────────────────────────────────


def choose_role(text: str, options: Sequence[str]) -> Sequence[str]:
    """Return those of `options` that an answer may mean: "2", "the second one", "helper", "cook nahi helper".

    None of them where it names other work, or none at all.
    """
    if len(text) > _ANSWER_CHARACTERS:
        return ()
    whole_words = split_words(text)
    words = phrase_set("polite", "filler", "wants").without(whole_words)
    number = _number(whole_words, words)
    if number is not None:
        return options[number - 1 : number] if number else ()
    said = {skills.fold(word) for word in words} - {""}
    if not said:
        return ()
    whole = [slug for slug in options if _named(words) == slug]
    if whole or _named(words) is not None:
        return whole
    fits = [slug for slug in options if said <= _said_of(slug)]
    if fits:
        return fits if len(fits) < len(options) else ()
    return _best_fit(text, options)


def _best_fit(text: str, options: Sequence[str]) -> Sequence[str]:
    """Return the option of whose names most words are said, in a sentence of words that name no other work."""
    denied = negation.read(normalize(text), _ANY_DAY)
    said = [word for clause in denied.said for word in split_words(clause)]
    others = {slug for clause in denied.others for slug in options if _hits(clause.split(), slug)}
    left = [slug for slug in options if slug not in others]
    if not said:
        return left if others and len(left) == 1 else ()
    known = {slug: _hits(said, slug) for slug in left}
    most = max((len(hits) for hits in known.values()), default=0)
    best = [slug for slug in left if len(known[slug]) == most]
    meant = set().union(*(known[slug] for slug in best)) if most else set()
    strange = [word for word in said if word not in meant and not _says_nothing(word)]
    return best if most and len(best) < len(options) and not strange else ()


def _hits(words: Sequence[str], slug: str) -> set[str]:
    """Return those of the words that are of a role's names, however they are spelt."""
    names = _said_of(slug)
    frames = {bones(name) for name in names if name.isascii()}
    return {
        word
        for word in words
        if (said := skills.fold(word))
        and not _says_nothing(word)
        and (
            said in names
            or said.removesuffix("s") in names
            or (said.isascii() and bones(said) in frames and len(bones(said)) > 1)
        )
    }


def _says_nothing(word: str) -> bool:
    around = phrase_set("polite", "filler", "wants", "change_words", "asking")
    return around.covers([word]) or word in fillers()


def _number(whole: Sequence[str], words: Sequence[str]) -> int | None:
    """Return the number in an answer that is a number, or says which of the list."""
    counted = word_set("job", "numbered", "option")
    if len(whole) == 2 and whole[1].isdecimal() and whole[0] in counted and len(whole[1]) < 3:
        return int(whole[1])
    found = {int(span.meaning) for span in _ordinals().scan(whole) if span.meaning is not None}
    if len(found) == 1:
        return found.pop()
    only = words or whole
    return int(only[0]) if len(only) == 1 and only[0].isdecimal() and len(only[0]) < 3 else None


@cache
def _ordinals() -> Lexicon[str]:
    return Lexicon((phrase, number) for number, phrase in named_phrases("ordinals"))


@cache
def _said_of(slug: str) -> frozenset[str]:
    skill = skills.SKILLS[slug]
    return frozenset(word for name in skill.known_as for word in skills.fold(name).split())
