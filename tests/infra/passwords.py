"""Passwords hashed quickly, in this process only.

As strong as they are kept, each hash takes 20 ms of a core, and a run of the tests needs thousands.
Servers that tests start as processes of their own hash as production does.
"""

from typing import NamedTuple

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.identity import passwords


class Kept(NamedTuple):
    """How passwords are kept, and what an unknown account is checked against."""

    hasher: PasswordHash
    dummy: str


AS_KEPT = Kept(passwords._HASHER, passwords._DUMMY)
"""As production does, for the tests of its strength."""


def hash_quickly() -> None:
    """Let sign-ups and sign-ins of this process cost next to nothing."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    passwords._HASHER, passwords._DUMMY = quick, quick.hash("nobody's")
