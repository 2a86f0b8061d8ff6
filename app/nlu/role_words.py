"""Find the work that a job's text names: by its very name, by words that name one, or out of a list. Pure.

A role is guessed only from words that name work. Small talk, a "no" and words of every day name none, though
a trade may begin alike: "came" is no cameraman.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from app.catalogue import skills
from app.nlu.common_words import is_common
from app.nlu.head_count import parse_count
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_words
from app.nlu.place_phrases import MOST_CHARACTERS, fillers
from app.nlu.vocabulary import named_phrases, phrase_set, word_set

MOST_OPTIONS: Final = 8
_LONGEST_NAME: Final = 5
"""Words in the name of a role."""
_LEAST_LETTERS: Final = 4
_ONE: Final = frozenset({"a", "an", "1"})
_ANSWER_CHARACTERS: Final = 100


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


def strongest(named: Sequence[Named]) -> list[str]:
    """Return the roles that are meant: a setting is one only where nothing else is named."""
    work = [one for one in named if not one.is_setting]
    return [*dict.fromkeys(one.slug for one in work or named)]


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
    return not first or any(form in _first_words() for form in forms)


@cache
def _first_words() -> frozenset[str]:
    return frozenset(name.split()[0] for name in _names() if name)


def _named(words: Sequence[str]) -> str | None:
    said = skills.fold(" ".join(words))
    if not said or said in fillers():
        return None
    for form in (said, said.removesuffix("s"), said.removesuffix("es")):
        if slug := _names().get(form):
            return slug
    return None


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
    words = [word for word in skills.fold(said).split() if len(word) >= _LEAST_LETTERS]
    rare = any(not is_common(word) for word in words)
    for form in (said, said.removesuffix("s")):
        found = [skill.slug for skill in skills.search(form, language, MOST_OPTIONS)]
        meant = [slug for slug in found if rare or not _words_of(slug).isdisjoint(words)]
        if meant:
            return meant
    return []


# ── A list to choose from ────────────────────────────────────────────────────────────────────────


def choose_role(text: str, options: Sequence[str]) -> Sequence[str]:
    """Return those of `options` that an answer may mean: "2", "the second one", "helper".

    None of them where it names other work, or none at all.
    """
    if len(text) > _ANSWER_CHARACTERS:
        return ()
    words = phrase_set("polite", "filler", "wants").without(split_words(text))
    number = _number(split_words(text), words)
    if number is not None:
        return options[number - 1 : number] if number else ()
    said = {skills.fold(word) for word in words} - {""}
    if not said:
        return ()
    whole = [slug for slug in options if _named(words) == slug]
    if whole or _named(words) is not None:
        return whole
    fits = [slug for slug in options if said <= _said_of(slug)]
    return fits if len(fits) < len(options) else ()


def _number(whole: Sequence[str], words: Sequence[str]) -> int | None:
    """Return the number in an answer that is a number, or says which of the list."""
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
