"""Second factor: time-based codes of an authenticator app (RFC 6238: SHA-1, 30 s, 6 digits), by pyotp.

Every authenticator app supports these parameters. A secret is stored sealed, in Base32.
"""

import binascii
import datetime as dt

import pyotp
from pyotp.utils import strings_equal

CONTEXT = "totp"
"""The sealing context of a secret."""
PERIOD_SECONDS = 30
DIGITS = 6
ISSUER = "Partimer"
_STEPS_OFF = 1
"""Periods that the two clocks may differ by (RFC 6238, section 5.2 recommends one)."""
_MINIMUM_SECRET_BYTES = 16
"""RFC 4226, section 4: at least 128 bits."""
NOBODYS = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""Checked for accounts without a secret, for equal time."""


def new_secret() -> str:
    """Return a new Base32 secret of 160 bits."""
    return pyotp.random_base32()


def setup_url(secret: str, account: str) -> str:
    """Return the `otpauth:` URL for an authenticator app, often shown as a QR code."""
    return _totp(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def code_at(secret: str, step: int) -> str:
    """Return the code of time step `step` (Unix time divided by the period)."""
    return _totp(secret).generate_otp(step)


def matching_step(secret: str, code: str, now: dt.datetime, after: int | None) -> int | None:
    """Return the time step of a code, or None; steps up to `after`, the last one used, are refused."""
    typed = code.replace(" ", "")
    if not typed.isascii():
        typed = ""  # compared all the same, for equal time
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
