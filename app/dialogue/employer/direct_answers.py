"""Answers that only make sense at the question about a job that is open: a bare number, "the second one". Pure.

Each reader returns what the answer says of the job, or None where it is none: then the text is read as a
correction.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from app.core.money import exponent
from app.core.week import DAY
from app.dialogue.employer.job_questions import today_in
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.state import Ask
from app.nlu import (
    dates,
    head_count,
    hour_halves,
    job_correction,
    job_hours,
    job_request,
    pay,
    place_phrases,
    weekly_hours,
)
from app.nlu.job_draft import EVERY_SHIFT, Draft
from app.nlu.normalize import normalize, split_words
from app.nlu.place_choice import choose_place
from app.nlu.quantities import kilometres
from app.nlu.role_words import choose_role
from app.nlu.spelling import respelled
from app.nlu.vocabulary import phrase_set

MOST_KM: Final = 500
_HOURS_CHARACTERS: Final = 100
_SHORT_CHARACTERS: Final = 60
_LEAST_WORDS: Final = 3
"""A shorter answer says one thing."""
_LEAST_PAY: Final = 50
"""A smaller sum is as likely an hour, or a number of people."""

type _Reader = Callable[[EmployerMessage, Draft, str], Draft | None]


def read(message: EmployerMessage, draft: Draft, text: str) -> Draft | None:
    """Return what an answer to the open question says; None where it is no such answer."""
    reader = _READERS.get(message.state.ask)
    answer = None if reader is None else reader(message, draft, text)
    return None if answer is None else _with_others(answer, text, message)


def _with_others(answer: Draft, text: str, message: EmployerMessage) -> Draft:
    """Return an answer with whatever else of the job is said with it: "6 to 11 for 700", "one only, 900"."""
    if len(split_words(text)) < _LEAST_WORDS or answer.place or answer.places:
        return answer
    whole = read_whole(message, Draft(), text)
    changes: dict[str, Any] = {}
    if answer.amount is None and not answer.pay_open and answer.per is None and whole.amount:
        changes |= {"amount": whole.amount, "per": whole.per}
    if (
        answer.people is None
        and whole.people
        and phrase_set("people", section="job").anywhere(split_words(text))
    ):
        changes["people"] = whole.people
    return replace(answer, **changes)


def read_whole(message: EmployerMessage, draft: Draft, text: str) -> Draft:
    """Return whatever a text says of a job; days are counted from today at the place of `draft`."""
    read = partial(
        job_request.read,
        now_here=today_in(draft, message.context),
        language=message.context.reply_language,
        currency=message.context.currency,
        city=message.account.city,
    )
    found = read(text)
    if not found.note or (spelled := respelled(text)) == text:
        return found
    # Words were left over: more of them may be known as they are spelled.
    other = read(spelled)
    return other if _facts(other) > _facts(found) else found


def _facts(draft: Draft) -> int:
    """Return how many parts of a job are known."""
    known = (draft.skill, draft.place, draft.when, draft.spans, draft.people, draft.amount)
    return sum(map(bool, known))


def _role(_message: EmployerMessage, draft: Draft, text: str) -> Draft | None:
    left = choose_role(text, draft.skills)
    if not left:
        return None
    return Draft(skill=left[0]) if len(left) == 1 else Draft(skills=tuple(left))


def _place_of_list(message: EmployerMessage, draft: Draft, text: str) -> Draft | None:
    if left := choose_place(text, draft.places):
        return Draft(place=left[0]) if len(left) == 1 else Draft(places=tuple(left))
    return _place(message, draft, text)


def _place(message: EmployerMessage, _draft: Draft, text: str) -> Draft | None:
    if not job_correction.may_hold_name(text):
        return None
    found = place_phrases.find_places(text, message.account.city)
    return None if found == Draft() else _with_rest(found, text, message)


def _with_rest(place: Draft, text: str, message: EmployerMessage) -> Draft:
    """Return a place with whatever else of the job is written beside it."""
    whole = read_whole(message, Draft(), text)
    said = (whole.when, whole.spans, whole.people, whole.amount)
    if not any(said) or not (whole.place or whole.places):
        return place
    return replace(whole, skill=None, skills=(), note="")


def _people(_message: EmployerMessage, _draft: Draft, text: str) -> Draft | None:
    parts = text.split(",") if "," in text else [text]
    count = next(filter(None, map(head_count.parse_answer, parts)), None)
    if count is None:
        return None
    return Draft(people=count.people, unsure=() if count.sure else (("people", count.said),))


def _pay(message: EmployerMessage, _draft: Draft, text: str) -> Draft | None:
    """Read the only sum of an answer that no other reader finds: "800 including travel", "1.5k"."""
    currency, plain = message.context.currency, normalize(text[:_HOURS_CHARACTERS])
    if pay.extract(plain, currency)[1].amount is not None:
        return None
    found = pay.parse_only_number(plain, currency)
    if found is None or found.amount is None:
        return None
    if found.amount < _LEAST_PAY * 10 ** exponent(currency):
        return None
    words = [word for word in split_words(plain) if not word[0].isdecimal()]
    unit = pay.unit_in(words)
    return replace(found, per=unit)


def _pay_per(_message: EmployerMessage, _draft: Draft, text: str) -> Draft | None:
    """Read the unit of pay in "per day", "ek din ka", "for the whole event": one unit, and nothing else."""
    unit = pay.unit_of_answer(text[:_SHORT_CHARACTERS])
    return None if unit is None else Draft(per=unit)


def _weekly(_message: EmployerMessage, _draft: Draft, text: str) -> Draft | None:
    weekly = dates.once_or_weekly(text)
    return None if weekly is None else Draft(weekly=weekly)


def _which_hours(_message: EmployerMessage, draft: Draft, text: str) -> Draft | None:
    """Read "evening", "subah", "7 pm" and "the second" as one of the two readings."""
    half = hour_halves.half_in(text[:_SHORT_CHARACTERS])
    if half is None or not draft.halves:
        return None
    return Draft(spans=(draft.halves[half],))


def _hours(_message: EmployerMessage, draft: Draft, text: str) -> Draft | None:
    if draft.starts_at is not None and (end := hour_halves.end_alone(text[:_SHORT_CHARACTERS])):
        return Draft(ends_at=end.minutes, end_sure=end.sure)
    slots = weekly_hours.read(text[:_HOURS_CHARACTERS])
    if slots is None:
        return None
    if len({slot.weekday for slot in slots}) < 7:
        return None
    told, _ = job_hours.read(normalize(text), Draft(), job_hours.Said(), job_request.BETWEEN_PARTS)
    return told if len({span[0] for span in told.spans}) == 1 else None


def read_days_off(message: EmployerMessage, draft: Draft, text: str) -> Draft | None:
    """Read "sunday off, baaki din 10 se 7" where the days are asked: what is excepted is said of all days."""
    if message.state.ask is not Ask.JOB_DAYS or draft.when or not dates.names_weekday(text):
        return None
    slots = weekly_hours.read(text[:_HOURS_CHARACTERS])
    if slots is None:
        return None
    days = tuple(sorted({slot.weekday for slot in slots}))
    hours = {(slot.start, slot.end) for slot in slots}
    whole = len(hours) > 1 or sum(slot.minutes for slot in slots) >= len(days) * DAY
    spans = () if whole else tuple((EVERY_SHIFT, *span) for span in hours)
    return Draft(days=days, weekly=True if len(days) > 2 else None, spans=spans)


def _days(message: EmployerMessage, draft: Draft, text: str) -> Draft | None:
    excepts = phrase_set("except", section="calendar").anywhere(split_words(text))
    return read_days_off(message, draft, text) if excepts else None


def _radius(_message: EmployerMessage, _draft: Draft, text: str) -> Draft | None:
    """Read a distance in whatever words; a bare number is one in kilometres."""
    words = phrase_set("around", "within", section="job").without(
        split_words(text[:_SHORT_CHARACTERS])
    )
    distance = kilometres(" ".join(words))
    return Draft(radius_km=distance) if distance and 1 <= distance <= MOST_KM else None


_READERS: Final[Mapping[Ask, _Reader]] = {
    Ask.JOB_WHICH_ROLE: _role,
    Ask.JOB_WHICH_PLACE: _place_of_list,
    Ask.JOB_PLACE: _place,
    Ask.JOB_DAYS: _days,
    Ask.JOB_PEOPLE: _people,
    Ask.JOB_PAY: _pay,
    Ask.JOB_PAY_PER: _pay_per,
    Ask.JOB_WEEKLY: _weekly,
    Ask.JOB_HOURS: _hours,
    Ask.JOB_WHICH_HOURS: _which_hours,
    Ask.JOB_RADIUS: _radius,
}
