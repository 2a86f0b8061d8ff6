"""How many text messages one text is: 160 characters of GSM 7-bit or 70 of UCS-2, fewer when cut up.

The alphabets are those of 3GPP TS 23.038.
"""

from typing import Final

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED: Final = frozenset("^{}\\[~]|€\f")
"""Characters that take two places."""


def segments(text: str) -> int:
    """Return how many text messages `text` is sent, and paid, as."""
    gsm = all(character in _GSM or character in _GSM_ESCAPED for character in text)
    single, part = (160, 153) if gsm else (70, 67)
    sizes = [1 + (c in _GSM_ESCAPED if gsm else ord(c) > 0xFFFF) for c in text]
    if sum(sizes) <= single:
        return 1
    count, room = 1, part
    for size in sizes:
        # A character of two places is never cut in two.
        if size > room:
            count, room = count + 1, part
        room -= size
    return count
