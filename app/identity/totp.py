"""Second factor: time-based codes of an authenticator app (RFC 6238: SHA-1, 30 s, 6 digits).

Those are the only parameters every authenticator app reads. Written on the standard library: the whole
algorithm is ten lines, and a dependency would bring neither the replay check nor the sealing.
"""

import base64
import binascii
import datetime as dt
import hmac
import secrets
import struct
from urllib.parse import quote

CONTEXT = "totp"
"""What a secret is sealed as."""

PERIOD_SECONDS = 30
DIGITS = 6
_STEPS_OFF = 1
"""How many periods the two clocks may be apart (RFC 6238, section 5.2 recommends one)."""
_SECRET_BYTES = 20


def new_secret() -> str:
    """Return a new secret, in Base32 as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def setup_url(secret: str, account: str) -> str:
    """Return the `otpauth:` address an authenticator app reads, often from a QR code."""
    label = quote(f"Partimer:{account}")
    return f"otpauth://totp/{label}?secret={secret}&issuer=Partimer&digits=6&period=30"


def code_at(secret: str, step: int) -> str:
    """Return the code of time step `step` (Unix time divided by the period)."""
    key = base64.b32decode(secret)
    mac = hmac.digest(key, struct.pack(">Q", step), "sha1")
    offset = mac[-1] & 0x0F
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: str, code: str, now: dt.datetime, after: int | None) -> int | None:
    """Return the time step whose code this is, or None.

    Only steps later than `after`, the last one used, count: a code seen over a shoulder is dead.
    """
    current = int(now.timestamp()) // PERIOD_SECONDS
    found = None
    for step in range(current - _STEPS_OFF, current + _STEPS_OFF + 1):
        same = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if same and (after is None or step > after):
            found = step
    return found


def is_secret(text: str) -> bool:
    """Whether `text` is a Base32 secret of at least 128 bits, as RFC 4226 asks."""
    try:
        return len(base64.b32decode(text)) >= 16
    except (binascii.Error, ValueError):
        return False
