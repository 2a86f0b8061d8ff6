"""Read a job in people's words: "waiter, Saturday 10-6, Bandra, 2 people, 150/hour". Pure.

The reader takes what has a clear form first (pay, people, dates), then days and hours, then the names of
role and place. What it can't read stays as a note, which the bot reads back with the rest.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from app.catalogue import places
from app.masking.mask import mask
from app.nlu import dates, head_count, job_hours, negation, pay, place_phrases
from app.nlu.dates import GAP
from app.nlu.head_count import parse_count
from app.nlu.intents import intents
from app.nlu.job_draft import NOTE_CHARACTERS, Draft
from app.nlu.job_note import own_words
from app.nlu.normalize import normalize
from app.nlu.person_wishes import read_wishes
from app.nlu.role_words import (
    Named,
    begins_a_role,
    guess_roles,
    named_in,
    roles_in,
    strongest,
    take_counts,
)
from app.nlu.vocabulary import one_of, phrase_set, whole_word

_MOST_ROLES: Final = 8
"""Roles in one text that are offered to choose from."""
_LEAST_LETTERS: Final = 4
_LEAST_CHUNKS: Final = 2
"""Beside a city something else is said that may name its quarter."""

_PIN: Final = re.compile(r"(?<![\d₹])([1-9]\d{2}\s?\d{3})(?![\d/])")
BETWEEN_PARTS: Final = re.compile(r"[,;|।\n]|\s[/+•*]\s|\s-\s(?!\d)|(?<!\b[a-z])\.(?=\s|$)")


class _Patterns:
    """The patterns of experience and distance."""

    def __init__(self) -> None:
        def any_of(*names: str) -> str:
            return whole_word("job", *names)

        self.experience = re.compile(
            rf"(\d{{1,2}})\s*\+?\s*{any_of('years')}\s*(?:{one_of('job', 'of_years')} )?\s*"
            rf"{any_of('experienced')}"
            rf"|{any_of('experience')}\s*(?:{one_of('job', 'experience_of')} |: ?)?(\d{{1,2}})"
            rf"\s*(?:\+\s?)?{one_of('job', 'years_after')}(?![a-z])"
        )
        self.years_alone = re.compile(
            rf"(\d{{1,2}})\s*(?:\+\s*)?{any_of('years')}(?!\s*(?:{one_of('job', 'old')}|[-–]))"
        )
        self.experienced = re.compile(any_of("experienced"))
        self.radius = re.compile(
            rf"(?:{any_of('within')}\s*(?:{one_of('job', 'within_of')}\s*)?)?"
            rf"(?<![\d.])(\d{{1,3}}(?:\.\d)?)\s*{any_of('km')}(?:\s*{one_of('job', 'around')})?"
        )


_patterns = cache(_Patterns)


@cache
def _tonight() -> re.Pattern[str]:
    return re.compile(whole_word("dates", "tonight"))


@cache
def _greeting() -> re.Pattern[str]:
    """Return the pattern of greetings that name a part of the day: "good morning" says no hours."""
    return re.compile(whole_word("job", "day_greetings"))


def warm_up() -> None:
    """Read the vocabularies and compile the patterns that the first message would wait for."""
    intents("hi")
    read("2 waiters tomorrow", dt.date(2000, 1, 1))


def read(
    text: str,
    now_here: dt.date,
    *,
    language: str = "en",
    currency: str = "INR",
    city: str | None = None,
    guess_role: bool = True,
    guess_place: bool = True,
) -> Draft:
    """Return what a text says of a job; `now_here` is the day where it is written.

    A locality that several cities have is looked for in `city` first. Where nothing is to be guessed, a
    role or a place has to be called by its very name, and alone.
    """
    plain = normalize(text[: place_phrases.MOST_CHARACTERS].replace("\n", " , "))
    plain = _greeting().sub(GAP, plain)
    wishes = read_wishes(plain)
    plain = wishes.rest
    plain, denied = (
        negation.split_denied_days(plain, now_here)
        if negation.has_negation(plain)
        else (plain, None)
    )
    plain, draft = pay.extract(plain, currency)
    plain, draft, minutes = _figures(plain, draft)
    if wishes.said:
        draft = replace(draft, note=", ".join(filter(None, (draft.note, *wishes.said))))
    plain, draft = pay.extract_bare(plain, draft, currency)
    when = dates.read(plain, now_here)
    draft = replace(
        draft,
        starts_on=when.starts_on,
        ends_on=when.ends_on,
        days=when.days,
        dates=tuple(day.isoformat() for day in when.choices),
        no_day=mask(when.unreal)[:NOTE_CHARACTERS],
    )
    said = job_hours.Said(when.weekly, minutes, _tonight().search(plain) is not None)
    draft, chunks = job_hours.read(when.rest, draft, said, BETWEEN_PARTS)
    if denied is not None and denied.when:
        draft = negation.remove_days(draft, denied) or draft
    return _names(chunks, draft, _Looked(text, language, city, guess_role, guess_place))


def role_and_people(text: str) -> tuple[bool, int | None, list[str]]:
    """Return whether a text names a role, how many people it says are wanted, and the words beside roles.

    One is said of oneself, too ("I am a cook", "1 waiter"): it counts only as "1 person".
    """
    plain = normalize(text[: place_phrases.MOST_CHARACTERS].replace("\n", " , "))
    plain, draft, _ = _figures(read_wishes(plain).rest, Draft())
    named, people, beside = False, draft.people, list[str]()
    for chunk in BETWEEN_PARTS.split(plain):
        left, roles, some = roles_in(chunk)
        beside += [word for part in left for word in part.split()]
        named = named or bool(roles)
        people = people or (some if some is not None and some > 1 else None)
    return named, people, beside


# ── People, experience, distance, PIN code ───────────────────────────────────────────────────────


def _figures(text: str, draft: Draft) -> tuple[str, Draft, int | None]:
    """Return a text without its figures, the draft with them, and how many minutes the work takes."""
    if match := _patterns().experience.search(text):
        draft = replace(draft, years=int(match[1] or match[2]))
        text = text[: match.start()] + GAP + text[match.end() :]
    elif (match := _patterns().years_alone.search(text)) and _patterns().experienced.search(text):
        draft = replace(draft, years=int(match[1]))
        text = text[: match.start()] + GAP + text[match.end() :]
    if match := _patterns().radius.search(text):
        draft = replace(draft, radius_km=min(max(float(match[1]), 0.5), 500.0))
        text = text[: match.start()] + GAP + text[match.end() :]
    text, asides = head_count.take_ages(text)
    text, minutes, hours = head_count.take_hours_of_work(text)
    text, guests = head_count.take_guests(text)
    if kept := [*asides, *guests, *([hours] if hours else [])]:
        draft = replace(draft, note=", ".join(kept))
    text, draft = _people(head_count.with_for(text), draft)
    if (match := _PIN.search(text)) and (found := places.by_pin(match[1])):
        draft = replace(draft, place=place_phrases.as_option(found))
        text = text[: match.start()] + GAP + text[match.end() :]
    return text, draft, minutes


def _people(text: str, draft: Draft) -> tuple[str, Draft]:
    """Return a text without how many people it wants, and the draft with it.

    Several roles, each with its number, are jobs of their own: how many this one wants is asked.
    """
    text, counts = take_counts(text)
    others = {count.people for count in counts}
    if counts and (in_all := head_count.take(text)[1]) is not None:
        others.add(in_all.people)
    if len(counts) > 1 or len(others) > 1:
        said = ", ".join(count.said for count in counts)
        return text, replace(draft, note=", ".join(filter(None, (draft.note, said))))
    if counts:
        unsure = () if counts[0].sure else (("people", counts[0].said),)
        return text, replace(draft, people=counts[0].people, unsure=(*draft.unsure, *unsure))
    text, count = head_count.take(text)
    if count is None:
        return text, draft
    unsure = () if count.sure else (("people", count.said),)
    return text, replace(draft, people=count.people, unsure=(*draft.unsure, *unsure))


# ── Role and place ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Looked:
    """How names are looked for."""

    text: str
    """As it is written."""
    language: str
    city: str | None
    guess_role: bool
    guess_place: bool


def _names(chunks: Sequence[str], draft: Draft, looked: _Looked) -> Draft:
    left: list[str] = []
    named: list[Named] = []
    for chunk in chunks:
        rest, found, people = named_in(chunk)
        named += found
        if people is not None and draft.people is None:
            draft = replace(draft, people=people)
        left += [part for part in rest if part]
    roles = strongest(named)
    if named and all(one.is_setting or one.is_vague for one in named):
        # "2 boys for a cafe" says where, and not what for.
        roles = [*dict.fromkeys(slug for one in named for slug in one.may_mean)]
    if len(roles) == 1:
        draft = replace(draft, skill=roles[0])
    elif roles:
        draft = replace(draft, skills=tuple(roles[:_MOST_ROLES]))
    notes: list[str] = [draft.note] if draft.note else []
    draft = replace(draft, note="")
    left, city = _apart_from_city(left, draft, looked)
    if city is not None:
        looked = replace(looked, city=city)
    for chunk in left:
        draft, note = _place_or_role(chunk, draft, looked)
        notes += [note] if note else []
    if city is not None and not (draft.place or draft.places):
        draft, _ = _place(city, normalize(city).split(), draft, looked)
    # It is kept with the conversation, which holds no phones, and shown to workers.
    kept = own_words(looked.text, notes)
    return replace(draft, note=mask(", ".join(kept))[:NOTE_CHARACTERS])


def _apart_from_city(
    chunks: Sequence[str], draft: Draft, looked: _Looked
) -> tuple[list[str], str | None]:
    """Return the chunks without one that is the name of a large city, and its name: "Indiranagar, Bangalore"."""
    if draft.place or draft.places or not looked.guess_place or len(chunks) < _LEAST_CHUNKS:
        return [*chunks], None
    for at, chunk in enumerate(chunks):
        words = place_phrases.trim(chunk.split())
        found = places.by_city(" ".join(words), places.HOME) if words else None
        if found is not None and found.people >= places.KNOWN_TO_ALL_PEOPLE:
            return [*chunks[:at], *chunks[at + 1 :]], found.name
    return [*chunks], None


def _place_or_role(chunk: str, draft: Draft, looked: _Looked) -> tuple[Draft, str]:
    words = place_phrases.trim(chunk.split())
    if not words:
        return draft, ""
    needs_role = draft.skill is None and not draft.skills and looked.guess_role
    if (people := parse_count(words[0])) is not None and draft.people is None:
        if len(words) == 1:
            # "9 baje" is no number of people.
            counts = not phrase_set("clock", section="hours").anywhere(chunk.split())
            return (replace(draft, people=people) if counts else draft), ""
        if needs_role and begins_a_role(" ".join(words[1:])):
            words, draft = words[1:], replace(draft, people=people)
    said = " ".join(words)
    if needs_role and not place_phrases.has_marker(chunk) and begins_a_role(said):
        return _role(said, draft, looked.language), ""
    if draft.place is None and not draft.places:
        placed, note = _place(chunk, words, draft, looked)
        if placed is not draft:
            return _place_or_role(note, placed, looked) if needs_role else (placed, note)
    if needs_role:
        guessed = _role(said, draft, looked.language)
        if guessed is not draft:
            return guessed, ""
    return draft, said if any(len(word) >= _LEAST_LETTERS for word in words) else ""


def _place(chunk: str, words: Sequence[str], draft: Draft, looked: _Looked) -> tuple[Draft, str]:
    """Return the draft with the place in these words, if there is one, and the other words."""
    if not looked.guess_place:
        found = place_phrases.find_exact(words, looked.city)
        if found != Draft():
            return replace(draft, place=found.place, places=found.places), ""
    else:
        options, name, note = place_phrases.find_longest(words, looked.city)
        if options:
            return place_phrases.with_place(draft, options, name), note
    if place_phrases.has_marker(chunk) and (
        options := place_phrases.find_by_sound(words, looked.city)
    ):
        return place_phrases.with_place(draft, options, ""), ""
    return draft, ""


def names_role(text: str) -> bool:
    """Return whether a text calls any role by its name, in as much of it as is read."""
    text = text[: place_phrases.MOST_CHARACTERS]
    return any(roles_in(chunk)[1] for chunk in BETWEEN_PARTS.split(normalize(text)))


def find_role(text: str) -> str | None:
    """Return the one role that a text calls by its name, if it does, in as much of it as is read."""
    found = roles_in(text[: place_phrases.MOST_CHARACTERS])[1]
    return found[0] if len(found) == 1 else None


def _role(said: str, draft: Draft, language: str) -> Draft:
    found = guess_roles(said, language)
    if len(found) == 1:
        return replace(draft, skill=found[0])
    return replace(draft, skills=tuple(found)) if found else draft
