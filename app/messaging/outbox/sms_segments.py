"""SMS segments of a text: 160 characters of GSM 7-bit or 70 of UCS-2 each, fewer when it is split.

The alphabets are those of 3GPP TS 23.038.
"""

from typing import Final

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED: Final = frozenset("^{}\\[~]|€\f")
"""Characters that count twice."""


def segments(text: str) -> int:
    """Return how many segments are sent and charged for `text`."""
    gsm = all(character in _GSM or character in _GSM_ESCAPED for character in text)
    single, part = (160, 153) if gsm else (70, 67)
    sizes = [1 + (c in _GSM_ESCAPED if gsm else ord(c) > 0xFFFF) for c in text]
    if sum(sizes) <= single:
        return 1
    count, room = 1, part
    for size in sizes:
        # A character that counts twice is never split.
        if size > room:
            count, room = count + 1, part
        room -= size
    return count
