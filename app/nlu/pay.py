"""Reading what a job pays: "150/hour", "₹800 per day", "din ka 800", "12k a month". Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from app.core.money import exponent
from app.nlu.dates import GAP, pattern_of
from app.nlu.job_draft import Draft
from app.nlu.normalize import normalize

MOST_PAY: Final = 10_000_000
"""In whole rupees, dollars, …"""
_LEAST_PAY: Final = 20
"""A smaller number beside a unit of time is an hour of the day, or a count."""
_LEAST_BARE_PAY: Final = 50

_SIGN: Final = r"(?<![a-z])(?:₹|rs\.?|inr|rupees?|rupaye|rupaiye|rupay|rupaya|रु\.?|रुपये|रुपए|रुपया)"
_SUM: Final = r"(\d{1,3}(?:,\d{2,3})+|\d+)(\.\d{1,2})?\s?(k(?![a-z])|hazaar|hazar|thousand|हजार)?"
_UNITS: Final[Mapping[str, str]] = {
    "hour": "hour|hours|hourly|hr|hrs|h|ghanta|ghante|ghanta|घंटा|घंटे|घण्टा",
    "day": "day|days|daily|din|roz|roj|dihadi|shift|दिन|रोज|दिहाड़ी|प्रतिदिन",
    "week": "week|weekly|hafta|hafte|हफ्ता|हफ्ते|सप्ताह",
    "month": "month|monthly|mahina|mahine|mahina|pm|महीना|महीने|माह",
}
_UNIT_OF: Final = {
    normalize(word): unit for unit, words in _UNITS.items() for word in words.split("|")
}
_UNIT: Final = "(" + "|".join(sorted(map(re.escape, _UNIT_OF), key=len, reverse=True)) + ")"
_EDGE: Final = r"(?![a-z0-9\u0900-\u0963])"
_START: Final = r"(?<![a-z0-9\u0900-\u0963])"
_EACH: Final = r"(?:/-?|-|per|a|an|every|each|har|ka|ke|ki|प्रति|prati|हर|का|के|की)"
_PAY_PER: Final = re.compile(
    rf"(?<![\d:.,/-])({_SIGN}\s?)?{_SUM}\s?({_SIGN})?(?:/-)?\s*((?:{_EACH}\s*){{0,3}}?){_START}?{_UNIT}{_EDGE}"
)
_PER_PAY: Final = re.compile(
    rf"{_START}(?:per\s+|har\s+|हर\s+|प्रति\s+)?{_UNIT}{_EDGE}\s*(?:(?:ka|ke|ki|rate|pay|का|के|की|:|=)\s*){{0,3}}"
    rf"({_SIGN}\s?)?{_SUM}\s?({_SIGN})?(?:/-)?(?![\d:]|\s?(?:-|to|se|से|am|pm)\s?\d)"
)
_PAY: Final = re.compile(
    rf"{_SIGN}\s?{_SUM}(?:\s?/-)?|(?<![\d:.,/-]){_SUM}\s?(?:{_SIGN}{_EDGE}|/-)"
)
_PAY_NAMED: Final = re.compile(
    pattern_of(
        "pay|pays|paying|salary|wage|wages|payment|budget|rate|paisa|paise|pagar|tankha|tankhwah|"
        "मजदूरी|वेतन|पगार|तनख्वाह|पैसे|सैलरी|pay is|salary is"
    )
    + rf"\s*(?:is|of|:|=|-)?\s*{_SUM}"
)
_PAY_ALONE: Final = re.compile(
    r"(?:^|[,;|])\s*(?:([1-9]\d{2,4})|([1-9]\d{0,2})\s?(k))\s*(?=[,;|]|$)"
    rf"|(?<![\d:.,/-])([1-9]\d{{2,4}})\s+{pattern_of('each|per person|per head|each person|har ek')}"
)
_PAY_OPEN: Final = re.compile(
    pattern_of(
        "negotiable|pay negotiable|salary negotiable|to be agreed|to be discussed|baat karke|"
        "baat kar ke|बात करके|pay later decided|tbd"
    )
)


_RANGE: Final = re.compile(
    rf"({_SIGN}\s?)?(?<![\d:.,/-])([1-9]\d{{1,5}})\s*(?:-|to|se|से)\s*(?:{_SIGN}\s?)?([1-9]\d{{1,5}})(?![\d:])"
    rf"(?=(\s?(?:/-)?\s?{_SIGN}{_EDGE}|\s*{_EACH}\s*{_UNIT}{_EDGE}|\s*(?:daily|roz|रोज){_EDGE})?)"
)
_WIDEST: Final = 3
"""So many times the lower end a range of pay may reach."""


def _lower(match: re.Match[str]) -> str:
    """Return the lower end of a range of pay, which is promised to everybody; "10-18" is hours."""
    low, high = int(match[2]), int(match[3])
    if not (match[1] or match[4]) or not _LEAST_BARE_PAY <= low < high <= low * _WIDEST:
        return match[0]
    return f"{match[1] or ''}{low}"


def extract(text: str, currency: str) -> tuple[str, Draft]:
    """Take the pay out of a normalize text."""
    text = _RANGE.sub(_lower, text)
    for pattern in (_PAY_PER, _PER_PAY):
        for match in pattern.finditer(text):
            amount, unit, sure = _sum_and_unit(match, first_is_unit=pattern is _PER_PAY)
            if amount is None or amount < (1 if sure else _LEAST_PAY):
                continue
            if not sure and amount < _LEAST_BARE_PAY and not _says_each(match[0]):
                continue
            draft = Draft(amount=_minor(amount, currency), per=unit)
            return text[: match.start()] + GAP + text[match.end() :], draft
    for pattern in (_PAY, _PAY_NAMED):
        found = pattern.search(text)
        amount = _amount([part for part in found.groups() if part]) if found else None
        if found is not None and amount is not None:
            draft = Draft(amount=_minor(amount, currency))
            return text[: found.start()] + GAP + text[found.end() :], draft
    if found := _PAY_OPEN.search(text):
        return text[: found.start()] + GAP + text[found.end() :], Draft(pay_open=True)
    return text, Draft()


def extract_bare(text: str, draft: Draft, currency: str) -> tuple[str, Draft]:
    """Take a number that stands alone for the pay, once everything else has had its numbers."""
    found = _PAY_ALONE.search(text)
    if found is None or draft.amount is not None:
        return text, draft
    amount = _amount([part for part in found.groups() if part])
    draft = replace(draft, amount=_minor(amount or 0, currency))
    return text[: found.start()] + GAP + text[found.end() :], draft


def parse_only_number(text: str, currency: str) -> Draft | None:
    """Return the pay in a text that is known to be about it, by its only number; else None."""
    found = [match for match in re.finditer(_SUM, text) if not match[1].startswith("0")]
    amount = _amount(found[0].groups()) if len(found) == 1 else None
    return None if amount is None else Draft(amount=_minor(amount, currency))


def without_units(said: Sequence[str]) -> list[str]:
    """Return normalize words without those that say how often something is paid: "daily", "महीने"."""
    return [word for word in said if word.strip(".!?।") not in _UNIT_OF]


def _says_each(said: str) -> bool:
    return re.search(rf"/|{pattern_of('per|a|an|every|each|har|prati|प्रति|हर')}", said) is not None


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
    return _amount(number), _UNIT_OF[unit], sure


def _amount(parts: Sequence[str | None]) -> float | None:
    whole, *more = (part for part in parts if part)
    if not re.fullmatch(r"[\d,]+", whole):
        return None
    value = float(whole.replace(",", ""))
    for part in more:
        value = value + float(part) if part.startswith(".") else value * 1_000
    return value if 0 < value <= MOST_PAY else None


def _minor(amount: float, currency: str) -> int:
    return round(amount * 10.0 ** exponent(currency))
