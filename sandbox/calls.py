"""The calls of a provider's API: what answers a method and a path. All run inside one transaction."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.store import Json

type Answer = Callable[[tuple[str, ...], Json], Json]
"""It takes the path's ids and the parameters."""


@dataclass(frozen=True, slots=True)
class Call:
    """What answers a method and a path."""

    method: str
    path: re.Pattern[str]
    answer: Answer


def call(method: str, path: str, answer: Answer) -> Call:
    """Return the call of a path in which `{}` stands for an id."""
    return Call(method, re.compile(path.replace("{}", r"([A-Za-z0-9_]{1,255})")), answer)


def find(calls: Sequence[Call], method: str, path: str) -> tuple[Answer, tuple[str, ...]] | None:
    """Return what answers, with the path's ids; None where nothing does."""
    for each in calls:
        if each.method == method and (match := each.path.fullmatch(path)):
            return each.answer, match.groups()
    return None
