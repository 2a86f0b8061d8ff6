"""Sweeps: tests that try many inputs, made or listed, in search of what nobody thought of.

Where each behaviour is to be seen once (`pytest --once`), a sweep takes a quarter of its inputs; otherwise, as in CI,
all of them.
"""

import zlib
from collections.abc import Sequence
from typing import Final

PARTS: Final = 4
"""A share is one of so many parts."""

_parts = 1


def take_a_share() -> None:
    """Let every sweep of this process take a share of its inputs."""
    global _parts  # noqa: PLW0603 - of a run, said once at its start
    _parts = PARTS


def examples(number: int) -> int:
    """Return how many of that many examples are to be tried."""
    return max(1, number // _parts)


def share[Input](of: str, inputs: Sequence[Input]) -> Sequence[Input]:
    """Return the inputs to be tried for `of`: the same in every run, and for each of many another part."""
    return inputs[zlib.crc32(of.encode()) % _parts :: _parts]
