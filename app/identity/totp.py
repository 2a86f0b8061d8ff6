"""Second factor: time-based codes of an authenticator app (RFC 6238: SHA-1, 30 s, 6 digits), by pyotp.

Those are the only parameters every authenticator app reads. A secret is kept sealed, in Base32.
"""

import binascii
import datetime as dt

import pyotp
from pyotp.utils import strings_equal

CONTEXT = "totp"
"""What a secret is sealed as."""

PERIOD_SECONDS = 30
DIGITS = 6
ISSUER = "Partimer"
_STEPS_OFF = 1
"""How many periods the two clocks may be apart (RFC 6238, section 5.2 recommends one)."""
_MINIMUM_SECRET_BYTES = 16
"""RFC 4226, section 4: at least 128 bits."""

NOBODYS = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""A secret for accounts that have none, so that they take as long."""


def new_secret() -> str:
    """Return a new secret of 160 bits, in Base32 as authenticator apps take it."""
    return pyotp.random_base32()


def setup_url(secret: str, account: str) -> str:
    """Return the `otpauth:` address an authenticator app reads, often from a QR code."""
    return _totp(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def code_at(secret: str, step: int) -> str:
    """Return the code of time step `step` (Unix time divided by the period)."""
    return _totp(secret).generate_otp(step)


def matching_step(secret: str, code: str, now: dt.datetime, after: int | None) -> int | None:
    """Return the time step whose code this is, or None.

    Only steps later than `after`, the last one used, count: a code seen over a shoulder is dead.
    """
    typed = code.replace(" ", "")
    if not typed.isascii():
        typed = ""  # no code of ours; compared all the same
    current = int(now.timestamp()) // PERIOD_SECONDS
    found = None
    for step in range(current - _STEPS_OFF, current + _STEPS_OFF + 1):
        same = strings_equal(code_at(secret, step), typed)
        if same and (after is None or step > after):
            found = step
    return found


def is_secret(text: str) -> bool:
    """Whether `text` is a Base32 secret of at least 128 bits, as RFC 4226 asks."""
    try:
        return len(_totp(text).byte_secret()) >= _MINIMUM_SECRET_BYTES
    except (binascii.Error, ValueError):
        return False


def _totp(secret: str) -> pyotp.TOTP:
    return pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD_SECONDS)
