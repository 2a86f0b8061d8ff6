"""What the Graph API's error codes mean to us: branch on the code, never on status or title.

Codes: the Cloud API's public table of error codes. What follows from a meaning stands in
`app.messaging.rules.decide_retry`; `tests/providers/test_whatsapp_errors.py` has both side by side, row by row.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.messaging.rules import Refusal

_OWN_FAILURES: Final = frozenset({1, 2, 131000, 131016, 131057})
_BY_CODE: Final[Mapping[int, Refusal]] = {
    **dict.fromkeys((130429, 4, 80007, 613, 17, 32, 80008), Refusal.BACK_OFF),
    131056: Refusal.PERSON_TOO_FAST,
    131048: Refusal.SPAM,
    131064: Refusal.CLASSIFICATION,
    131063: Refusal.ELSEWHERE,
    134100: Refusal.NOT_MARKETING,
    131047: Refusal.WINDOW_CLOSED,
    131026: Refusal.UNREACHABLE,
    **dict.fromkeys((131049, 130472), Refusal.NOT_NOW),
    131050: Refusal.NO_MARKETING,
    **dict.fromkeys((0, 3, 10, 33, 190, 131005, 131037, 131045), Refusal.CREDENTIALS),
    **dict.fromkeys(range(133000, 133017), Refusal.CREDENTIALS),
    **dict.fromkeys((368, 131031, 130497, 131042), Refusal.BLOCKED),
    **dict.fromkeys((132000, 132001, 132005, 132007, 132008, 132012), Refusal.TEMPLATE),
    **dict.fromkeys((132015, 132016, 134102), Refusal.TEMPLATE_PAUSED),
    **dict.fromkeys((132068, 132069), Refusal.FORM),
    **dict.fromkeys((131052, 131053), Refusal.MEDIA),
    **dict.fromkeys((131021, 131030, 131062, 132018), Refusal.PERMANENT),
}
"""Codes that blame the call as a whole (100, 131008, 131009, 131051) are left out on purpose: a run of
them is our own mistake, or the account's, and nobody's message should die of it."""
_SYNCING: Final = 134101
"""A new template is not there yet where marketing goes; it will be within minutes."""
_NOT_THE_PLATFORM: Final = frozenset({401, 403, 404, 405, 407})
"""Answers without a code: a proxy, or an address where no Graph API is."""
_PERMISSIONS: Final = range(200, 300)
_INVALID: Final = 100
_NUMBER_GONE: Final = 33
"""An object that does not exist; what we name is our own number."""
_MOST_DIGITS: Final = 9
"""More than the longest code of the table has."""
_IN_WORDS: Final = re.compile(rf"\(#(\d{{1,{_MOST_DIGITS}}})\)")
"""How an error's message begins, with or without a `code` beside it: "(#200) Permissions error"."""


def code_of(error: Mapping[str, Any]) -> int | None:
    """Return the code of an error of an answer or a status, None where it tells none.

    A code may be a number or its digits, and may stand in the message alone. That our own number is gone
    is said by the subcode.
    """
    code, below = (_number(error.get(name)) for name in ("code", "error_subcode"))
    if code == _INVALID and below == _NUMBER_GONE:
        return _NUMBER_GONE
    message = error.get("message")
    if code is None and isinstance(message, str) and (told := _IN_WORDS.match(message)):
        return int(told[1])
    return code


def _number(value: Any) -> int | None:
    if isinstance(value, str):
        short = len(value) <= _MOST_DIGITS and value.isascii() and value.isdigit()
        return int(value) if short else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < 10**_MOST_DIGITS else None


def classify(code: int | None, http_status: int | None = None) -> Refusal:
    """Return what a refusal means.

    `code` is the platform's, or None where the answer was not the platform's own (a proxy's HTML);
    `http_status` is None where a status webhook told it. It only decides where there is no code, or one
    we have never heard of, and whether a failure of theirs was an answer: then nobody knows whether the
    message was taken before; a status says that it was, and did not arrive.
    """
    if code is not None:
        if (known := _BY_CODE.get(code)) is not None:
            return known
        if code == _SYNCING:
            return Refusal.TRANSIENT
        if code in _OWN_FAILURES:
            return Refusal.TRANSIENT if http_status is None else Refusal.GATEWAY
        if code in _PERMISSIONS:
            return Refusal.CREDENTIALS
    if http_status == 429:
        return Refusal.BACK_OFF
    if http_status is not None and http_status >= 500:
        return Refusal.GATEWAY
    if http_status == 401 or (code is None and _nobody_of_theirs(http_status)):
        return Refusal.CREDENTIALS
    return Refusal.UNRECOGNISED


def _nobody_of_theirs(http_status: int | None) -> bool:
    """Whether this is the answer of something between us and the platform, to whatever is sent."""
    return http_status is not None and (
        http_status in _NOT_THE_PLATFORM or 300 <= http_status < 400
    )
