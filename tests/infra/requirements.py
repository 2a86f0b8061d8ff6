"""The requirement files, read: what is written, what is pinned, what the installed packages need."""

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def written(file: Path) -> list[Requirement]:
    """Return the requirements of an .in file and of those it includes."""
    found = []
    for line in file.read_text().splitlines():
        wanted = line.split("#")[0].strip()
        if wanted.startswith("-r "):
            found += written(file.with_name(wanted.removeprefix("-r ")))
        elif wanted and not wanted.startswith("-"):
            found.append(Requirement(wanted))
    return found


def pinned(file: Path) -> dict[str, Requirement]:
    """Return the pins of a .txt file by canonical name."""
    lines = re.sub(r"\\\n\s*", " ", file.read_text()).splitlines()
    pins = [Requirement(line.split(" --hash")[0]) for line in lines if line[:1].isalnum()]
    return {canonicalize_name(pin.name): pin for pin in pins}


def needed(roots: list[Requirement]) -> set[str]:
    """Return the names of `roots` and of all that they need on this machine."""
    waiting, seen = list(roots), set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        for line in requires(wanted.name) or []:
            inner = Requirement(line)
            if inner.marker is None or any(
                inner.marker.evaluate({"extra": extra}) for extra in wanted.extras | {""}
            ):
                waiting.append(inner)
    return {name for name, _ in seen}
