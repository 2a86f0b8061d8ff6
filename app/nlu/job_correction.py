"""Read a message that changes a drafted job: "make it 3", "pay 700 kar do", "not sunday". Pure.

A field changes only where the message says so by its form or by an exact name. What a "not" stands
beside is removed. A message that can't be read changes nothing, and the bot asks.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from app.catalogue.place_names import name_on_map
from app.core.languages import languages
from app.nlu import dates, head_count, job_request, negation, pay, place_phrases
from app.nlu.common_words import is_common
from app.nlu.job_draft import Draft, JobPart, joined_note
from app.nlu.lexicon import Lexicon
from app.nlu.negation import Denied
from app.nlu.normalize import normalize, split_words
from app.nlu.vocabulary import phrase_set, phrases, word_set

_PARTS: Final = {
    "part_pay": JobPart.PAY,
    "part_place": JobPart.PLACE,
    "part_people": JobPart.PEOPLE,
    "part_role": JobPart.ROLE,
    "part_days": JobPart.DAYS,
    "part_hours": JobPart.HOURS,
}
"""The list of names of each part of a job."""
_LEAST_BARE_PAY: Final = 100
"""A smaller number that nothing else is said of is one of people."""
_PIN_DIGITS: Final = 3
"""A PIN code may be written in two halves."""
_LONGEST_PLACE: Final = 3
"""Words in the name of a place that is denied."""
_OTHER_UNIT: Final = 5
"""So many times more or less is paid for another time than before: by the month, and not by the day."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The changed job, and the part that the message names without a value."""

    draft: Draft
    part: JobPart | None = None
    no_place: str = ""
    """What was said to be the place, where there is none of that name."""


@dataclass(frozen=True, slots=True)
class CorrectionContext:
    """What the reader knows of the conversation."""

    asked: JobPart | None
    today: dt.date
    language: str
    currency: str
    city: str | None


def read(text: str, draft: Draft, context: CorrectionContext) -> Correction | None:
    """Return what becomes of a job, or None where nothing was understood that could change it."""
    plain = normalize(text[: place_phrases.MOST_CHARACTERS].replace("\n", " , "))
    if (people := _more_or_less(plain, draft)) is not None:
        return Correction(replace(draft, people=people))
    denied = negation.read(plain, context.today)
    instead, contrasted = _instead(denied, draft)
    if JobPart.PLACE in contrasted:
        context = replace(context, asked=JobPart.PLACE)
    said = [clause for clause in map(_bare, (*denied.said, *instead)) if clause]
    told, named, no_place = _read_clauses(said, context)
    if JobPart.PEOPLE in contrasted and told.people is None:
        # "ek nahi do": the number may be a word that else only says that something changes.
        counts = filter(None, map(head_count.parse_count, denied.said))
        told = replace(told, people=next(counts, None))
    found = Correction(draft, named, no_place)
    for other in denied.others:
        if _current_at_end(other, draft) is not None:
            continue
        if (wanted := _denied(other, draft)) is not None:
            found = replace(found, part=found.part or wanted)
        elif not _nothing_said(other) and not told.amount and not told.people and not told.skill:
            return None
    if JobPart.PLACE in contrasted and (told.place or told.places):
        # "hinjewadi phase 1, not whole pune": what else is said belongs to the place.
        note = "" if all(map(is_common, told.note.split())) else told.note
        draft = replace(draft, note=joined_note(draft.note, note))
        found = replace(found, draft=draft)
    elif denied.when or denied.others:
        if told.note and not no_place:
            # Something else stands beside the "not", and may be what it means.
            return None
        told = replace(told, note="")
    if denied.when:
        changed = _taken_out(draft, told, denied)
        return None if changed is None else replace(found, draft=changed)
    told = replace(told, note="")
    if found.part is context.asked is JobPart.PAY and denied.others and told == Draft():
        return Correction(replace(draft, pay_open=True))
    if told == Draft() and found.part is None and not no_place:
        found = replace(found, part=next(iter(contrasted), None))
        return None if found.part is None else found
    answered = {
        JobPart.PAY: told.amount,
        JobPart.PLACE: told.place or told.places,
        JobPart.ROLE: told.skill or told.skills,
        JobPart.PEOPLE: told.people,
        JobPart.DAYS: told.when,
        JobPart.HOURS: told.spans,
    }
    if found.part is not None and answered.get(found.part):
        found = replace(found, part=None)
    return replace(found, draft=draft.merged_with(_same_unit(draft, told), adds=_adds(plain)))


def _adds(text: str) -> bool:
    """Return whether what is said comes in addition: "sunday also", "itvar bhi"."""
    words = split_words(text)
    return (
        (
            phrase_set("also", section="calendar").anywhere(words)
            or phrase_set("adds", section="job").at(words, 0) is not None
        )
        if words
        else False
    )


def _same_unit(draft: Draft, told: Draft) -> Draft:
    """Return what is told with the unit of the pay before, where the new one is alike."""
    if told.amount is None or told.per is not None or not draft.amount:
        return told
    alike = draft.amount / _OTHER_UNIT <= told.amount <= draft.amount * _OTHER_UNIT
    return replace(told, per=draft.per) if alike else told


# ── What is said ─────────────────────────────────────────────────────────────────────────────────


def _bare(clause: str) -> str:
    """Return a clause without the words that only say that something changes."""
    said = [word.strip("!?") for word in clause.split()]
    return " ".join(phrase_set("change_words").without([word for word in said if word]))


def may_hold_name(text: str) -> bool:
    """Return whether anything in a text may be a name: not in "make it 3", nor in "none"."""
    said = phrase_set("change_words").without(split_words(text))
    if said and all(word.isdecimal() for word in said):
        return len(said[0]) >= _PIN_DIGITS
    return any(not word[0].isdecimal() for word in said) and not place_phrases.are_known_words(
        [word for word in said if not word[0].isdecimal()]
    )


def _read_clauses(
    clauses: Sequence[str], context: CorrectionContext
) -> tuple[Draft, JobPart | None, str]:
    """Return the values in the clauses, a part named without one, and an unknown place."""
    told = Draft()
    named: JobPart | None = None
    no_place = ""
    plain: list[str] = []
    for clause in clauses:
        part = _part_in(clause)
        rest = _parts().without(clause.split())
        if part is not None and not place_phrases.trim(rest) and not dates.names_weekday(clause):
            named = named or part
        elif part is JobPart.PAY and (amount := _pay_in(clause, context)) is not None:
            told = told.merged_with(amount)
        elif part is JobPart.PAY and (others := pay.without_units(rest)) != rest:
            # How often it is paid is neither a sum nor the days of the work.
            named = named or part
            plain.append(" ".join(others))
        elif part is JobPart.PLACE:
            # Who says that it is the place may spell it as they like.
            found = _exact(" ".join(rest), context)
            if not (found.place or found.places) and found.note:
                found = found.merged_with(place_phrases.find_places(found.note, context.city))
            if not (found.place or found.places):
                named, no_place = JobPart.PLACE, found.note
            told = told.merged_with(replace(found, note=""))
        elif re.fullmatch(r"\d+", clause) and int(clause) < _LEAST_BARE_PAY:
            if context.asked in {None, JobPart.PEOPLE}:
                people = head_count.parse_count(clause)
                told = told if people is None else replace(told, people=people)
        else:
            plain.append(clause)
    if plain:
        said = job_request.read(
            ", ".join(plain),
            context.today,
            language=context.language,
            currency=context.currency,
            city=context.city,
            guess_role=context.asked is JobPart.ROLE,
            guess_place=context.asked is JobPart.PLACE and may_hold_name(" ".join(plain)),
        )
        if (
            told.place is not None
            and said.place is not None
            and _is_city_of(said.place, told.place)
        ):
            said = replace(said, place=None)  # "jagah karve nagar hai, pune me"
        told = told.merged_with(said)
    return told, named, no_place


def _is_city_of(city: Mapping[str, Any], place: Mapping[str, Any]) -> bool:
    """Whether a place is no more than the city that another one is in."""
    return bool(city["name"] == city.get("city") == place.get("city"))


def _exact(text: str, context: CorrectionContext) -> Draft:
    return job_request.read(
        text,
        context.today,
        language=context.language,
        currency=context.currency,
        city=context.city,
        guess_role=False,
        guess_place=False,
    )


def _pay_in(clause: str, context: CorrectionContext) -> Draft | None:
    """Return the pay in a clause that says that it is about it; None where another reader knows better."""
    found = _exact(clause, context)
    if found.amount is not None or found.pay_open:
        return found
    return pay.parse_only_number(clause, context.currency)


def _part_in(clause: str) -> JobPart | None:
    found = (span.meaning for span in _parts().scan(clause.split()))
    return next((part for part in found if part is not None), None)


@cache
def _parts() -> Lexicon[JobPart]:
    return Lexicon(
        (phrase, part) for name, part in _PARTS.items() for phrase in phrases("phrases", name)
    )


def _more_or_less(text: str, draft: Draft) -> int | None:
    """Return how many people "add 2 more" makes, where nothing else is said."""
    if draft.people is None or len(list(filter(None, negation.clauses(text)))) != 1:
        return None
    said = text.strip(" .!?।").split()
    more, less = (phrase_set(name).anywhere(said) for name in ("more_of", "less_of"))
    rest = phrase_set("more_of", "less_of", "part_people", "change_words", "wants").without(said)
    nothing = place_phrases.fillers() | word_set("job", "people")
    rest = [word for word in rest if head_count.parse_count(word) or word not in nothing]
    if more == less or len(rest) != 1 or (by := head_count.parse_count(rest[0])) is None:
        return None
    people = draft.people + by if more else draft.people - by
    return people if 1 <= people <= head_count.MOST_PEOPLE else None


# ── What is taken out ────────────────────────────────────────────────────────────────────────────


def _instead(denied: Denied, draft: Draft) -> tuple[list[str], set[JobPart]]:
    """Return what stands before a value of the job that is denied, and the parts: "2 ladke chahiye, ek nahi"."""
    said: list[str] = []
    parts: set[JobPart] = set()
    for other in denied.others:
        if (current := _current_at_end(other, draft)) is None:
            continue
        before, part = current
        parts.add(part)
        if before and not all(map(_says_nothing, before.split())):
            said.append(before)
    return said, parts


def _says_nothing(word: str) -> bool:
    """Whether a word before what is denied is only said around it: "whole", "sirf", "pura"."""
    return is_common(word) and not word[0].isdecimal() and head_count.parse_count(word) is None


def _current_at_end(other: str, draft: Draft) -> tuple[str, JobPart] | None:
    """Return what stands before the job's number of people or place at the end of these words; None without it."""
    words = other.split()
    if words and draft.people is not None and head_count.parse_count(words[-1]) == draft.people:
        return " ".join(words[:-1]), JobPart.PEOPLE
    place = normalize(str(draft.place["name"])) if draft.place else ""
    for length in range(min(_LONGEST_PLACE, len(words)), 0, -1):
        said = " ".join(place_phrases.trim(_on_map(" ".join(words[-length:])).split()))
        if said and said == place:
            return " ".join(words[:-length]), JobPart.PLACE
    return None


def _denied(other: str, draft: Draft) -> JobPart | None:
    """Return what has to be asked when this is denied: "no pay", "not Dadar", "waiter nahi"."""
    if (part := _part_in(other)) is not None:
        return part
    named = job_request.find_role(other)
    if named is not None and named == draft.skill:
        return JobPart.ROLE
    place = normalize(str(draft.place["name"])) if draft.place else ""
    said = place_phrases.trim(_on_map(other).split())
    if said and place and place.startswith(" ".join(said)):
        return JobPart.PLACE
    return None


def _on_map(said: str) -> str:
    """Return a place as the map calls it, where it is named in a language of its own: "जुहू"."""
    names = (name_on_map(said, language) for language in languages())
    return next(filter(None, names), said)


def _nothing_said(other: str) -> bool:
    """Return whether this is no more than "no wait", or a number that another one follows."""
    return all(
        re.fullmatch(r"[₹\d.,/-]+", word) or place_phrases.are_known_words([word])
        for word in other.split()
    )


def _taken_out(draft: Draft, told: Draft, denied: Denied) -> Draft | None:
    """Return the job without the days that are denied; None where it had none of them."""
    if denied.inside and told.days and told.starts_on is None:
        return negation.remove_days(replace(draft, days=told.days), denied)
    if told.starts_on is not None:
        moved = draft.merged_with(told)
        fell = negation.remove_days(draft, denied) is not None
        # "kal nahi parso": the day that is denied is none of the new ones.
        return negation.remove_days(moved, denied) or (moved if fell else None)
    left = negation.remove_days(draft, denied)
    if told.days:
        told = replace(told, days=tuple(sorted(set(told.days) - denied.days)) or told.days)
        if left is None or not draft.when:  # "roz, sunday chhod ke"
            return draft.merged_with(told)
        if not left.when and (first := _moved(draft, told)) is not None:
            return left.merged_with(
                replace(told, days=(), weekly=None, starts_on=first, ends_on=first)
            )
        told = replace(
            told,
            days=tuple(sorted({*left.days, *told.days})),
            starts_on=left.starts_on,
            ends_on=left.ends_on,
            weekly=left.weekly,
        )
    return None if left is None else left.merged_with(told)


def _moved(draft: Draft, told: Draft) -> dt.date | None:
    """Return the day of the same week that is meant in place of a draft's only one: "not saturday, sunday"."""
    if draft.starts_on is None or draft.starts_on != draft.ends_on or len(told.days) != 1:
        return None
    monday = draft.starts_on - dt.timedelta(days=draft.starts_on.weekday())
    return monday + dt.timedelta(days=told.days[0])
