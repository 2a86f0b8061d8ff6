"""What differs between two versions of the policy, field by field, and how a change is taken back. Pure."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple

MISSING: Final = object()
"""Where there is no such field; None is a value of some."""


class FieldDifference(NamedTuple):
    """One field that differs: its dotted path, and the JSON values; None where it was or is not there."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def field(self) -> str:
        """The path in one word."""
        return ".".join(self.path)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldDifference]:
    """Return every field in which two policies (as JSON) differ; a list is one field."""
    return [
        FieldDifference(path, *(None if value is MISSING else value for value in values))
        for path, *values in _leaves((), before, after)
    ]


def taken_back(
    current: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return `current` (as JSON) without the change from `before` to `after`, and with all later ones.

    None where one of its fields has another value by now: the later change has to be taken back first.
    """
    made = deepcopy(dict(current))
    for path, was, became in _leaves((), before, after):
        *parents, name = path
        part: Any = made
        for parent in parents:
            part = part.get(parent) if isinstance(part, dict) else None
        if not isinstance(part, dict) or part.get(name, MISSING) != became:
            return None
        if was is MISSING:
            del part[name]
        else:
            part[name] = deepcopy(was)
    return made


def _leaves(
    path: tuple[str, ...], before: Any, after: Any
) -> list[tuple[tuple[str, ...], Any, Any]]:
    """Return each field that differs with both values; MISSING where it is not there."""
    if before == after:
        return []
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return [(path, before, after)]
    return [
        leaf
        for name in dict.fromkeys([*before, *after])
        for leaf in _leaves((*path, name), before.get(name, MISSING), after.get(name, MISSING))
    ]
