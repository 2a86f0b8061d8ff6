"""What the Graph API's error codes mean to us: branch on the code, never on status or title.

Codes: the Cloud API's public table of error codes. What follows from a meaning stands in
`app.messaging.rules.decide`; `tests/providers/test_whatsapp_errors.py` has both side by side, row by row.
"""

from collections.abc import Mapping
from typing import Final

from app.messaging.rules import Refusal

_OWN_FAILURES: Final = frozenset({1, 2, 131000, 131016, 131057})
_BY_CODE: Final[Mapping[int, Refusal]] = {
    **dict.fromkeys((130429, 4, 80007), Refusal.BACK_OFF),
    131056: Refusal.PERSON_TOO_FAST,
    131048: Refusal.SPAM,
    131047: Refusal.WINDOW_CLOSED,
    131026: Refusal.UNREACHABLE,
    131049: Refusal.NOT_NOW,
    131050: Refusal.NO_MARKETING,
    **dict.fromkeys((0, 3, 10, 190), Refusal.CREDENTIALS),
    **dict.fromkeys((368, 131031, 130497, 131042), Refusal.BLOCKED),
    **dict.fromkeys((132000, 132001, 132005, 132007, 132008, 132012, 132018), Refusal.TEMPLATE),
    **dict.fromkeys((132015, 132016), Refusal.TEMPLATE_PAUSED),
    **dict.fromkeys((132068, 132069), Refusal.FORM),
    **dict.fromkeys((131052, 131053), Refusal.MEDIA),
    **dict.fromkeys(
        (33, 100, 131005, 131008, 131009, 131021, 131030, 131051, 131062), Refusal.PERMANENT
    ),
}
_PERMISSIONS: Final = range(200, 300)


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
        if code in _OWN_FAILURES:
            return Refusal.TRANSIENT if http_status is None else Refusal.GATEWAY
        if code in _PERMISSIONS:
            return Refusal.CREDENTIALS
    if http_status == 429:
        return Refusal.BACK_OFF
    if http_status is not None and http_status >= 500:
        return Refusal.GATEWAY
    if http_status == 401:
        return Refusal.CREDENTIALS
    return Refusal.PERMANENT
