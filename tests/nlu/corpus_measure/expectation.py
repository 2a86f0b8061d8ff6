"""What a person would understand, written in a small language that `corpus/README.md` explains."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from tests.nlu.corpus_measure.values import PARSERS

WORKER_FACTS: Final = frozenset(
    {"name", "skills", "place", "distance", "experience", "hours", "age"}
)
JOB_FACTS: Final = frozenset(
    {"role", "people", "place", "days", "hours", "pay", "years", "radius", "note"}
)
COMPANY_FACTS: Final = frozenset({"company", "contact"})
ASK: Final = "ask"
TALK: Final = "talk"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should follow from a line: facts by name, and acts."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """Values as expected; facts of a job are called `job.people`."""
    proposed: Mapping[str, Any] = field(default_factory=dict)
    """Facts of which a proposal is enough, such as a place without its city."""
    only_proposed: frozenset[str] = frozenset()
    """Of those, the ones that nobody may take without asking: a place that has namesakes."""
    acts: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    """Facts (or acts) that may follow too: in brackets."""


@cache
def parse(text: str) -> tuple[Expectation, ...]:
    """Return the alternatives of an expectation. Raises `ValueError`."""
    return tuple(_alternative(part) for part in text.split("|"))


def _alternative(text: str) -> Expectation:
    text = text.strip()
    if not text:
        raise ValueError("nothing is expected")
    facts: dict[str, Any] = {}
    proposed: dict[str, Any] = {}
    strict: set[str] = set()
    acts: set[str] = set()
    optional: set[str] = set()
    for item in _items(text):
        bare = item.removeprefix("(").removesuffix(")")
        name, equals, value = bare.partition("=")
        if not equals or name == "language":
            acts.add(bare)
            if bare != item:
                optional.add(bare)
        elif name.endswith("?"):
            proposed[_fact(name[:-1])] = _value(name[:-1].removeprefix("job."), value.strip())
        elif name.startswith("which_"):
            proposed[_fact(name.removeprefix("which_"))] = value.strip()
            strict.add(name.removeprefix("which_"))
        else:
            facts[_fact(name)] = _value(name.removeprefix("job."), value.strip())
            if bare != item:
                optional.add(name)
    return Expectation(facts, proposed, frozenset(strict), frozenset(acts), frozenset(optional))


def _items(text: str) -> list[str]:
    """Return the items of "a=b; c" and of "job: a=b c=d"."""
    items: list[str] = []
    for part in map(str.strip, text.split(";")):
        if part.startswith("job:"):
            pieces: list[str] = []
            for word in part.removeprefix("job:").split():
                found = re.match(r"(\(?(?:which_)?)(\w+)(\??=.*)", word)
                if found and found[2] in JOB_FACTS:
                    pieces.append(f"{found[1]}job.{found[2]}{found[3]}")
                elif pieces:
                    pieces[-1] += f" {word}"
                else:
                    raise ValueError(f"{word!r} is no fact of a job")
            items += pieces
        elif part:
            items.append(part)
    return items


def _fact(name: str) -> str:
    job = name.removeprefix("job.")
    known = JOB_FACTS if job != name else WORKER_FACTS | COMPANY_FACTS
    if job not in known:
        raise ValueError(f"{name!r} is no fact")
    return name


def _value(name: str, value: str) -> Any:
    if name in {"distance", "experience", "people", "years", "radius", "age"}:
        return float(value)
    return PARSERS[name](value) if name in PARSERS else value
