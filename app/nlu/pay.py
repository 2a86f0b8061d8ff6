"""Read what a job pays: "150/hour", "₹800 per day", "din ka 800", "12k a month". Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from app.core.money import exponent
from app.nlu.dates import GAP
from app.nlu.job_draft import Draft
from app.nlu.normalize import split_words
from app.nlu.numbers import (
    count_pattern,
    parse_digits,
    parse_whole,
    with_digits,
    with_spoken_hundreds,
)
from app.nlu.vocabulary import (
    EDGE,
    START,
    one_of,
    phrase_set,
    whole_word,
    word_set,
)

MOST_PAY: Final = 10_000_000
"""In whole rupees, dollars, …"""
UNITS: Final = ("hour", "day", "week", "month")
_DIGITS: Final = re.compile(r"[0-9]{1,8}")
_LEAST_PAY: Final = 20
"""A smaller number beside a unit of time is an hour of the day, or a count."""
_LEAST_BARE_PAY: Final = 50
_LEAST_SHIFT_PAY: Final = 100
"""A smaller number beside the length of a shift is rather one of people: "need 50 for 4 hours"."""
_MOST_SHIFT_PAY: Final = 5_000
"""Of a larger sum it is asked for what it is: "8 hours 12000" may be a month's."""
_LEAST_SPAN_PAY: Final = 200
"""A smaller share of a sum for several days is no usual pay of one: it is asked for what the sum is."""


class _Patterns:
    """The patterns of pay, and the unit that each of its words names."""

    def __init__(self) -> None:
        def any_of(*names: str) -> str:
            return one_of("pay", *names)

        self.unit_of = {word: unit for unit in UNITS for word in word_set("pay", f"per_{unit}")}
        number = (
            rf"(\d{{1,3}}(?:,\d{{2,3}})+|\d+)(\.\d{{1,2}})?\s?(k(?![a-z])|{any_of('thousand')})?"
        )
        sign = rf"(?<![a-z]){any_of('rupees')}"
        each = rf"(?:/-?|-|{any_of('each', 'between')})"
        unit = f"({any_of(*(f'per_{unit}' for unit in UNITS))})"
        self.number = re.compile(number)
        self.pay_per = re.compile(
            rf"(?<![\d:.,/-])({sign}\s?)?{number}\s?({sign})?(?:/-)?\s*"
            rf"((?:{each}\s*){{0,3}}?){START}?{unit}{EDGE}"
        )
        self.per_pay = re.compile(
            rf"{START}(?:{any_of('before_unit')}\s+)?{unit}{EDGE}\s*"
            rf"(?:(?:{any_of('between', 'of_unit')}|:|=)\s*){{0,3}}({sign}\s?)?{number}\s?({sign})?"
            rf"(?:/-)?(?![\d:]|\s?(?:-|{any_of('until')})\s?\d)"
        )
        self.pay = re.compile(
            rf"{sign}\s?{number}(?:\s?/-)?|(?<![\d:.,/-]){number}\s?(?:{sign}{EDGE}|/-)"
        )
        self.named = re.compile(
            rf"{whole_word('pay', 'named')}\s*(?:{any_of('named_is')}|:|=|-)?\s*{number}"
        )
        self.alone = re.compile(
            r"(?:^|[,;|])\s*(?:([1-9]\d{2,4})|([1-9]\d{0,2})\s?(k))\s*(?=[,;|]|$)"
            rf"|(?<![\d:.,/-])([1-9]\d{{2,4}})\s+{whole_word('pay', 'for_each')}"
        )
        # What is given: "9000 denge", "we will give 18000", "sal 18k"; and any sum of thousands.
        self.given = re.compile(
            rf"{whole_word('pay', 'gives')}\s?(?:{any_of('named_is')}|:|=|-)?\s?"
            rf"(?:{sign}\s?)?([1-9]\d{{2,5}})(?![\d:/])"
            rf"|(?<![\d:.,/-])([1-9]\d{{2,5}})\s?(?:{one_of('pay', 'given')}|[+])(?![a-z])"
        )
        self.thousands = re.compile(r"(?<![\w:.,/-])([1-9]\d{3,4})(?![\w:/-]|,\d|\.\d)")
        self.last = re.compile(r"(?<=[^\W\d]\s)([1-9]\d{2})\s?(?=$|[,;|।])")
        self.short = re.compile(r"(?<![\w.,:/])(\d{1,3}(?:\.\d)?)\s?k(?![a-z0-9])")
        self.short_range = re.compile(
            rf"(?<![\w.,:/])(\d{{1,3}})\s?(?:k\s?)?(?:-|{any_of('range')})\s?(\d{{1,3}})\s?k(?![a-z0-9])"
        )
        self.sums = re.compile(
            rf"(?<![\d:.,/-])([1-9]\d{{3,5}})\s?(?:-|{any_of('range')})\s?([1-9]\d{{3,5}})(?![\d:/-])"
        )
        self.open = re.compile(whole_word("pay", "open"))
        self.range = re.compile(
            rf"({sign}\s?)?(?<![\d:.,/-])([1-9]\d{{1,5}})\s*(?:-|{any_of('range')})\s*"
            rf"(?:{sign}\s?)?([1-9]\d{{1,5}})(?![\d:])(?=(\s?(?:/-)?\s?{sign}{EDGE}"
            rf"|\s*{each}\s*{unit}{EDGE}|\s*{any_of('range_unit')}{EDGE})?)"
        )
        # "500 for 4 hours", "4 ghante ke 500", "500 rs 4 ghante ke": what one shift of so many hours pays.
        length = rf"(?<![\w:.,/-])(?P<hours>\d{{1,2}}|{count_pattern()})\s?-?\s?{one_of('units', 'hour')}{EDGE}"
        shift_sum = (
            rf"(?<![\d:.,/-])(?:{sign}\s?)?(?P<sum>[1-9]\d{{1,4}}|[1-9]\d?,\d{{3}})(?![\d:/-])"
            rf"(?:\s?(?:{sign}{EDGE}|/-))?"
        )
        for_length = rf"{START}{any_of('for_length')}{EDGE}"
        self.for_hours = (
            re.compile(
                rf"{shift_sum}\s{for_length}\s(?:(?P<every>{any_of('each')})\s)?(?P<length>{length})"
            ),
            re.compile(
                rf"(?P<length>{length})\s(?:{for_length}\s)?{shift_sum}"
                rf"(?!\s*(?:{each}\s*){{0,2}}{START}?{unit}{EDGE})"
            ),
            re.compile(rf"{shift_sum}\s(?P<length>{length})\s{for_length}"),
        )
        # "800 for 2 days", "2 din ke 1600", "15000 for 1 month": what so many days, weeks or months pay.
        spans = {
            word: unit for unit in ("day", "week", "month") for word in word_set("units", unit)
        }
        self.span_of = spans
        span = (
            rf"(?<![\w:.,/-])(?:{any_of('whole')}\s)?(?P<count>\d{{1,2}}|{count_pattern()}|{one_of('numbers', '1')})\s?"
            rf"(?P<unit>{'|'.join(sorted(spans, key=len, reverse=True))}){EDGE}"
        )
        in_all = rf"(?:\s{any_of('total')}{EDGE})?"
        self.for_days = (
            re.compile(rf"{shift_sum}\s{for_length}\s(?:{any_of('each')}\s)?{span}{in_all}"),
            re.compile(rf"{span}\s(?:{for_length}|{any_of('total')}{EDGE})\s{shift_sum}{in_all}"),
            re.compile(rf"{span}\s{shift_sum}\s{any_of('total')}{EDGE}"),
            re.compile(rf"{shift_sum}\s{span}\s(?:{for_length}|{any_of('total')}{EDGE})"),
        )
        # Two sums and nothing else: "500 se 600", which are no people.
        self.only_range = re.compile(
            rf"\s{{0,3}}([1-9]\d{{2,4}})\s?(?:-|{any_of('range')})\s?([1-9]\d{{2,4}})\s{{0,3}}"
        )
        self.sums_of_answer = re.compile(
            rf"(?<![\d:.,/-])([1-9]\d{{2,5}})\s?(?:-|{any_of('range')})\s?([1-9]\d{{2,5}})(?![\d:/-])"
        )
        self.each = re.compile(f"/|{whole_word('pay', 'each')}")
        # "500 ek ladke ko", "har aadmi 500": what each of them gets, and no number of people.
        who = rf"{one_of('job', 'people')}{EDGE}"
        each_head = (
            rf"{START}(?:{any_of('each_head')}\s{who}(?:\s{any_of('head_ends')}{EDGE})?"
            rf"|{any_of('one_head')}\s(?:{who}\s)?{any_of('head_ends')}{EDGE})"
        )
        head_sum = rf"(?<![\d:.,/-])([1-9]\d{{1,5}})(?:\s?(?:{sign}{EDGE}|/-))?"
        self.per_head = re.compile(
            rf"{head_sum}\s(?:{one_of('pay', 'given')}\s)?{each_head}(?:\s?{one_of('pay', 'given')}{EDGE})?"
            rf"|{each_head}\s(?:{sign}\s?)?([1-9]\d{{1,5}})(?![\d:])(?:\s?(?:{sign}{EDGE}|/-))?"
        )


_patterns = cache(_Patterns)
_WIDEST: Final = 3
_UNIT_WORDS: Final = 8
"""A longer answer says more than a unit."""
_YEARS: Final = range(1990, 2100)
"""Numbers that are rather years than sums."""
"""So many times the lower end a range of pay may reach."""


def _lower(match: re.Match[str]) -> str:
    """Return the lower end of a range of pay, which is promised to everybody; "10-18" is hours."""
    low, high = int(match[2]), int(match[3])
    if not (match[1] or match[4]) or not _LEAST_BARE_PAY <= low < high <= low * _WIDEST:
        return match[0]
    return f"{match[1] or ''}{low}"


def _is_range(low: str, high: str) -> bool:
    years = int(low) in _YEARS and int(high) in _YEARS
    return int(low) < int(high) <= int(low) * _WIDEST and not years


def extract(text: str, currency: str) -> tuple[str, Draft]:
    """Take the pay out of a normalize text."""
    patterns = _patterns()
    text = _without_short(with_digits(text))
    text, for_hours = _extract_for_hours(text, currency)
    if for_hours is not None:
        return text, for_hours
    text, for_days = _extract_for_days(text, currency)
    if for_days is not None:
        return text, for_days
    text = patterns.per_head.sub(_sum_for_each, text)
    if (only := patterns.only_range.fullmatch(text)) and _is_range(only[1], only[2]):
        return GAP, Draft(amount=_minor(float(only[1]), currency))
    text = patterns.range.sub(_lower, text)
    text = patterns.sums.sub(_lower_sum, text)
    for pattern in (patterns.pay_per, patterns.per_pay):
        for match in pattern.finditer(text):
            amount, unit, sure = _sum_and_unit(match, first_is_unit=pattern is patterns.per_pay)
            if amount is None or amount < (1 if sure else _LEAST_PAY):
                continue
            if not sure and amount < _LEAST_BARE_PAY and not _says_each(match[0]):
                continue
            draft = Draft(amount=_minor(amount, currency), per=unit)
            return text[: match.start()] + GAP + text[match.end() :], draft
    for pattern in (patterns.pay, patterns.named):
        found = pattern.search(text)
        amount = _amount([part for part in found.groups() if part]) if found else None
        if found is not None and amount is not None:
            draft = Draft(amount=_minor(amount, currency))
            return text[: found.start()] + GAP + text[found.end() :], draft
    if found := patterns.open.search(text):
        return text[: found.start()] + GAP + text[found.end() :], Draft(pay_open=True)
    return text, Draft()


def _extract_for_hours(text: str, currency: str) -> tuple[str, Draft | None]:
    """Take the pay of a shift of several hours out of a normalized text, which keeps how long the shift is."""
    for pattern in _patterns().for_hours:
        found = pattern.search(text)
        amount = 0 if found is None else int(found["sum"].replace(",", ""))
        if found is not None and amount >= _LEAST_SHIFT_PAY:
            every = found.groupdict().get("every") is not None
            hours = parse_whole(found["hours"]) or 1
            by_hour = hours == 1 or (every and not amount % hours)
            amount = amount // hours if by_hour else amount
            unit = "hour" if by_hour else "day"
            per = unit if amount <= _MOST_SHIFT_PAY else None
            length = "" if by_hour else found["length"]
            left = f"{text[: found.start()]}{GAP}{length}{GAP}{text[found.end() :]}"
            return left, Draft(amount=_minor(float(amount), currency), per=per)
    return text, None


def _extract_for_days(text: str, currency: str) -> tuple[str, Draft | None]:
    """Take the pay of several days, weeks or months out of a normalized text; it is read back to be checked.

    Of a sum that makes no even or no usual pay of one of them, what it is for is asked.
    """
    for pattern in _patterns().for_days:
        found = pattern.search(text)
        amount = 0 if found is None else int(found["sum"].replace(",", ""))
        if found is None or amount < _LEAST_SHIFT_PAY:
            continue
        count, unit = parse_whole(found["count"]) or 1, _patterns().span_of[found["unit"]]
        each = amount / count
        left = f"{text[: found.start()]}{GAP}{text[found.end() :]}"
        if count == 1:
            return left, Draft(amount=_minor(each, currency), per=unit)
        if not each.is_integer() or each < _LEAST_SPAN_PAY:
            return left, Draft(amount=_minor(float(amount), currency))
        said = found[0].strip()
        return left, Draft(amount=_minor(each, currency), per=unit, unsure=(("pay", said),))
    return text, None


def _sum_for_each(match: re.Match[str]) -> str:
    """Return what each person gets as a sum alone: "500 ek ladke ko" wants no number of people."""
    amount = match[1] or match[2]
    return f"{GAP}rs {amount} " if int(amount) >= _LEAST_BARE_PAY else match[0]


def _without_short(text: str) -> str:
    """Return a normalized text with "12k" as 12000, and "12-15k" as 12000 to 15000."""
    patterns = _patterns()
    text = patterns.short_range.sub(
        lambda match: f"{int(match[1]) * 1_000}-{int(match[2]) * 1_000}", text
    )
    return patterns.short.sub(lambda match: f"{round(float(match[1]) * 1_000)}", text)


def _lower_sum(match: re.Match[str]) -> str:
    """Return the lower end of a range of thousands, which nothing else can be."""
    low, high = int(match[1]), int(match[2])
    years = low in _YEARS and high in _YEARS
    return match[1] if low < high <= low * _WIDEST and not years else match[0]


def extract_given(text: str, currency: str) -> tuple[str, Draft]:
    """Take the sum that somebody gives out of a normalized text: "9000 denge"; or its only sum of thousands.

    A sum of hundreds counts alone only at the end of a part: "bandra 900". Several of them are no pay.
    """
    patterns = _patterns()
    for pattern in (patterns.given, patterns.thousands, patterns.last):
        found = [
            match
            for match in pattern.finditer(text)
            if int(next(part for part in match.groups() if part)) not in _YEARS
        ]
        if len(found) != 1:
            continue
        match = found[0]
        amount = next(part for part in match.groups() if part)
        if len(before := text[: match.start()].split()) and is_numbered(before[-1]):
            continue
        rest = text[: match.start()] + GAP + text[match.end() :]
        return rest, Draft(amount=_minor(float(amount), currency))
    return text, Draft()


def is_numbered(word: str) -> bool:
    """Whether a number behind this word is one of a house, a road or a class: "flat 402"."""
    return word.strip(".,:-") in word_set("job", "numbered")


def extract_bare(text: str, draft: Draft, currency: str) -> tuple[str, Draft]:
    """Take a number that stands alone for the pay, once everything else has had its numbers."""
    found = _patterns().alone.search(text)
    if draft.amount is not None or draft.pay_open:
        return text, draft
    if found is None:
        text, given = extract_given(text, currency)
        return text, replace(draft, amount=given.amount)
    amount = _amount([part for part in found.groups() if part])
    draft = replace(draft, amount=_minor(amount or 0, currency))
    return text[: found.start()] + GAP + text[found.end() :], draft


def parse_only_number(text: str, currency: str) -> Draft | None:
    """Return the pay in a text that is known to be about it, by its only number; else None."""
    text = _patterns().sums_of_answer.sub(_lower_of_answer, with_digits(with_spoken_hundreds(text)))
    numbers = _patterns().number.finditer(text)
    found = [match for match in numbers if not match[1].startswith("0")]
    amount = _amount(found[0].groups()) if len(found) == 1 else None
    return None if amount is None else Draft(amount=_minor(amount, currency))


def _lower_of_answer(match: re.Match[str]) -> str:
    """Return the lower end of two sums in an answer about pay: "around 700-800"."""
    return match[1] if _is_range(match[1], match[2]) else match[0]


def parse_tapped(text: str, currency: str) -> Draft | None:
    """Return the pay in the id of a button, "800/day"; None for what no button says."""
    amount, _, per = text.partition("/")
    if per not in UNITS or not _DIGITS.fullmatch(amount) or not 1 <= int(amount) <= MOST_PAY:
        return None
    return Draft(amount=_minor(float(amount), currency), per=per)


def without_units(said: Sequence[str]) -> list[str]:
    """Return normalize words without those that say how often something is paid: "daily", "महीने"."""
    return [word for word in said if word.strip(".!?।") not in _patterns().unit_of]


def unit_of_answer(text: str) -> str | None:
    """Return the unit of pay that an answer names and says no more: "per day", "ek shift ka", "for the whole event".

    None for a length of several: "3 days". An occasion is paid for the day.
    """
    said = split_words(text.replace("/", " "))
    if len(said) > _UNIT_WORDS or any(word.isdecimal() and word != "1" for word in said):
        return None
    units = {unit for word in said if (unit := _patterns().unit_of.get(word))}
    if not units and phrase_set("occasions", section="pay").anywhere(said):
        units = {"day"}
    around = phrase_set("each", "before_unit", "between", "of_unit", "around_unit", section="pay")
    left = [word for word in around.without(said) if word not in _patterns().unit_of]
    left = phrase_set("filler", "polite").without(left)
    left = phrase_set("occasions", section="pay").without(left)
    return units.pop() if len(units) == 1 and not left else None


def unit_in(said: Sequence[str]) -> str | None:
    """Return the one unit of pay that normalize words name; None for none and for several."""
    units = {
        unit for word in said if (unit := _patterns().unit_of.get(word.strip(".!?।"))) is not None
    }
    return units.pop() if len(units) == 1 else None


def _says_each(said: str) -> bool:
    return _patterns().each.search(said) is not None


def _sum_and_unit(match: re.Match[str], *, first_is_unit: bool) -> tuple[float | None, str, bool]:
    """The amount, its unit, and whether a currency makes it money for sure."""
    parts = match.groups()
    if first_is_unit:
        unit, sign, *number, last = parts
    else:
        sign, *number, last, _, unit = parts
    sure = bool(sign or last)
    if unit == "h" and not sure and "/" not in match[0]:
        return None, "hour", False
    if unit in {"pm", "h"} and not sure and (_amount(number) or 0) < _LEAST_BARE_PAY:
        return None, "month", False
    return _amount(number), _patterns().unit_of[unit], sure


def _amount(parts: Sequence[str | None]) -> float | None:
    whole, *more = (part for part in parts if part)
    if (value := parse_digits(whole)) is None:
        return None
    for part in more:
        value = value + float(part) if part.startswith(".") else value * 1_000
    return value if 0 < value <= MOST_PAY else None


def _minor(amount: float, currency: str) -> int:
    return round(amount * 10.0 ** exponent(currency))
