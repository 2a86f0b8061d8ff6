"""Reads a message for all the facts about a worker: "hi i am Ravi 24 cook from Andheri free weekends". Pure.

Each reader takes the words that are surely its own and leaves the others: an introduced name first, then numbers
with their units, hours, skills, a name without an introduction, and last the home. What no reader took stays in
`rest`. A guess at one fact is left to the question that asks for it; here it would be wrong in silence.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from app.catalogue import places
from app.catalogue.skills import find_named
from app.core.week import Slot
from app.nlu.common_words import is_called_so, said_around
from app.nlu.fact import Confidence, Fact
from app.nlu.home_place import HomeFact, find_home
from app.nlu.intents import language_named
from app.nlu.introduced_name import find_introduced
from app.nlu.lexicon import Lexicon
from app.nlu.message_words import Word, words_of
from app.nlu.normalize import split_words
from app.nlu.person_name import read_name_answer
from app.nlu.skill_corrections import read_change
from app.nlu.time_tokens import PARTS
from app.nlu.unread_words import UnreadWords
from app.nlu.vocabulary import phrase_set, phrases, word_set
from app.nlu.worker_figures import take_bare_age, take_measures
from app.nlu.worker_hours import take_hours

FACTS: Final = ("name", "age", "skills", "place", "distance_km", "years", "slots", "language")
_LONGEST_SKILL: Final = 4
_LEAST_SKILL: Final = 3
"""Letters of a skill's name: shorter ones are other words."""
_LONGEST_NAME: Final = 3


@dataclass(frozen=True, slots=True)
class WorkerFrame:
    """What one message says of a worker."""

    name: Fact[str] | None = None
    age: Fact[int] | None = None
    skills: Fact[tuple[str, ...]] | None = None
    """Slugs."""
    place: HomeFact | None = None
    distance_km: Fact[float] | None = None
    years: Fact[int] | None = None
    """Of experience."""
    slots: Fact[tuple[Slot, ...]] | None = None
    language: Fact[str] | None = None
    words: tuple[Word, ...] = ()
    taken: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Which of the words each fact took, by its name."""

    @property
    def facts(self) -> Mapping[str, Fact[Any]]:
        """The facts there are, by name."""
        named = ((name, getattr(self, name)) for name in FACTS)
        return {name: fact for name, fact in named if fact is not None}

    @property
    def rest(self) -> tuple[str, ...]:
        """The words that no fact took, normalized."""
        used = {at for some in self.taken.values() for at in some}
        return tuple(word.plain for at, word in enumerate(self.words) if at not in used)

    def text_without(self, *facts: str) -> str:
        """Return the message as it was written, without the words of these facts."""
        used = {at for name in facts for at in self.taken.get(name, ())}
        parts: list[str] = []
        latest = -1
        for at, word in enumerate(self.words):
            if at in used:
                if parts and word.ends:
                    parts[-1] = f"{parts[-1].rstrip(',')},"
                continue
            if word.origin != latest:
                parts.append(word.written)
            latest = word.origin
            if word.ends:
                parts[-1] = f"{parts[-1].rstrip(',')},"
        return " ".join(parts).strip(" ,")


def read_worker(
    text: str,
    *,
    city: str | None = None,
    language: str = "en",
    today: int | None = None,
    asked_name: bool = False,
) -> WorkerFrame:
    """Return every fact of a message; `city` is where the worker is known to live.

    `today` is the weekday (Monday 0) that "tomorrow" counts from; with `asked_name` a name at the beginning needs
    no other fact beside it.
    """
    left = UnreadWords(words_of(text))
    left.drop(_greetings())
    language_fact = _take_language(left)
    name = _take_introduced(left)
    distance, years, age = take_measures(left)
    slots = take_hours(left, today)
    skills = _take_skills(left, text, language)
    age = age or take_bare_age(left)
    if name is None:
        sure = bool(asked_name or age or skills or slots or distance or years)
        name = _take_first_name(left, sure=sure)
        age = age or take_bare_age(left)
    place = _take_place(left, city, alone=not any((name, age, skills, slots, distance, years)))
    if skills is not None and _leaves_words(left):
        skills = replace(skills, confidence=Confidence.LIKELY)
    return WorkerFrame(
        *(name, age, skills, place, distance, years, slots, language_fact),
        words=tuple(left.words),
        taken=left.taken,
    )


def introduces_worker(text: str) -> bool:
    """Whether somebody tells their name and age, and no wish for people: "ravi 24 cook", which are no 24 cooks."""
    if phrase_set("hiring", "wants").anywhere(split_words(text)):
        return False
    frame = read_worker(text)
    return frame.name is not None and frame.age is not None


@cache
def _greetings() -> Lexicon[bool]:
    known = [*phrases("intents", "greeting"), *phrases("phrases", "polite")]
    return Lexicon((phrase, True) for phrase in known)


# ── Language and name ────────────────────────────────────────────────────────────────────────────


def _take_language(left: UnreadWords) -> Fact[str] | None:
    """Return the language that a clause of its own asks for: "hindi mein, main Ravi hoon"."""
    for start, end in left.runs():
        clause = " ".join(left.plain[start:end])
        if end - start < len(left.words) and (named := language_named(clause)) is not None:
            return Fact(named, Confidence.CERTAIN, left.take("language", start, end))
    return None


def _take_introduced(left: UnreadWords) -> Fact[str] | None:
    found = find_introduced(left.words)
    if found is None:
        return None
    left.take("name", found[1].start, found[1].stop)
    return found[0]


def _take_first_name(left: UnreadWords, *, sure: bool) -> Fact[str] | None:
    """Return the name that a message begins with, where another fact or a comma follows: "Ravi 24 cook".

    Where it is not `sure` that the message tells of a person, only an age behind it makes it one.
    """
    start = next((at for at, free in enumerate(left.free) if free), None)
    if start is None or any(
        not free and left.plain[at].isalpha() and not _greetings().at([left.plain[at]], 0)
        for at, free in enumerate(left.free[:start])
    ):
        return None
    end = start
    while (
        end < len(left.words)
        and end - start < _LONGEST_NAME
        and left.free[end]
        and is_called_so(left.plain[end])
    ):
        end += 1
        if left.words[end - 1].ends:
            break
    if end == start or not _closes(left, end):
        return None
    if not sure and (end == len(left.words) or not left.plain[end].isdecimal()):
        return None
    words = left.words[start:end]
    if any(word.plain in word_set("calendar", *PARTS) for word in words):
        return None  # "subah 8 se 1": hours that nobody could read
    whole = " ".join(left.plain[start:end])
    place = places.city_named(whole)
    if place is not None and place.people >= places.KNOWN_TO_ALL_PEOPLE:
        return None
    found = read_name_answer(words)
    if found is not None:
        left.take("name", start, end)
    return found


def _closes(left: UnreadWords, end: int) -> bool:
    """Return whether a name can end here: at the end, a comma, a fact, or what stands before a home."""
    if end == len(left.words) or left.words[end - 1].ends or not left.free[end]:
        return True
    if left.plain[end].isdecimal():
        return True
    return bool(_beside_home().at(left.plain, end))


# ── Skills ───────────────────────────────────────────────────────────────────────────────────────


def _take_skills(left: UnreadWords, text: str, language: str) -> Fact[tuple[str, ...]] | None:
    """Return the skills that are called by their very names; none that a "not" stands beside."""
    found: list[str] = []
    said: list[str] = []
    for start, end in [*left.runs()]:
        at = start
        while at < end:
            named = _skill_at(left, at, end)
            if named is None:
                at += 1
                continue
            slug, until = named
            found.append(slug)
            said.append(left.take("skills", at, until))
            at = until
    if not found:
        return None
    if phrase_set("skill_not_before", "skill_not_after").anywhere(left.plain):
        change = read_change(text, language)
        found = [slug for slug in found if change is not None and slug in change.added]
    kept = tuple(dict.fromkeys(found))
    return Fact(kept, Confidence.CERTAIN, " ".join(said)) if kept else None


def _skill_at(left: UnreadWords, at: int, end: int) -> tuple[str, int] | None:
    for until in range(min(end, at + _LONGEST_SKILL), at, -1):
        words = left.plain[at:until]
        whole = " ".join(words)
        if len(whole) < _LEAST_SKILL or (len(words) == 1 and whole in said_around()):
            continue
        slug = find_named(whole)
        if slug is not None and not (_is_thing(words) and not _says_work(left, at, until)):
            return slug, until
    return None


def _leaves_words(left: UnreadWords) -> bool:
    """Return whether a clause with a skill says more that nobody read: "I can cook and drive"."""
    at = 0
    for end in [*(at + 1 for at, word in enumerate(left.words) if word.ends), len(left.words)]:
        clause, at = range(at, end), end
        if left.taken["skills"].isdisjoint(clause):
            continue
        unread = [left.plain[number] for number in clause if left.free[number]]
        if any(map(str.isalpha, _said_of_skills().without(unread))):
            return True
    return False


@cache
def _said_of_skills() -> Lexicon[bool]:
    lists = (
        *("about_work", "works", "wants", "seeks", "around_skill", "skill_filler", "skill_also"),
        *("after_name", "i_am", "polite", "filler", "skill_not_before"),
        *("skill_not_after", "skill_only", "experience_near"),
    )
    known = [*phrases("phrases", *lists), *phrases("calendar", "and"), *phrases("intents", "yes")]
    known += phrases("intents", "no")
    return Lexicon((phrase, True) for phrase in known)


def _is_thing(words: Sequence[str]) -> bool:
    """Return whether a name of work is a thing first: a band, a shop, "aaya", which is "came" too."""
    return phrase_set("things_of_work").covers(words)


def _says_work(left: UnreadWords, start: int, end: int) -> bool:
    """Return whether a word of work follows or precedes at once: "hotel ka kaam", "job in a shop"."""
    after, before = left.plain[end : end + 2], left.plain[max(0, start - 2) : start]
    return any(phrase_set("works", "seeks").anywhere(words) for words in (after, before))


# ── Home ─────────────────────────────────────────────────────────────────────────────────────────


def _take_place(left: UnreadWords, city: str | None, *, alone: bool) -> HomeFact | None:
    """Return where somebody lives: certain, or likely where a word beside it says that it is a home.

    Unless it is all that the message says, a clause of its own will do, too: "Ravi, cook, Andheri".
    """
    clauses = [[*_without_talk(left.plain[start:end])] for start, end in left.runs()]
    clauses = [clause for clause in clauses if clause]
    if not clauses:
        return None
    found = find_home(", ".join(map(" ".join, clauses)), city)
    if found is None:
        return None
    said = set(found.evidence.split())
    # No name on the map is written in Devanagari: beside "में रहती हूँ" one that sounds so is proposed.
    spelled = all(place.sure for place in found.value) or not found.evidence.isascii()
    if not found.certain and not (
        spelled
        and any(_is_home(clause, said) or (not alone and said == {*clause}) for clause in clauses)
    ):
        return None
    for start, end in [*left.runs()]:
        if not said & {*left.plain[start:end]}:
            continue
        for at in range(start, end):
            if left.plain[at] in said or left.plain[at] in word_set("phrases", "home_near"):
                left.take("place", at, at + 1)
    return found


def _is_home(clause: Sequence[str], said: Collection[str]) -> bool:
    """Return whether a word of where one lives stands beside the name of the place."""
    at = [number for number, word in enumerate(clause) if word in said]
    if not at:
        return False
    before, after = clause[max(0, at[0] - 2) : at[0]], clause[at[-1] + 1 : at[-1] + 3]
    return _beside_home().anywhere(before) or bool(after and _beside_home().at(after, 0))


def _without_talk(words: Sequence[str]) -> Sequence[str]:
    """Return the words of a clause without what is said around work."""
    return phrase_set("works", "wants", "seeks", "about_work").without(words)


@cache
def _beside_home() -> Lexicon[bool]:
    return Lexicon((phrase, True) for phrase in phrases("phrases", "home_near"))
