"""Passwords hashed quickly, in this process only.

As strong as they are kept, each hash takes 20 ms of a core, and a run of the tests needs thousands.
Servers that tests start as processes of their own hash as production does.
"""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.identity import passwords


def hash_quickly() -> None:
    """Let sign-ups and sign-ins of this process cost next to nothing."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    passwords.hashing = passwords.Hashing(quick, quick.hash("nobody's"))
