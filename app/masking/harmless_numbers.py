"""Recognise digits that are no phone number: lists of amounts, times, sizes and codes. Pure.

A list is harmless by its form: its parts say what they are ("1,200", "600x600", a date), or they rise or fall
throughout ("6:12 6:28 6:45", "500 200 100 50"). Digits that together have a phone number's length and beginning
(`is_phone_like`) never count as a list.
"""

import datetime as dt
import re
from itertools import compress, pairwise
from operator import not_
from typing import Final

READABLE_DIGITS: Final = 6
"""Most digits that may stay readable: a PIN code, an amount. No phone is shorter than seven."""
_DIGITS_OF_UNIT: Final = 2
"""Most digits that belong to a unit, "20 minutes"."""
_AMOUNTS_IN_A_ROW: Final = 2
_LAST_DAY: Final = 31
_HARMLESS_CHARACTERS: Final = 64
"""The longest list of times, dates or years that is looked at."""
_TIME: Final = r"(?:[01]?\d|2[0-4])[:.][0-5]\d"
TIME: Final = re.compile(_TIME)
_TIMES: Final = re.compile(rf"{_TIME}(?:\s?(?:[-–—,&+]|to|and)\s?{_TIME})*")
_HOURS: Final = re.compile(r"(\d{1,2})\s?[-–—]\s?(\d{1,2})")
_LIST: Final = re.compile(r"[\s,&/+]+|\b(?:and|aur|to|then|phir|fir)\b|और|फिर")
_APART: Final = re.compile(r"[,+]|[^\W\d_]")
_CURRENCY: Final = re.compile(r"\s{0,3}(?:₹|rs\.?|inr|\$|€|£)\s{0,3}")
_AMOUNT: Final = re.compile(r"\d{1,2}0|\d{1,4}[05]0|\d{1,3}(?:,\d\d)?,\d00|\d{1,2}[05]")
_ROUND: Final = re.compile(r"\d{1,3}(?:00|50)")
_DATE: Final = re.compile(r"(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)")
_DATE_LOCAL: Final = re.compile(r"(?P<d>\d\d?)[/.-](?P<m>\d\d?)[/.-](?P<y>20\d\d)")
_YEAR: Final = re.compile(r"(?:19|20)\d\d(?:[-–—/]\d\d)?")
_AMOUNTS: Final = re.compile(r"(\d[\d,]{0,12})\s{0,3}[-–—]\s{0,3}(\d[\d,]{0,12})")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d\d){0,3},000")
_CURRENCY_BEFORE: Final = re.compile(r"(?:₹|rs\.?|inr|\$|€|£)\s*$")
_PAY_WORD: Final = r"(?:salary|pay|pays|paid|wages?|stipend|vetan|earn|वेतन|तनख्वाह)"
PAY_BEFORE: Final = re.compile(
    rf"(?:₹|rs\.?|inr|\$|€|£|{_PAY_WORD}(?:\s+(?:of|is|up ?to|from))?)[\s:=-]*\Z", re.IGNORECASE
)
PAY_AFTER: Final = re.compile(
    rf"\s{{0,3}}(?:/-|₹|(?:rs|inr|rupees?|rupaye|रुपये|रुपए|per|a day|a month|a week|an hour|monthly|daily|"
    rf"mahina|mahine|roz|महीना|महीने|{_PAY_WORD})(?!\w)|/\s*(?:day|month|hour|hr|week))",
    re.IGNORECASE,
)
_PAY_CHARACTERS: Final = 24
_CURRENCY_CHARACTERS: Final = 8
_SPLIT: Final = re.compile(r"\s*(?:,\s|[&/+;|–—-]|\b(?:and|aur|to|or|ya|se)\b|और|से)\s*|\s+")
_WITH_COMMAS: Final = re.compile(r"\d{1,3}(?:,\d\d){0,2},\d{3}")
_NUMBER: Final = re.compile(
    r"(\d{1,5}(?:\.\d{1,2})?)(k|kg|gm|g|km|m|mm|cm|ft|l|ltr|ml|hp|gb|mp|w|v|am|pm)?"
)
_MARKED: Final = re.compile(
    r"\d{1,2},\d{3}|\d{1,3}(?:,\d\d){1,2},\d{3}|\d{3},\d{3}|\d{1,4}x\d{1,4}(?:x\d{1,4})?|(?:19|20)\d\d"
)
"""An amount with its commas, a size, a year."""
_DAY: Final = re.compile(r"(0?[1-9]|[12]\d|3[01])[/.](0?[1-9]|1[0-2])")
_BETWEEN_DAYS: Final = re.compile(r"\s?(?:,|&|\b(?:and|aur|to|or)\b|और|से)\s?|\s")
_PIN_CODE: Final = re.compile(r"[1-8]\d{5}")
_REGION_DIGITS: Final = 2
"""The first digits of a PIN code: the postal region."""
_CODE: Final = re.compile(
    r"\d\d[a-z]{5}\d{4}[a-z][0-9a-z]z[0-9a-z]|[a-z]{4}0[0-9a-z]{6}|[a-z]{5}\d{4}[a-z]"
)
"""A GST registration, a bank branch's IFSC, a PAN: their forms are fixed by law."""
_STANDARD: Final = re.compile(r"\b(?:iso|iec|astm|bis)\s?\Z")
_STANDARD_NUMBER: Final = re.compile(r"\d{3,5}(?:[-:]\d{1,4})?(?:[-:](?:19|20)\d\d)?")
_LABEL: Final = re.compile(
    r"\b(?:hsn|sac|barcodes?|ean|sku|isbn|invoice|bill|order|challan|batch|docket|awb|fssai|model|article|act|rule|train)"
    r"\s?(?:code|codes|like|no\.?|nos\.?|number|numbers|id|ids)?\s?[:#-]?\s?\Z"
)
"""The label before a reference number of at most eight digits."""
_OF_A_YEAR: Final = re.compile(r"20[2-4]\d[/-]\d{1,2}[/-]\d{1,6}")
_ROUND_AMOUNT: Final = 50
_REFERENCE_DIGITS: Final = 8
_LABEL_CHARACTERS: Final = 24
_LEAST_PARTS: Final = 3
_MOST_PARTS: Final = 40
_LANDLINE_PARTS: Final = 3
"""Parts of a phone number with its area code, "22 2567 8890"."""
_LOCAL_PHONE: Final = re.compile(r"([2-7]\d{3})[ -]?(\d{4})")
_PHONE_BEFORE: Final = re.compile(
    r"(?:\b(?:on|at|call|ring|dial|phone|ph|tel|mobile|contact|message|msg|text|number|no|whatsapp|sms|pe)"
    r"|पर|नंबर)[\s.:-]{0,3}\Z"
)
_PHONE_AFTER: Final = re.compile(r"\s(?:(?:par|pe|pr)\b|पर)")
"""Tell a landline without its area code from two amounts."""
_MOBILE_DIGITS: Final = 10
"""Digits of a mobile number, or of a landline with its area code."""
_CODE_LETTERS: Final = 16


def is_harmless(plain: str, start: int, end: int) -> bool:
    """Whether a run holds only times, dates, years, a rising list, or marked round amounts."""
    if end - start > _HARMLESS_CHARACTERS:
        return False
    run = plain[start:end]
    if _TIMES.fullmatch(run):
        return True
    if date := _DATE.fullmatch(run) or _DATE_LOCAL.fullmatch(run):
        return _exists(int(date["y"]), int(date["m"]), int(date["d"]))
    before = _CURRENCY_BEFORE.search(plain[max(0, start - _CURRENCY_CHARACTERS) : start])
    if amounts := _AMOUNTS.fullmatch(run):
        low, high = (int(amount.replace(",", "")) for amount in amounts.groups())
        marked = (
            before is not None
            or PAY_BEFORE.search(plain[max(0, start - _PAY_CHARACTERS) : start])
            or PAY_AFTER.match(plain, end)
        )
        if marked and low < high < 10**READABLE_DIGITS:
            return low % 100 == high % 100 == 0
    if before is not None and _GROUPED.fullmatch(run):
        return True
    if _is_plain_list(plain, start, end):
        return True
    segments = [segment.strip() for segment in run.split(",") if segment.strip()]
    timed = [bool(_TIMES.fullmatch(one) or _HOURS.fullmatch(one)) for one in segments]
    if any(timed) and ":" in run and all(map(_is_little, compress(segments, map(not_, timed)))):
        return True
    first, *amounts_after = _CURRENCY.split(run)
    if 0 < len(amounts_after) <= _AMOUNTS_IN_A_ROW and all(map(_AMOUNT.fullmatch, amounts_after)):
        first = first.strip(" ,;:-–—")
        few = sum(map(str.isdigit, first)) <= _DIGITS_OF_UNIT
        return few or _TIMES.fullmatch(first) is not None or _is_harmless_list(first)
    return _is_harmless_list(run)


def _is_little(segment: str) -> bool:
    """Whether this is one small number, or a word: "09:00-17:00, four nights"."""
    return segment.isalpha() or (segment.isdecimal() and len(segment) <= _DIGITS_OF_UNIT)


def _is_harmless_list(run: str) -> bool:
    parts = [part for part in _LIST.split(run) if part]
    if not parts:
        return False
    if _APART.search(run) and all(_ROUND.fullmatch(part) for part in parts) and len(parts) <= 3:
        return True
    if len(parts) > 1 and all(_YEAR.fullmatch(part) for part in parts):
        return True
    dates = [_DATE.fullmatch(part) or _DATE_LOCAL.fullmatch(part) for part in parts]
    if all(date and _exists(int(date["y"]), int(date["m"]), int(date["d"])) for date in dates):
        return True
    hours = [_HOURS.fullmatch(part) for part in parts]
    if all(hours):
        ranges = [(int(one[1]), int(one[2])) for one in hours if one]
        in_a_day = all(low <= 24 and high <= 24 for low, high in ranges)
        chain = all(a[1] == b[0] for a, b in pairwise(ranges))
        return in_a_day and (chain or len(ranges) <= 2)
    days = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 2]
    steps = {b - a for a, b in pairwise(days)}
    if len(days) < len(parts) or "," not in run or not steps or min(steps) < 1:
        return False
    return days[-1] <= _LAST_DAY or len(steps) == 1


def _exists(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def _is_plain_list(plain: str, start: int, end: int) -> bool:
    """Whether the digits from `start` to `end` are a list or a code, and no phone number."""
    run = plain[start:end]
    digits = "".join(filter(str.isdecimal, run))
    if _is_code(plain, start, end):
        return True
    if is_phone_like(digits):
        return False
    before = plain[max(0, start - _LABEL_CHARACTERS) : start]
    return _is_reference(before, run, len(digits)) or _is_list(run, digits)


def _is_reference(before: str, run: str, digits: int) -> bool:
    """Whether the label before a number names it as that of a standard, a bill or the like."""
    if _STANDARD.search(before) and _STANDARD_NUMBER.fullmatch(run):
        return True
    short = digits <= _REFERENCE_DIGITS and " " not in run
    return _LABEL.search(before) is not None and (short or _OF_A_YEAR.fullmatch(run) is not None)


def _is_list(run: str, digits: str) -> bool:
    """Whether all parts of a run say what they are, or rise or fall throughout."""
    if run.isdecimal():
        return False
    parts = [
        part
        for piece in _SPLIT.split(run)
        for part in ([piece] if _WITH_COMMAS.fullmatch(piece) else piece.split(","))
        if part
    ]
    if not 1 <= len(parts) <= _MOST_PARTS:
        return False
    if _are_days(run):
        return True
    if len(parts) == 1 and (_YEAR.fullmatch(run) or not run.endswith("0")):
        return False  # it may be a part of a number that is split
    if all(map(_MARKED.fullmatch, parts)):
        return True
    if len({part[:_REGION_DIGITS] for part in parts}) == 1 < len(parts):
        return all(map(_PIN_CODE.fullmatch, parts))
    return _goes_one_way(parts, digits)


def is_phone_like(digits: str) -> bool:
    """Whether digits have the length and beginning of an Indian phone with its country or area code."""
    if len(digits) == _MOBILE_DIGITS:
        return digits[0] in "6789"
    if len(digits) == _MOBILE_DIGITS + 1:
        return digits[0] == "0"
    with_country = len(digits) in {_MOBILE_DIGITS + 2, _MOBILE_DIGITS + 3}
    return with_country and digits.lstrip("0").startswith("91")


def is_phone(plain: str, start: int, end: int) -> bool:
    """Whether the digits from `start` to `end` of a plain text are a phone number."""
    run = plain[start:end]
    local = _LOCAL_PHONE.fullmatch(run)
    if local is not None:
        is_round = all(int(part) % _ROUND_AMOUNT == 0 for part in local.groups())
        before = plain[max(0, start - _LABEL_CHARACTERS) : start]
        around = _PHONE_BEFORE.search(before) or _PHONE_AFTER.match(plain, end)
        return not is_round and around is not None
    return is_phone_like("".join(filter(str.isdecimal, run))) and not is_harmless(plain, start, end)


def _are_days(run: str) -> bool:
    """Whether a run lists days of a year in order, "5/12, 6/12, 13/12"."""
    days = [_DAY.fullmatch(part) for part in _BETWEEN_DAYS.split(run) if part]
    places = [(int(day[2]), int(day[1])) for day in days if day]
    return len(places) == len(days) > 1 and all(a < b for a, b in pairwise(places))


def _goes_one_way(parts: list[str], digits: str) -> bool:
    """Whether at least three numbers of one form rise or fall throughout."""
    if len(parts) < _LEAST_PARTS:
        return False
    if len(digits) == _MOBILE_DIGITS and len(parts) <= _LANDLINE_PARTS:
        return False
    values: list[float] = []
    if all(map(TIME.fullmatch, parts)):
        for part in parts:
            hour, minute = part.replace(".", ":").split(":")
            values.append(int(hour) * 60 + int(minute))
    else:
        numbers = [_NUMBER.fullmatch(part.replace(",", "")) for part in parts]
        if not all(numbers) or any(part[0] == "0" for part in parts):
            return False
        units = {number[2] for number in numbers[:-1] if number}
        if len(units) > 1 or (numbers[-1] and numbers[-1][2] and {numbers[-1][2]} != units):
            return False
        values = [float(number[1]) for number in numbers if number]
    steps = [after - before for before, after in pairwise(values)]
    if all(len(part) == 1 for part in parts):  # only a count, "1 2 3 4 5 6 7 8"
        return set(steps) == {1}
    return min(steps) > 0 or max(steps) < 0


def _is_code(plain: str, start: int, end: int) -> bool:
    """Whether the word around these digits is a GST, IFSC or PAN code."""
    touches = (start and plain[start - 1].isalnum()) or plain[end : end + 1].isalnum()
    if not touches or " " in plain[start:end]:
        return False
    while start and plain[start - 1].isalnum() and end - start < _CODE_LETTERS:
        start -= 1
    while end < len(plain) and plain[end].isalnum() and end - start < _CODE_LETTERS:
        end += 1
    return _CODE.fullmatch(plain, start, end) is not None
