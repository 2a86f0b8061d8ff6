"""The Graph API's error codes as our refusals, by the Cloud API's public table of error codes.

`app.messaging.rules.decide_retry` says what follows; `tests/providers/test_whatsapp_errors.py` shows both, row by row.
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
"""Codes of an invalid call (100, 131008, 131009, 131051) are left out on purpose: a run of them is our mistake or
the account's, and halts the channel."""
_SYNCING: Final = 134101
"""A new template has not reached the marketing endpoint yet; it does within minutes."""
_NOT_THE_PLATFORM: Final = frozenset({401, 403, 404, 405, 407})
"""Statuses without a code: of a proxy, or of an address without a Graph API."""
_PERMISSIONS: Final = range(200, 300)
_INVALID: Final = 100
_NUMBER_GONE: Final = 33
"""An object that does not exist: our own number."""
_MOST_DIGITS: Final = 9
"""More than the longest code of the table."""
_IN_WORDS: Final = re.compile(rf"\(#(\d{{1,{_MOST_DIGITS}}})\)")
"""The code at the beginning of an error's message: "(#200) Permissions error"."""


def code_of(error: Mapping[str, Any]) -> int | None:
    """Return the code of an error in an answer or a status, or None.

    A code may be a number or digits, or stand only in the message. A subcode says that our number is gone.
    """
    code, below = (_number(error.get(name)) for name in ("code", "error_subcode"))
    if code == _INVALID and below == _NUMBER_GONE:
        return _NUMBER_GONE
    message = error.get("message")
    if code is None and isinstance(message, str) and (found := _IN_WORDS.match(message)):
        return int(found[1])
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
    """Return the refusal of a code and an HTTP status.

    `code` is None where the answer was not the platform's (a proxy's HTML); `http_status` is None for a status
    webhook. The HTTP status decides where the code is missing or unknown. After the platform's own failure in an
    answer the message may have been accepted; in a status it was, and did not arrive.
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
    if http_status == 401 or (code is None and _is_from_a_proxy(http_status)):
        return Refusal.CREDENTIALS
    return Refusal.UNRECOGNISED


def _is_from_a_proxy(http_status: int | None) -> bool:
    """Whether something between us and the platform answered."""
    return http_status is not None and (
        http_status in _NOT_THE_PLATFORM or 300 <= http_status < 400
    )
