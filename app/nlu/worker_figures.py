"""Takes the numbers of a message about a worker: how far they go, their experience, their age. Pure."""

from collections.abc import Sequence
from typing import Final

from app.nlu import quantities
from app.nlu.consent import OLDEST_YEARS
from app.nlu.fact import Confidence, Fact
from app.nlu.quantities import Amount, Measure
from app.nlu.time_tokens import DAYS
from app.nlu.unread_words import UnreadWords
from app.nlu.vocabulary import phrase_set, word_set

BELIEVABLE_KM: Final = 100
"""Nobody travels farther for part-time work: a greater number means something else."""
MAX_YEARS: Final = 60
_YOUNGEST: Final = 14
"""A smaller number beside a name is no age."""
_AGE_DIGITS: Final = 2
_NEAR: Final = 3
"""Words beside a number among which it is looked for what it measures."""


def take_measures(
    left: UnreadWords,
) -> tuple[Fact[float] | None, Fact[int] | None, Fact[int] | None]:
    """Return how far somebody goes, their experience and their age, each where its unit is said."""
    distance: Fact[float] | None = None
    years: Fact[int] | None = None
    age: Fact[int] | None = None
    begins = 0
    measures = quantities.find_measures(left.plain)
    several = sum(quantities.in_kilometres(one.amount) is not None for one in measures) > 1
    for measure in measures:
        since, begins = begins, measure.end
        if not all(left.free[measure.start : measure.end]):
            continue
        around = _around(left, measure, since)
        amount = measure.amount
        if (km := quantities.in_kilometres(amount)) is not None:
            of_a_day = several and _take_day_before(left, measure)
            said = left.take("" if of_a_day else "distance_km", measure.start, measure.end)
            if 1 <= km <= BELIEVABLE_KM and not of_a_day:
                distance = Fact(km, Confidence.CERTAIN, said)
        elif (time := quantities.in_years(amount)) is not None:
            if _is_age(measure.amount, around):
                age = Fact(int(time), Confidence.CERTAIN, _take_age(left, measure))
            elif amount.unit in _LONG_UNITS and time <= MAX_YEARS:
                near = phrase_set("experience_near").anywhere(around)
                sure = Confidence.CERTAIN if near else Confidence.LIKELY
                said = left.take("years", measure.start, measure.end)
                told = Fact(int(time), sure, said)
                years = told if years is None or told.value > years.value else years
        else:
            left.take("", measure.start, measure.end)
    return distance, years, age


def _take_day_before(left: UnreadWords, measure: Measure) -> bool:
    """Take the day that a distance is for, and no hours: "15 km but sunday 5 km"; return whether there is one."""
    days = word_set("calendar", *DAYS)
    for at in range(measure.start - 1, max(-1, measure.start - _NEAR), -1):
        if left.words[at].ends or not left.free[at]:
            return False
        if left.plain[at] in days:
            left.take("", at, measure.start)
            return True
    return False


_LONG_UNITS: Final = frozenset({"year", "month"})


def _around(left: UnreadWords, measure: Measure, since: int) -> list[str]:
    """Return a measure with the words beside it in its clause, as far as the measure before and the next number."""
    start, end = measure.start, measure.end
    while start > max(since, measure.start - _NEAR) and not left.words[start - 1].ends:
        start -= 1
    while (
        end < min(len(left.words), measure.end + _NEAR + 1)
        and not left.words[end - 1].ends
        and not left.plain[end].isdecimal()
    ):
        end += 1
    return left.plain[start:end]


def _is_age(amount: Amount, around: Sequence[str]) -> bool:
    if amount.unit != "year" or amount.low != amount.high or not 1 <= amount.low <= OLDEST_YEARS:
        return False
    if phrase_set("age").anywhere(around):
        return True
    return amount.low > _MOST_EXPERIENCE and not phrase_set("experience_near").anywhere(around)


_MOST_EXPERIENCE: Final = 15
"""More years than these, with nothing that says what they are, are an age."""


def _take_age(left: UnreadWords, measure: Measure) -> str:
    start, end = measure.start, measure.end
    for at in range(max(0, start - 2), start):
        span = phrase_set("age").at(left.plain, at)
        if span is not None and at + len(span.words) >= start - 1 and left.free[at]:
            start = at
            break
    if end < len(left.plain) and (span := phrase_set("age").at(left.plain, end)):
        end += len(span.words)
    return left.take("age", start, end)


def take_bare_age(left: UnreadWords) -> Fact[int] | None:
    """Return an age without its unit: after a name or a word for it, or in a clause of its own."""
    for start, end in left.runs():
        for at in range(start, end):
            word = left.plain[at]
            if not word.isdecimal() or len(word) != _AGE_DIGITS or int(word) < _YOUNGEST:
                continue
            before = max(start, at - 2)
            told = phrase_set("age").anywhere(left.plain[before:at])
            named = at > 0 and not left.free[at - 1] and not left.words[at - 1].plain.isdecimal()
            if told or end - start == 1 or (at == start and named):
                begins = before if told else at
                return Fact(int(word), Confidence.LIKELY, left.take("age", begins, at + 1))
    return None
