"""Read what an employer wants done with a job that is posted: "2 aur chahiye", "same again on Sunday". Pure.

A text is such a command only by a phrase of the vocabulary's section `job_commands`, or by a number of people
beside "more". What else it says (role, day, pay) tells which job is meant, or what changes.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Final

from app.core.money import exponent
from app.nlu import head_count, job_request, negation, pay
from app.nlu.job_draft import Draft
from app.nlu.normalize import normalize, split_clauses, split_words
from app.nlu.numbers import count_pattern
from app.nlu.vocabulary import EDGE, START, one_of, phrase_set, whole_word

COMMAND_CHARACTERS: Final = 160
"""A longer message is no command."""
_MOST_WORDS: Final = 16
_LEAST_BARE_PAY: Final = 100
"""A smaller number that nothing calls the pay may be one of people."""
_MOST_LEFT: Final = 3
"""So many words that mean nothing here may be the job's title; more make it another matter."""


_NOTHING: Final = Draft()


class JobVerb(StrEnum):
    """What is to be done."""

    REPEAT = "repeat"
    PEOPLE = "people"
    PAY = "pay"
    HOURS = "hours"
    CANCEL = "cancel"
    CLOSE = "close"
    LEADS = "leads"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class JobCommand:
    """What is wanted, and what the message says of the job."""

    verb: JobVerb
    told: Draft = _NOTHING
    """Role, days, hours, pay and people that were named."""
    more: int | None = None
    """How many more people."""
    words: tuple[str, ...] = ()
    """What is left: perhaps words of the job's title."""


_MOST_CLAUSES: Final = 3
_MOST_NAMED: Final = 5
"""Words beside the wish for a number: a name, and what is said around it."""


class _Patterns:
    """The patterns of commands, made of the vocabularies."""

    def __init__(self) -> None:
        def words(name: str) -> re.Pattern[str]:
            return re.compile(whole_word("job_commands", name))

        count = rf"(\d{{1,3}}|{START}{count_pattern()}{EDGE})"
        more = whole_word("job_commands", "more")
        people = whole_word("job", "people")
        self.repeat, self.cancel = words("repeat"), words("cancel")
        self.close, self.found = words("close"), words("found")
        self.leads, self.status, self.instead = words("leads"), words("status"), words("instead")
        self.more = (
            re.compile(rf"(?<![\d:.,/-]){count}\s{{0,3}}(?:{people}\s{{0,3}})?{more}"),
            re.compile(rf"{more}\s{{0,3}}{count}(?![\d:.,/-])"),
        )
        self.another = words("another")
        self.number_of = words("number_of")
        self.in_all = re.compile(
            rf"{whole_word('job_commands', 'in_all')}\s{{0,3}}{count}|{count}\s{{0,3}}{whole_word('job_commands', 'in_all')}"
        )
        self.of_money = re.compile(rf"\s{{0,3}}{whole_word('pay', 'rupees', 'gives', 'named')}")
        self.not_so_many = (
            re.compile(rf"(?<![\d:.,/-]){count}\s?{whole_word('phrases', 'deny_after')}"),
            re.compile(rf"{whole_word('phrases', 'deny_before')}\s?{count}(?![\d:./-])"),
        )
        self.digits = re.compile(r"[\d,.]+")
        self.number = re.compile(
            rf"\d+|{START}(?!{one_of('numbers', '1')}{EDGE}){count_pattern()}{EDGE}"
        )


_patterns = cache(_Patterns)


def read(
    text: str, today: dt.date, *, language: str = "en", currency: str = "INR"
) -> JobCommand | None:
    """Return the command in a message; None where it is none. `today` is the day at the job's place."""
    whole = _read(text, today, language, currency)
    if whole is not None or len(text) > COMMAND_CHARACTERS:
        return whole
    clauses = split_clauses(text)
    if not 1 < len(clauses) <= _MOST_CLAUSES:
        return None
    # "600 kar do, jaldi chahiye": one clause is the command, and the others tell nothing of a job.
    found = [_read(clause, today, language, currency) for clause in clauses]
    if sum(command is not None for command in found) != 1:
        return None
    others = [clause for clause, command in zip(clauses, found, strict=True) if command is None]
    quiet = all(_tells_nothing(clause, today) for clause in others)
    return next(filter(None, found)) if quiet else None


def _tells_nothing(clause: str, today: dt.date) -> bool:
    """Whether a clause says nothing of a job, asks nothing and denies nothing."""
    if "?" in clause or any(letter.isdecimal() for letter in clause):
        return False
    plain = normalize(clause)
    if negation.has_negation(plain) or phrase_set("asking").anywhere(plain.split()):
        return False
    told = job_request.read(clause, today, guess_role=False, guess_place=False)
    return replace(told, note="") == Draft() and not job_request.names_role(clause)


def _read(text: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    if len(text) > COMMAND_CHARACTERS:
        return None
    plain = normalize(text)
    words = split_words(text)
    if not 0 < len(words) <= _MOST_WORDS:
        return None
    for verb, rest in _asked(plain):
        told, left = _details(rest, today, language, currency)
        return JobCommand(verb, told, words=left) if len(left) <= 1 else None
    if _patterns().number_of.search(plain):
        # "Savitri bai ka number do": who said yes is shown, with what a contact costs.
        rest = _patterns().number_of.sub(" ", plain)
        digits = any(letter.isdecimal() for letter in rest)
        if len(split_words(rest)) <= _MOST_NAMED and not digits:
            return JobCommand(JobVerb.LEADS, Draft())
    if _asks_how(words):
        return None
    if (close := _close(plain, today, language, currency)) is not None:
        return close
    if negation.has_negation(plain):
        return _people_instead(plain, today, language, currency)
    return (
        _cancel(plain, today, language, currency)
        or _found(plain, today, language, currency)
        or _repeat(plain, today, language, currency)
        or _people(plain, today, language, currency)
        or _all_people(plain, today, language, currency)
        or _hours(plain, today, language, currency)
        or _pay(plain, today, language, currency)
    )


def _asked(plain: str) -> Iterator[tuple[JobVerb, str]]:
    for verb, pattern in ((JobVerb.LEADS, _patterns().leads), (JobVerb.STATUS, _patterns().status)):
        if pattern.search(plain):
            yield verb, pattern.sub(" ", plain)


def _asks_how(words: list[str]) -> bool:
    """Whether it is a question how to do it: that is answered, and nothing done."""
    bare = phrase_set("polite").without(words, ends_only=True)
    return phrase_set("how_to", "asking").at(bare, 0) is not None if bare else False


def _details(
    plain: str, today: dt.date, language: str, currency: str
) -> tuple[Draft, tuple[str, ...]]:
    """Return what a text says of the job, and the words that are left."""
    told = job_request.read(
        plain, today, language=language, currency=currency, guess_role=False, guess_place=False
    )
    left = phrase_set("of_job", "people", section="job_commands").without(split_words(told.note))
    left = phrase_set("polite", "filler", "change_words", "wants", "part_pay").without(left)
    kept = tuple(word for word in left if any(map(str.isalnum, word)))
    if told.skill is None and not told.skills and (role := job_request.find_role(plain)):
        told = replace(told, skill=role)
    return replace(told, note=""), kept


def _cancel(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    if not _patterns().cancel.search(plain):
        return None
    told, left = _details(_patterns().cancel.sub(" ", plain), today, language, currency)
    if len(left) > _MOST_LEFT or told.people or told.amount:
        return None
    return JobCommand(JobVerb.CANCEL, told, words=left)


def _found(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    """Read that somebody was found, which says nothing against who said yes: the job is closed, not cancelled."""
    if not _patterns().found.search(plain):
        return None
    told, left = _details(_patterns().found.sub(" ", plain), today, language, currency)
    if len(left) > _MOST_LEFT or told.people or told.amount:
        return None
    return JobCommand(JobVerb.CLOSE, told, words=left)


def _close(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    if not _patterns().close.search(plain):
        return None
    told, left = _details(_patterns().close.sub(" ", plain), today, language, currency)
    return JobCommand(JobVerb.CLOSE, told, words=left) if len(left) <= _MOST_LEFT else None


def _repeat(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    if not _patterns().repeat.search(plain):
        return None
    told, left = _details(_patterns().repeat.sub(" ", plain), today, language, currency)
    return JobCommand(JobVerb.REPEAT, told, words=left) if len(left) <= _MOST_LEFT else None


def _people(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    for pattern in _patterns().more:
        match = pattern.search(plain)
        if match is None:
            continue
        more = head_count.parse_count(next(part for part in match.groups() if part))
        rest = plain[: match.start()] + " " + plain[match.end() :]
        return _more(more, rest, today, language, currency)
    if match := _patterns().another.search(plain):
        rest = plain[: match.start()] + " " + plain[match.end() :]
        return _more(1, rest, today, language, currency)
    return None


def _more(
    more: int | None, rest: str, today: dt.date, language: str, currency: str
) -> JobCommand | None:
    """Return the command for more people, unless the text describes a job of its own."""
    in_all, people = _patterns().in_all.search(rest), None
    if in_all is not None:
        people = _people_in_all(in_all, rest)
        # "1 more, total 3": the sum says it surely.
        rest = f"{rest[: in_all.start()]} {_patterns().of_money.sub(' ', rest[in_all.end() :], count=1)}"
    if more is None or _patterns().number.search(rest):
        return None
    told, left = _details(rest, today, language, currency)
    own = (told.spans, told.amount, told.place or told.places)
    if any(own) or len(left) > 1:
        return None
    if people is not None:
        return JobCommand(JobVerb.PEOPLE, replace(told, people=people), words=left)
    return JobCommand(JobVerb.PEOPLE, told, more=more, words=left)


def _people_in_all(in_all: re.Match[str], rest: str) -> int | None:
    """Return the people of a sum; None for a sum of money: "total 600 rs", "total 800 denge"."""
    behind = rest[in_all.end() :]
    if _patterns().of_money.match(behind):
        return None
    return head_count.parse_count(next(part for part in in_all.groups() if part))


def _all_people(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    """Read how many people are wanted in all: "make it 5 people"."""
    words = split_words(plain)
    if not phrase_set("change_words").anywhere(words) or phrase_set("hiring").anywhere(words):
        return None
    told, left = _details(plain, today, language, currency)
    own = (told.spans, told.amount, told.place or told.places, told.skills, told.when)
    if told.people is None or any(own) or len(left) > 1:
        return None
    return JobCommand(JobVerb.PEOPLE, told, words=left)


def _people_instead(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    """Read another number of people: "2 log chahiye 1 nahi", "not 1, 2 people"."""
    match = next(filter(None, (one.search(plain) for one in _patterns().not_so_many)), None)
    if match is None:
        return None
    rest = f"{plain[: match.start()]} {plain[match.end() :]}"
    told, left = _details(rest, today, language, currency)
    own = (told.spans, told.amount, told.place or told.places, told.skills, told.when)
    if told.people is None or any(own) or left:
        return None
    return JobCommand(JobVerb.PEOPLE, told)


def _hours(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    """Read another time, perhaps with another pay: "time badal do", "time 5 se 9 kar do, 400 de dunga"."""
    words = split_words(plain)
    changed = phrase_set("change_words").anywhere(words)
    if not changed or phrase_set("wants", "hiring").anywhere(words):
        return None
    told, left = _details(plain, today, language, currency)
    named = phrase_set("part_hours").anywhere(words)
    left = tuple(phrase_set("part_hours").without(left))
    own = (told.people, told.place or told.places, told.skills, told.when and not told.spans)
    if any(own) or len(left) > 1 or not (told.spans or (named and not told.amount)):
        return None
    return JobCommand(JobVerb.HOURS, told, words=left)


def _pay(plain: str, today: dt.date, language: str, currency: str) -> JobCommand | None:
    """Read another pay: it says "instead", or names the pay, or says that something changes."""
    words = split_words(plain)
    named = phrase_set("part_pay").anywhere(words)
    changed = named or phrase_set("change_words").anywhere(words)
    seeks = phrase_set("wants", "hiring").anywhere(words)
    if _patterns().instead.search(plain) is None and (seeks or not changed):
        return None
    rest = _patterns().instead.sub(" ", plain)
    left_of_pay, found = pay.extract(rest, currency)
    if found.amount is None:
        only = pay.parse_only_number(rest, currency)
        if only is None or only.amount is None:
            return None
        if not named and only.amount < _LEAST_BARE_PAY * 10 ** exponent(currency):
            return None
        found, left_of_pay = only, _patterns().digits.sub(" ", rest)
    told, left = _details(left_of_pay, today, language, currency)
    own = (told.spans, told.people, told.place or told.places)
    if any(own) or len(left) > 1:
        return None
    return JobCommand(JobVerb.PAY, replace(told, amount=found.amount, per=found.per), words=left)
