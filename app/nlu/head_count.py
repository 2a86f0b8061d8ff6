"""Read how many people an employer wants: "3 boys", "2 boys 1 girl", "do teen log", "half a dozen". Pure.

Numbers that count something else are set aside: ages, hours of work, guests. Of a range the upper end is
taken, because so many places may be needed; that it was a range is kept for the read-back.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from app.nlu.dates import GAP
from app.nlu.normalize import normalize, split_words
from app.nlu.numbers import count_pattern, count_words, parse_whole, with_digits
from app.nlu.vocabulary import EDGE, START, one_of, phrase_set, whole_word, word_set

MOST_PEOPLE: Final = 500
_WIDEST_RANGE: Final = 3
"""So many times the lower end the upper end of a range may be: "2 3 log" is one, "2 20" are two numbers."""
_ANSWER_CHARACTERS: Final = 60
_LOOKED_BACK: Final = 30
"""Characters before a number in which a word may say that it counts guests."""
_LONGEST_SHIFT_HOURS: Final = 16
"""Work of more hours is no shift: "24 hours" is around the clock."""


@dataclass(frozen=True, slots=True)
class HeadCount:
    """How many people are wanted."""

    people: int
    said: str
    """The words that gave it."""
    sure: bool = True
    """Whether it is one number, and no range."""


class _Patterns:
    """The patterns of numbers of people, and of numbers that are none."""

    def __init__(self) -> None:
        def any_of(*names: str) -> str:
            return whole_word("job", *names)

        words = count_pattern()
        number = rf"(?:\d{{1,3}}(?!\d)|{START}{words}{EDGE})"
        of_range = one_of("job", "or")
        some = rf"({number})(?:\s?(?:-|{START}{of_range}{EDGE})?\s?({number}))?"
        self.group = re.compile(
            rf"(?<![\w:.,/-])(?<!\d\s-\s)(?:x\s?)?{some}\s?(?:x\s)?(?:{any_of('more')}\s)?"
            rf"(?:{one_of('job', 'around_people')}\s)?(?P<who>{one_of('job', 'people')}){EDGE}"
        )
        self.wanted = re.compile(
            rf"(?:{any_of('need')}\s?){some}(?=\s?(?:[,;|।]|$))"
            rf"|(?<![\w:.,/-]){some}\s?{any_of('needed')}"
        )
        self.joined = re.compile(rf"\s?(?:,\s?|[&+]\s?|{whole_word('calendar', 'and')}\s?)?")
        self.guests_before = re.compile(rf"{any_of('guests_before')}\s?$")
        self.jobs_for = re.compile(rf"{any_of('jobs_for')}\s?$")
        self.guests_after = re.compile(rf"\s?{any_of('guests_after')}")
        span = rf"\d{{1,2}}(?:\s?(?:-|{one_of('pay', 'range')})\s?\d{{1,2}})?"
        self.needed_after = re.compile(rf"\s?{any_of('needed')}")
        self.as_for = re.compile(
            rf"(?<=[a-z\u0900-\u0963]\s)4(?=\s{one_of('job', 'as_for')}{EDGE})"
        )
        self.age = re.compile(
            rf"{any_of('age_before')}\s?[:-]?\s?{span}(?:\s?{any_of('years')})?"
            rf"|(?<![\w.]){span}\s?{any_of('age_after')}"
        )
        self.hours = re.compile(
            rf"(?<![\w:.,/-])(\d{{1,2}}|{words})\s?-?\s?{one_of('units', 'hour')}{EDGE}"
        )
        self.only = re.compile(rf"(?:x\s?)?{some}(?:\s?x)?")


_patterns = cache(_Patterns)


def parse_count(text: str) -> int | None:
    """Return a number of people, in digits or in words; None where it is none."""
    number = parse_whole(normalize(text).strip(" .!"))
    return number if number is not None and 1 <= number <= MOST_PEOPLE else None


def parse_answer(text: str) -> HeadCount | None:
    """Return the number in an answer that says nothing else: "just one", "2-3", "x5", "char panch"."""
    if len(text) > _ANSWER_CHARACTERS:
        return None
    plain = phrase_set("count_emphasis").without(split_words(text))
    if 1 < len(plain) < len(split_words(text)):
        text = " ".join(plain)  # "ek hi aadmi" is "ek aadmi"
    said = " ".join(
        phrase_set("filler", "around_count").without(_spelt(split_words(text)), ends_only=True)
    ) or " ".join(split_words(text))
    said = with_digits(said)
    _, found = take(with_digits(normalize(text)))
    if found is not None and _beside(said, found):
        return found
    match = _patterns().only.fullmatch(said)
    return None if match is None else _counted(match[1], match[2], said)


def _beside(said: str, found: HeadCount) -> bool:
    """Whether an answer says no more than this number of people."""
    left = set(split_words(said)) - set(split_words(found.said))
    return not phrase_set("filler", "around_count").without(sorted(left))


def _spelt(words: Sequence[str]) -> list[str]:
    """Return words with numbers of people as they are usually spelt: "fourr"."""
    return [
        _once(word) if word not in count_words() and _once(word) in count_words() else word
        for word in words
    ]


def _once(word: str) -> str:
    return re.sub(r"(\D)\1", r"\1", word)


def take(text: str) -> tuple[str, HeadCount | None]:
    """Take the number of people out of a normalized text."""
    groups = list(_patterns().group.finditer(text))
    if groups:
        found, first, last = _sum(text, groups)
        if found is not None:
            return text[:first] + GAP + text[last:], found
    for match in _patterns().wanted.finditer(text):
        low, high = (match[1], match[2]) if match[1] else (match[3], match[4])
        counted = _counted(low, high, match[0])
        if counted is not None:
            return text[: match.start()] + GAP + text[match.end() :], counted
    return text, None


def _sum(text: str, groups: Sequence[re.Match[str]]) -> tuple[HeadCount | None, int, int]:
    """Return how many the groups make, and where they stand: men and women are added, people are the whole."""
    by_sex = word_set("job", "men", "women")
    first = next((group for group in groups if group["who"] not in by_sex), groups[0])
    found = _counted(first[1], first[2], first[0].strip())
    if found is None or first["who"] not in by_sex:
        return found, first.start(), first.end()
    end, people, sure = first.end(), found.people, found.sure
    for group in groups[1:]:
        more = _counted(group[1], group[2], group[0])
        between = text[end : group.start()]
        if more is None or _patterns().joined.fullmatch(between) is None:
            break
        end, people, sure = group.end(), people + more.people, sure and more.sure
    if people > MOST_PEOPLE:
        return None, 0, 0
    return HeadCount(people, text[first.start() : end].strip(), sure), first.start(), end


def _counted(low: str, high: str | None, said: str) -> HeadCount | None:
    least = parse_count(low)
    if least is None or not high:
        return None if least is None else HeadCount(least, said)
    most = parse_count(high)
    if most is None or not least < most <= least * _WIDEST_RANGE:
        return None
    return HeadCount(most, said, sure=False)


def _are_guests(text: str, match: re.Match[str]) -> bool:
    """Whether these people are fed or served, and not wanted: "lunch for 30 people", "40 logo ka khana"."""
    before = text[max(0, match.start() - _LOOKED_BACK) : match.start()]
    if _patterns().needed_after.match(text, match.end()):
        return False
    if match["who"] in word_set("job", "men", "women") or _patterns().jobs_for.search(before):
        return False
    return bool(
        _patterns().guests_before.search(before)
        or _patterns().guests_after.match(text, match.end())
    )


def with_for(text: str) -> str:
    """Return a normalized text with the "4" that stands for "for" in words: "1 maid 4 home"; another number is before it."""
    first = re.search(r"\d", text)
    found = _patterns().as_for.search(text)
    if found is None or first is None or first.start() == found.start():
        wanted = found is not None and phrase_set("wants").anywhere(text[: found.start()].split())
        if found is None or not wanted:
            return text
    return f"{text[: found.start()]}for{text[found.end() :]}"


def take_guests(text: str) -> tuple[str, list[str]]:
    """Take out how many people are fed or served; return those words too: "for 30 people", "40 logo ka khana"."""
    guests = [match for match in _patterns().group.finditer(text) if _are_guests(text, match)]
    for match in reversed(guests):
        text = text[: match.start()] + GAP + text[match.end() :]
    return text, [match[0].strip() for match in guests]


def take_ages(text: str) -> tuple[str, list[str]]:
    """Take out how old somebody is or shall be; return those words too: "age 18 to 30", "2 year old"."""
    taken = [match[0].strip() for match in _patterns().age.finditer(text)]
    return (_patterns().age.sub(GAP, text) if taken else text), taken


def take_hours_of_work(text: str) -> tuple[str, int | None, str]:
    """Take out how long the work is: "4 hours", "do ghante"; return its minutes and its words."""
    match = _patterns().hours.search(text)
    hours = None if match is None else parse_count(match[1])
    if match is None or hours is None or hours > _LONGEST_SHIFT_HOURS:
        return text, None, ""
    return text[: match.start()] + GAP + text[match.end() :], hours * 60, match[0].strip()
