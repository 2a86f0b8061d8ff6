"""The floor below which understanding may not fall: `corpus/floor.toml`.

It holds counts of lines, so that a new line lowers nothing: how many are right at each question, how many
are wrong, and how many are wrong in something that is hard to take back.
"""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.nlu.corpus_measure import cross
from tests.nlu.corpus_measure.judge import HARD, Judgement
from tests.nlu.corpus_measure.lines import CORPUS
from tests.nlu.corpus_measure.report import Figures, by

FLOOR: Final = CORPUS / "floor.toml"
MOST_WRONG: Final = 0.005
"""The goal: at most so many of all lines are wrong."""


def group(one: Judgement) -> str:
    """Return the row of the tables that a line belongs to."""
    return f"{one.line.side}/{one.line.question}"


def grave(judged: Iterable[Judgement]) -> Mapping[str, list[Judgement]]:
    """Return the lines with something wrong that is hard to take back, by what it is."""
    found: dict[str, list[Judgement]] = defaultdict(list)
    for one in judged:
        for name in {re.split("[=:@]", what)[0] for what in one.wrong} & HARD:
            found[name].append(one)
    return dict(sorted(found.items()))


def problems(judged: Sequence[Judgement], path: Path = FLOOR) -> list[str]:
    """Return in words where the figures are worse than the floor."""
    kept = tomllib.loads(path.read_text(encoding="utf-8"))
    found: list[str] = []
    for name, row in by(group, judged).items():
        least = kept["right"].get(name, 0)
        if row.right < least:
            found.append(f"{name}: {row.right} lines are right, {least} were")
        most = kept["wrong"].get(name, 0)
        if row.wrong > most:
            found.append(f"{name}: {row.wrong} lines are wrong, {most} were")
    for name, ones in grave(judged).items():
        most = kept["grave"].get(name, 0)
        if len(ones) > most:
            found.append(f"{name}: wrong in {len(ones)} lines, {most} were")
    for name, count in _crossed().items():
        most = kept["cross"].get(name, 0)
        if count > most:
            found.append(f"{name}: {count} texts of other questions surprise, {most} did")
    return found


@cache
def _crossed() -> Mapping[str, int]:
    """Return at how many texts of other questions something grave follows."""
    counted = Counter(one.question for one in cross.surprises())
    return {name: counted[name] for name in cross.QUESTIONS}


def write(judged: Sequence[Judgement], path: Path = FLOOR, *, keep: bool = True) -> None:
    """Write today's figures as the floor; with `keep`, only where they are better."""
    old: Mapping[str, Any] = {}
    if keep and path.exists():
        old = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = by(group, judged)
    right = {name: max(row.right, old.get("right", {}).get(name, 0)) for name, row in rows.items()}
    wrong = {name: _fewer(row.wrong, name, old.get("wrong")) for name, row in rows.items()}
    hard = {name: _fewer(len(ones), name, old.get("grave")) for name, ones in grave(judged).items()}
    crossed = {name: _fewer(count, name, old.get("cross")) for name, count in _crossed().items()}
    path.write_text(
        "# What the chat understands of the corpora at least, in lines, as `make nlu` measured it.\n"
        "# Raise it with `make nlu ARGS=--raise-floor`; a new line lowers nothing.\n\n"
        "# How many lines are right.\n"
        f"{_section('right', right, rows)}\n"
        "# How many lines are wrong, at most.\n"
        f"{_section('wrong', wrong, rows)}\n"
        "# How many are wrong in what is hard to take back, at most; the goal is none.\n"
        f"{_section('grave', hard)}\n"
        "# At how many texts of other questions something grave follows that nobody meant, at most.\n"
        f"{_section('cross', crossed)}",
        encoding="utf-8",
    )


def _fewer(count: int, name: str, old: Mapping[str, int] | None) -> int:
    return count if old is None else min(count, old.get(name, 0))


def _section(
    title: str, values: Mapping[str, int], rows: Mapping[str, Figures] | None = None
) -> str:
    lines = [f"[{title}]"]
    for name, value in values.items():
        if title == "right" or value:
            of = f"  # of {rows[name].total}" if rows else ""
            lines.append(f'"{name}" = {value}{of}')
    return "\n".join(lines) + "\n"
