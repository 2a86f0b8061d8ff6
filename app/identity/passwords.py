"""Which passwords are acceptable, and how they are hashed.

Argon2id with OWASP's parameters (Password Storage Cheat Sheet: m = 19 MiB, t = 2, p = 1) takes about 18 ms of
a core and 19 MiB. It runs in threads, two at a time, so that a burst of sign-ins slows down sign-ins only.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.core.errors import Invalid

MINIMUM_CHARACTERS = 10
MAXIMUM_CHARACTERS = 128
"""Enough for any passphrase; hashing more would be an attack."""
HASHES_AT_ONCE = 2

_MINIMUM_PART_CHARACTERS = 5
"""Shorter parts of a name ("Asha") are allowed as a password's letters."""

_COMMONEST = frozenset(
    """
    1234567890 12345678910 0123456789 0987654321 1234512345 1234554321 9876543210 1111111111
    0000000000 9999999999 1122334455 123456789a 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc q1w2e3r4t5
    qwertyuiop qwerty1234 qwerty12345 qwerty123456 qwertyqwerty asdfghjkl; asdfghjkl1 abcdefghij
    abcdefgh12 abcd123456 abc1234567 password12 password123 password1234 password12345
    passwordpassword mypassword password01 passw0rd123 p@ssword123 p@ssw0rd123 p@ssw0rd1234
    letmein1234 welcome123 welcome1234 admin12345 admin123456 administrator changeme123 iloveyou12
    iloveyou123 iloveyouuu india12345 india@1234 bharat1234 mumbai1234 partimer123 partimer1234
    football123 baseball123 superman123 sunshine123 princess123 qazwsxedc1 zaq12wsxcde 1234567891
    test123456 testtest123 secret1234 monkey1234 dragon1234 master1234 hello12345 krishna123
    """.split()
)
"""The commonest passwords of published breaches that pass the length check."""


@dataclass(frozen=True)
class Hashing:
    """How passwords are hashed; unknown users are checked against `nobodys`, for equal time."""

    hasher: PasswordHash
    nobodys: str


hashing = Hashing(
    PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),)),
    "$argon2id$v=19$m=19456,t=2,p=1$APU03jp2/nhx5d+oHfpr4g"
    "$2+cgqDMSk5gqq+Yz2WIkT/66mLf0/iEZB8u1T4JrfT0",
)
"""This process's hashing. Only tests replace it, by a cheap one."""

_threads: RunVar[CapacityLimiter] = RunVar("password_threads")


def hashing_limiter() -> CapacityLimiter:
    """Return this event loop's limiter of hashes at a time."""
    try:
        return _threads.get()
    except LookupError:
        made = CapacityLimiter(HASHES_AT_ONCE)
        _threads.set(made)
        return made


def normalize(password: str) -> str:
    """Return the form that is hashed: NFC, so that é is the same from any keyboard."""
    return unicodedata.normalize("NFC", password)


def require_acceptable(password: str, *, field: str, personal: Sequence[str] = ()) -> None:
    """Raise `Invalid` for `field` unless `password` may be set; `personal` are the account's names and address."""
    text = normalize(password)
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise Invalid.field(field, "Use valid Unicode text.")
    if any(unicodedata.category(c) == "Cc" for c in text):
        raise Invalid.field(field, "Use characters that can be typed.")
    if len(text) < MINIMUM_CHARACTERS:
        raise Invalid.field(
            field, f"Use at least {MINIMUM_CHARACTERS} characters; several words do well."
        )
    if len(text) > MAXIMUM_CHARACTERS:
        raise Invalid.field(field, f"Use at most {MAXIMUM_CHARACTERS} characters.")
    folded = text.casefold()
    if folded in _COMMONEST or len(set(folded)) < 4:
        raise Invalid.field(field, "This is among the first passwords anyone tries; use another.")
    if _plain(folded) in _own_words(tuple(personal)):
        raise Invalid.field(field, "Don't use your own name or e-mail address as the password.")


def _plain(text: str) -> str:
    """Return letters and digits, without digits at the end."""
    return "".join(c for c in text if c.isalnum()).rstrip("0123456789")


def _own_words(personal: tuple[str, ...]) -> frozenset[str]:
    words = set()
    for item in personal:
        folded = normalize(item).casefold()
        words |= {folded, *folded.split("@"), *folded.split()}
    return frozenset(w for w in map(_plain, words) if len(w) >= _MINIMUM_PART_CHARACTERS)


async def hash_password(password: str) -> str:
    """Return the Argon2id hash to keep."""
    return await to_thread.run_sync(
        hashing.hasher.hash, normalize(password), limiter=hashing_limiter()
    )


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether `password` matches; False for a hash of None, in the same time."""
    text = normalize(password)
    if not text.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        text = ""  # no valid text; checked all the same, for equal time
    known = password_hash is not None
    good = await to_thread.run_sync(
        hashing.hasher.verify, text, password_hash or hashing.nobodys, limiter=hashing_limiter()
    )
    return good and known
